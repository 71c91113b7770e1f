//! JSON: one versioned document per command.
//!
//! A field is never renamed or removed without a new [`VERSION`]; fields may be added.

use std::io::{self, Write};

use serde::Serialize;

/// The version of the document.
pub const VERSION: u32 = 1;

/// What every command prints with `--json`.
#[derive(Serialize)]
pub struct Document<'a, T> {
    /// `onewinner`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The command.
    pub command: &'a str,
    /// The exit code that the command ends with.
    pub exit: u8,
    /// What the command found.
    pub results: &'a [T],
}

/// Writes the document and a line break.
///
/// # Errors
///
/// When the output does not take it.
pub fn write<T: Serialize>(out: &mut dyn Write, command: &str, exit: u8, results: &[T]) -> io::Result<()> {
    let document = Document {
        format: "onewinner",
        version: VERSION,
        command,
        exit,
        results,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
