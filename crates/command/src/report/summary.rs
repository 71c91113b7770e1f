//! Verdicts side by side: a line per piece of evidence, a column per lock.
//!
//! Each line is written as soon as its evidence is complete, so the columns have a fixed width. If they do not fit, the
//! locks are listed below each other.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use onewinner_check::text::{grouped, verdict as terminal};
use onewinner_core::primitive::Expectation;
use onewinner_core::scenario::ScenarioKind;
use onewinner_core::verdict::{Coverage, Exit, Extent, Judged, Unit, Verdict};

/// The width of the titles, in characters.
const TITLE: usize = 26;
/// The width of a column, in characters.
const COLUMN: usize = 50;
/// The width between two columns, in characters.
const GAP: usize = 2;
/// How much of the last column may be missing, in characters: it is seldom full.
const SLACK: usize = 10;
const BOLD: Style = Style::new().bold();
const WRONG: Style = AnsiColor::Red.on_default().bold();
const OPEN: Style = AnsiColor::Yellow.on_default().bold();

/// One verdict of one lock.
pub struct Cell {
    text: String,
    mark: &'static str,
    style: Style,
}

/// Writes the names of the locks and their claims.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn heading(out: &mut dyn Write, layout: &Layout, locks: &[(&str, Expectation)], seed: u64) -> io::Result<()> {
    let names = locks.iter().map(|(lock, _)| ((*lock).to_owned(), BOLD));
    let claims = locks.iter().map(|(_, claim)| {
        let claim = match claim {
            Expectation::ExactlyOneWinner => "exactly one winner",
            Expectation::SeveralWinners => "several winners",
        };
        (claim.to_owned(), Style::new())
    });
    match layout {
        Layout::Columns => columns(out, &format!("seed {seed}"), names)?,
        Layout::Stacked { .. } => writeln!(out, "seed {seed}")?,
    }
    layout.write(out, "claimed", claims)?;
    writeln!(out)
}

/// How the locks are arranged.
pub enum Layout {
    /// Side by side.
    Columns,
    /// Below each other, each after its name.
    Stacked {
        /// The names of the locks.
        locks: Vec<&'static str>,
    },
}

impl Layout {
    /// The arrangement that fits `width` characters.
    pub fn within(width: usize, locks: &[&'static str]) -> Self {
        if TITLE + locks.len() * (GAP + COLUMN) <= width + SLACK {
            Self::Columns
        } else {
            Self::Stacked { locks: locks.to_vec() }
        }
    }

    fn write(&self, out: &mut dyn Write, title: &str, texts: impl Iterator<Item = (String, Style)>) -> io::Result<()> {
        let Self::Stacked { locks } = self else {
            return columns(out, title, texts);
        };
        writeln!(out, "{title}")?;
        let widest = locks.iter().map(|lock| lock.len()).max().unwrap_or(0);
        for (lock, (text, style)) in locks.iter().zip(texts) {
            writeln!(out, "  {lock:<widest$}  {style}{text}{style:#}")?;
        }
        Ok(())
    }
}

/// Writes a title and its columns, without blanks at the end.
fn columns(out: &mut dyn Write, title: &str, texts: impl Iterator<Item = (String, Style)>) -> io::Result<()> {
    write!(out, "{title:<TITLE$}")?;
    let mut texts = texts.peekable();
    while let Some((text, style)) = texts.next() {
        match texts.peek() {
            Some(_) => write!(out, "  {style}{text:<COLUMN$}{style:#}")?,
            None => write!(out, "  {style}{text}{style:#}")?,
        }
    }
    writeln!(out)
}

/// The cell of a verdict; `exit` is `None` if the evidence may miss the bug.
pub fn cell(judged: &Judged, exit: Option<Exit>) -> Cell {
    let (mark, style) = match exit {
        None => ("·", Style::new()),
        Some(Exit::AsClaimed) => ("✓", Style::new()),
        Some(Exit::Inconclusive) => ("?", OPEN),
        Some(_) => ("✗", WRONG),
    };
    let text = words(judged);
    Cell { text, mark, style }
}

/// A verdict in a few words.
pub fn words(judged: &Judged) -> String {
    match &judged.verdict {
        Verdict::Holds => format!("{}, {}", what_holds(&judged.coverage), extent(&judged.coverage)),
        Verdict::Violated(shown) if shown.breaks_exclusion() => several(&judged.coverage),
        Verdict::Violated(shown) => format!("violates {}", shown.property),
        Verdict::Inconclusive { reason } => format!("inconclusive: {reason}"),
        Verdict::Noted { fact } => format!("noted: {fact}"),
    }
}

/// Writes one line; a long text is not cut.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn line(out: &mut dyn Write, layout: &Layout, title: &str, cells: &[Cell]) -> io::Result<()> {
    let texts = cells
        .iter()
        .map(|Cell { text, mark, style }| (format!("{mark} {text}"), *style));
    layout.write(out, title, texts)?;
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
        Extent::Complete { each, bounds } if bounds.is_empty() => match (each, coverage.executions) {
            (Unit::Schedule, 1) => "the only schedule".to_owned(),
            (Unit::Class, 1) => "the only class".to_owned(),
            (each, _) => format!("all {count} {}", plural(*each)),
        },
        Extent::Complete { each, .. } => format!("{count} {}, {}", plural(*each), coverage.extent.bounds()),
        Extent::Cut { .. } => format!("{count} schedules"),
        Extent::Sampled { rate, .. } => format!("{count} rounds, rate below {}", terminal::percent(rate.upper)),
    }
}

/// How many processes got in, or how many entries were written twice, and how often.
fn several(coverage: &Coverage) -> String {
    let forbidden = || {
        coverage
            .outcomes
            .iter()
            .filter(|row| row.grade == onewinner_core::verdict::Grade::Forbidden)
    };
    let count: u64 = forbidden().map(|row| row.count).sum();
    let worst = forbidden().map(|row| row.outcome.winners).max().unwrap_or(0);
    let duplicates = forbidden().filter_map(|row| row.outcome.duplicates).max();
    let what = match (duplicates, coverage.scenario.kind) {
        (Some(duplicates), _) => format!("up to {duplicates} duplicates"),
        (None, ScenarioKind::Contend) => format!("up to {worst} at once"),
        // In cycles the number of winners includes those that won one after another.
        (None, ScenarioKind::Cycle { .. } | ScenarioKind::Fault { .. }) => "two at once".to_owned(),
    };
    let (count, executions) = (grouped(count), grouped(coverage.executions));
    match coverage.extent {
        Extent::Sampled { .. } => format!("{what}, in {count} of {executions} rounds"),
        Extent::Complete { each, .. } => format!("{what}, in {count} of {executions} {}", plural(each)),
        Extent::Cut { .. } => format!("{what}, in {count} of {executions} schedules"),
    }
}

fn plural(unit: Unit) -> &'static str {
    match unit {
        Unit::Schedule => "schedules",
        Unit::Class => "classes",
    }
}
