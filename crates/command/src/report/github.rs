//! Output for GitHub Actions: annotations on the lines of specs, and a job summary in Markdown.
//!
//! Workflow commands are lines of output; see "Workflow commands for GitHub Actions" in GitHub's documentation.

use std::io::{self, Write};

use super::gate::{Summary, claimed, counts, result};
use crate::claim::GateRow;
use onewinner_core::verdict::Exit;

/// Writes an annotation for each row that is not as claimed or not decided.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn annotations(out: &mut dyn Write, rows: &[GateRow], summary: &Summary) -> io::Result<()> {
    for row in rows.iter().filter(|row| row.exit != Exit::AsClaimed) {
        let (level, word) = match row.exit {
            Exit::Inconclusive => ("warning", "inconclusive"),
            _ => ("error", "not as claimed"),
        };
        let file = property(&row.file.to_string_lossy());
        let title = property(&format!("{}: {word}", row.spec));
        let text = message(&format!("{} · {}: {}", claimed(row), row.evidence, result(row)));
        writeln!(out, "::{level} file={file},line={},title={title}::{text}", row.line)?;
    }
    for dropped in &summary.dropped {
        writeln!(out, "::error title=less than the baseline::{}", message(dropped))?;
    }
    Ok(())
}

/// Writes the summary of the job.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn job_summary(out: &mut dyn Write, rows: &[GateRow], summary: &Summary, exit: Exit) -> io::Result<()> {
    let verdict = match exit {
        Exit::AsClaimed => "as claimed",
        Exit::Interrupted => "interrupted",
        Exit::Inconclusive => "inconclusive (not a pass)",
        _ => "not as claimed",
    };
    writeln!(out, "## onewinner gate: {verdict}\n\n{}\n", counts(rows, summary))?;
    if !rows.is_empty() {
        writeln!(out, "| spec | claim | evidence | result |\n|---|---|---|---|")?;
    }
    for row in rows {
        let cells = [&row.spec, &claimed(row), row.evidence, &result(row)].map(cell);
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    for dropped in &summary.dropped {
        writeln!(out, "\n- less than the baseline: {}", cell(dropped))?;
    }
    writeln!(out)
}

/// Escapes the text of a workflow command.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property of a workflow command.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Escapes the text of a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\r', '\n'], " ").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_or_a_cell_is_written_otherwise() {
        assert_eq!(message("50 %\nnext: a, b"), "50 %25%0Anext: a, b");
        assert_eq!(property("a:b,c%\r"), "a%3Ab%2Cc%25%0D");
        assert_eq!(cell("a | b\n<c>"), "a \\| b &lt;c>");
    }
}
