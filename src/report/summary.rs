//! Verdicts side by side: a line for each piece of evidence, a column for each lock.
//!
//! Lines are written one by one, while the evidence comes in; so the columns have a fixed width.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{grouped, terminal};
use crate::primitive::Expectation;
use crate::verdict::{Coverage, Exit, Extent, Judged, Verdict};

/// The width of the titles, in characters.
const TITLE: usize = 27;
/// The width of a column, in characters.
const COLUMN: usize = 46;
const BOLD: Style = Style::new().bold();
const WRONG: Style = AnsiColor::Red.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default().bold();

/// What stands in a column.
pub struct Cell {
    text: String,
    mark: &'static str,
    style: Style,
}

/// Writes the names of the locks and what is claimed of them.
///
/// # Errors
///
/// When the output does not take it.
pub fn heading(out: &mut dyn Write, columns: &[(&str, Expectation)], seed: u64) -> io::Result<()> {
    write!(out, "{:<TITLE$}", format!("seed {seed}"))?;
    for (lock, _) in columns {
        write!(out, "  {BOLD}{lock:<COLUMN$}{BOLD:#}")?;
    }
    write!(out, "\n{:<TITLE$}", "claimed")?;
    for (_, claim) in columns {
        let claim = match claim {
            Expectation::ExactlyOneWinner => "exactly one winner",
            Expectation::SeveralWinners => "several winners",
        };
        write!(out, "  {claim:<COLUMN$}")?;
    }
    writeln!(out, "\n")
}

/// A verdict in a few words; `exit` tells whether it is as claimed.
pub fn cell(judged: &Judged, exit: Exit, decides: bool) -> Cell {
    let (mark, style) = match exit {
        Exit::AsClaimed => ("✓", Style::new()),
        _ if !decides => ("·", Style::new()),
        Exit::Inconclusive => ("?", OPEN),
        _ => ("✗", WRONG),
    };
    let text = match &judged.verdict {
        Verdict::Holds => format!("{}, {}", what_holds(&judged.coverage), extent(&judged.coverage)),
        Verdict::Violated(shown) => match shown.property {
            "at-most-one-winner" | "mutual-exclusion" | "no-duplicates" => several(&judged.coverage),
            other => format!("violates {other}: {}", shown.sentence),
        },
        Verdict::Inconclusive { reason } => format!("inconclusive: {reason}"),
    };
    Cell { text, mark, style }
}

/// Writes one line; a text that is too long goes on without being cut.
///
/// # Errors
///
/// When the output does not take it.
pub fn line(out: &mut dyn Write, title: &str, cells: &[Cell]) -> io::Result<()> {
    write!(out, "{title:<TITLE$}")?;
    for Cell { text, mark, style } in cells {
        let text = format!("{mark} {text}");
        write!(out, "  {style}{text:<COLUMN$}{style:#}")?;
    }
    writeln!(out)?;
    out.flush()
}

fn what_holds(coverage: &Coverage) -> &'static str {
    let duplicates = coverage.outcomes.iter().any(|row| row.outcome.duplicates.is_some());
    let single = coverage.outcomes.iter().all(|row| row.outcome.winners == 1);
    match (duplicates, single) {
        (true, _) => "no duplicate",
        (false, true) => "exactly one",
        (false, false) => "holds",
    }
}

fn extent(coverage: &Coverage) -> String {
    let count = grouped(coverage.executions);
    match &coverage.extent {
        Extent::Complete { bounds } if bounds.is_empty() => format!("all {count} schedules"),
        Extent::Complete { bounds } => format!("{count} schedules with {}", bounds.join(", ")),
        Extent::Cut { .. } => format!("{count} schedules"),
        Extent::Sampled { violations, rate } => {
            format!(
                "{count} rounds, {}",
                terminal::sampled(*violations, coverage.executions, *rate)
            )
        }
    }
}

/// How many got in, or how much was written twice, and how often.
fn several(coverage: &Coverage) -> String {
    let forbidden = || {
        coverage
            .outcomes
            .iter()
            .filter(|row| row.grade == crate::verdict::Grade::Forbidden)
    };
    let count: u64 = forbidden().map(|row| row.count).sum();
    let worst = forbidden().map(|row| row.outcome.winners).max().unwrap_or(0);
    let duplicates = forbidden().filter_map(|row| row.outcome.duplicates).max();
    let what = match duplicates {
        Some(duplicates) => format!("up to {duplicates} duplicates"),
        None => format!("up to {worst} at once"),
    };
    let (count, executions) = (grouped(count), grouped(coverage.executions));
    match coverage.extent {
        Extent::Sampled { .. } => format!("{what}, in {count} of {executions} rounds"),
        Extent::Complete { .. } | Extent::Cut { .. } => format!("{what}, in {count} of {executions} schedules"),
    }
}
