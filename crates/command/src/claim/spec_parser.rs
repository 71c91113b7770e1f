//! Reads a spec file: which lock it names, and the claims on it.
//!
//! Does not run anything, and does not check whether a program exists.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use super::claim_parser::Reader;
use super::front_matter::{Front, Text};
use super::spec::{Claim, Spec};
use super::spec_error::SpecError;
use onewinner_core::primitive;
use onewinner_core::scenario::{Program, ProgramKind, Subject};

impl Spec {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or its front matter is not what the reference of spec files in the book says.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        let text = std::fs::read_to_string(path).map_err(|source| SpecError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// When its front matter is not what the reference of spec files in the book says.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SpecError> {
        let text = Text::of(path, text)?;
        let front = text.front()?;
        let (subject, place) = subject(&text, &front)?;
        let mut claims: Vec<Claim> = Vec::new();
        let mut keys = BTreeSet::new();
        for written in &front.claim {
            let reader = Reader {
                text: &text,
                subject: &subject,
                written,
            };
            let claim = reader.claim()?;
            if !keys.insert(claim.key()) {
                let told = format!("the claim `{}` stands here twice; merge them", claim.key());
                return Err(text.fault(&written.expect.span(), told));
            }
            claims.push(claim);
        }
        if claims.is_empty() {
            return Err(text.fault(&place, "nothing is claimed; add a table `[[claim]]`"));
        }
        let name = text
            .path()
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            path: text.path().to_owned(),
            name,
            line: text.line(&place),
            subject,
            claims,
        })
    }
}

/// Whose lock: exactly one of three keys says it.
fn subject(text: &Text<'_>, front: &Front) -> Result<(Subject, Range<usize>), SpecError> {
    let program = |kind, line: &Spanned<String>| {
        let line = line.get_ref().clone();
        Subject::Program(Program { kind, line })
    };
    let given = [&front.lock, &front.driver, &front.wrap];
    let mut given = given.into_iter().flatten();
    let (Some(first), second) = (given.next(), given.next()) else {
        return Err(text.fault(&(0..0), "no lock is named; give one of `lock`, `driver` and `wrap`"));
    };
    if let Some(second) = second {
        let later = if second.span().start > first.span().start {
            second
        } else {
            first
        };
        return Err(text.fault(
            &later.span(),
            "a lock is named already; give one of `lock`, `driver` and `wrap`",
        ));
    }
    let subject = match (&front.lock, &front.driver, &front.wrap) {
        (_, Some(line), _) => program(ProgramKind::Driver, line),
        (_, _, Some(line)) => program(ProgramKind::Wrap, line),
        _ => {
            let named = primitive::by_name(first.get_ref());
            let unknown = || format!("no lock is called `{}`; `onewinner list` names them", first.get_ref());
            Subject::Primitive(named.ok_or_else(|| text.fault(&first.span(), unknown()))?)
        }
    };
    Ok((subject, first.span()))
}
