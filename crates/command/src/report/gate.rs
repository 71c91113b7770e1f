//! The result of `gate` as text: a table of all rows, then each row that is not as claimed, with its interleaving.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

use onewinner_check::text::{counted, verdict as terminal};

use super::summary;
use crate::claim::{EvidenceResult, GateRow};
use onewinner_core::verdict::{Exit, Verdict};

const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// Totals of a gate run, and problems that belong to no row.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The number of requested specs.
    pub specs: usize,
    /// The number of claims that were checked.
    pub claims: usize,
    /// Claims of the baseline that are missing now.
    pub dropped: Vec<String>,
    /// The number of pieces of evidence that `--quick` skipped.
    pub left_out: usize,
}

/// Writes all rows.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn table(out: &mut dyn Write, rows: &[GateRow], width: usize) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    let mut before = (String::new(), String::new());
    for row in rows {
        // Do not repeat the spec and the claim of the line above.
        let now = (row.spec.clone(), claimed(row));
        let spec = if before.0 == now.0 { "" } else { &now.0 };
        let claim = if before == now { "" } else { &now.1 };
        table.add_row([spec, claim, row.evidence, &result(row)]);
        before = now;
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// The claim and the configuration, in words.
pub(super) fn claimed(row: &GateRow) -> String {
    format!("{} · {}", row.expected, row.configuration)
}

/// The result of a row, in words.
pub(super) fn result(row: &GateRow) -> String {
    let mark = match row.exit {
        Exit::AsClaimed => "✓",
        Exit::Inconclusive => "?",
        _ => "✗",
    };
    let words = match (&row.result, &row.reason) {
        (EvidenceResult::Judged(judged), None) => summary::words(judged),
        (_, reason) => reason.clone().unwrap_or_default(),
    };
    let lost = row
        .lost_ground
        .iter()
        .map(|lost| format!("; less than the baseline: {lost}"));
    format!("{mark} {words}{}", lost.collect::<String>())
}

/// Writes each row that is not as claimed or inconclusive, with its file and line, and the interleaving of an unexpected
/// violation.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn faults(out: &mut dyn Write, rows: &[GateRow], width: usize) -> io::Result<()> {
    for row in rows.iter().filter(|row| row.exit != Exit::AsClaimed) {
        let (style, word) = match row.exit {
            Exit::Inconclusive => (YELLOW, "inconclusive"),
            _ => (RED, "not as claimed"),
        };
        let (file, line) = (row.file.display(), row.line);
        writeln!(
            out,
            "\n{file}:{line}: {style}{word}{style:#}: {} · {}",
            claimed(row),
            row.evidence
        )?;
        if let Some(reason) = &row.reason {
            writeln!(out, "  {reason}")?;
        }
        for lost in &row.lost_ground {
            writeln!(out, "  less than the baseline: {lost}")?;
        }
        if let (Some(_), Verdict::Violated(shown)) = (&row.reason, row.verdict()) {
            terminal::interleaving(out, shown, width)?;
        }
    }
    Ok(())
}

/// Writes the last lines: how much was checked, and whether all of it is as claimed.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn concluded(out: &mut dyn Write, rows: &[GateRow], summary: &Summary, exit: Exit) -> io::Result<()> {
    for dropped in &summary.dropped {
        writeln!(out, "\n{RED}less than the baseline{RED:#}: {dropped}")?;
    }
    if summary.left_out > 0 {
        let left_out = counted(summary.left_out as u64, "piece");
        writeln!(out, "\n{DIM}skipped by --quick: {left_out} of evidence{DIM:#}")?;
    }
    let counts = counts(rows, summary);
    let (style, text) = match exit {
        Exit::AsClaimed => (GREEN, format!("as claimed: {counts}")),
        Exit::NotAsClaimed => (
            RED,
            format!("not as claimed: {}", named(rows, summary, Exit::NotAsClaimed)),
        ),
        Exit::Inconclusive if rows.is_empty() => (YELLOW, "inconclusive (not a pass): nothing was checked".to_owned()),
        Exit::Inconclusive => {
            let named = named(rows, summary, Exit::Inconclusive);
            (YELLOW, format!("inconclusive (not a pass): {named}"))
        }
        Exit::Interrupted => (YELLOW, format!("interrupted after {counts}")),
        Exit::Usage | Exit::Bug => return Ok(()),
    };
    writeln!(out, "\n{style}{text}{style:#}")
}

pub(super) fn counts(rows: &[GateRow], summary: &Summary) -> String {
    let specs = counted(summary.specs as u64, "spec");
    let claims = counted(summary.claims as u64, "claim");
    format!(
        "{claims} of {specs}, by {} of evidence",
        counted(rows.len() as u64, "piece")
    )
}

/// The names of the specs with a row of this exit.
fn named(rows: &[GateRow], summary: &Summary, exit: Exit) -> String {
    let mut names: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.exit == exit) {
        if names.last() != Some(&row.spec.as_str()) {
            names.push(&row.spec);
        }
    }
    match (names.is_empty(), summary.dropped.is_empty()) {
        (true, false) => "less than the baseline".to_owned(),
        _ => names.join(", "),
    }
}
