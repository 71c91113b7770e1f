//! The result of one check, as text and as JSON. Checks nothing.

use std::io::{self, Write};

use serde::Serialize;

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    pub(super) what: String,
    /// What was found.
    pub(super) found: String,
    /// What is lost for lack of it; absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lost: Option<String>,
    /// What to change; absent if nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) change: Option<String>,
    /// Whether a backend cannot work until then.
    pub(super) hinders: bool,
}

impl Row {
    /// Nothing is wrong.
    pub(super) fn supported(what: &str, found: String) -> Self {
        Self {
            what: what.to_owned(),
            found,
            lost: None,
            change: None,
            hinders: false,
        }
    }

    /// Writes it as text: a line, and one more for what to change.
    ///
    /// # Errors
    ///
    /// As those of `out`.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            what,
            found,
            lost,
            change,
            ..
        } = self;
        match lost {
            Some(lost) => writeln!(out, "{what:<12} {found}; {lost}")?,
            None => writeln!(out, "{what:<12} {found}")?,
        }
        match change {
            Some(change) => writeln!(out, "{:<12} → {change}", ""),
            None => Ok(()),
        }
    }
}
