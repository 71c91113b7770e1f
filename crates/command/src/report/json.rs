//! JSON: one versioned document per command.
//!
//! A field is never renamed or removed without a new [`VERSION`]; fields may be added.

use std::io::{self, Write};

use serde::Serialize;

use super::gate::Summary;
use crate::claim::GateRow;
use onewinner_core::verdict::Exit;

/// The version of the document.
pub const VERSION: u32 = 1;

/// The document that every command prints with `--json`.
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
    /// The results of the command.
    pub results: &'a [T],
}

/// Writes the document and a line break.
///
/// # Errors
///
/// If writing to `out` fails.
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

/// The document of `gate --json`; `schemas/gate.schema.json` describes it.
#[derive(Serialize)]
struct Gate<'a> {
    #[serde(flatten)]
    document: Document<'a, GateRow>,
    specs: usize,
    claims: usize,
    /// Claims of the baseline that are missing now.
    dropped: &'a [String],
    /// The number of pieces of evidence that `--quick` skipped.
    left_out: usize,
}

/// Writes the document of the gate and a line break.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn write_gate(out: &mut dyn Write, exit: Exit, rows: &[GateRow], summary: &Summary) -> io::Result<()> {
    let document = Gate {
        document: Document {
            format: "onewinner",
            version: VERSION,
            command: "gate",
            exit: exit.code(),
            results: rows,
        },
        specs: summary.specs,
        claims: summary.claims,
        dropped: &summary.dropped,
        left_out: summary.left_out,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
