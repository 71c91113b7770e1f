//! The results of `bench` as tables for a terminal: one table per directory and kind of measure.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::cost::compare::{Comparison, Found};
use crate::cost::{Measure, Row, Unit, YARDSTICK};

const BOLD: Style = Style::new().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// The measures of the first table, with their column titles.
const FIRST: [(Measure, &[&str]); 5] = [
    (Measure::Uncontended, &["acquire+release", "p99"]),
    (Measure::Losing, &["losing", "p99"]),
    (Measure::HandOver, &["hand-over", "p99"]),
    (Measure::Live, &["live"]),
    (Measure::Fresh, &["fresh"]),
];

/// Writes all rows by directory, then what could not be measured.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn write(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let mut directories: Vec<&Path> = Vec::new();
    for row in rows {
        if !directories.contains(&&*row.directory) {
            directories.push(&row.directory);
        }
    }
    for directory in directories {
        let here: Vec<&Row> = rows.iter().filter(|row| row.directory == directory).collect();
        write!(out, "{BOLD}{}{BOLD:#} · {}", directory.display(), here[0].file_system)?;
        match here.iter().find(|row| row.lock == YARDSTICK).and_then(|row| row.median) {
            Some(stat) => writeln!(out, " · one stat {}", time(stat))?,
            None => writeln!(out)?,
        }
        if here.iter().all(|row| row.missing.is_some()) {
            continue; // The reason is printed below.
        }
        first(out, &here)?;
        for (title, is_one) in CURVES {
            let rows: Vec<&Row> = here.iter().copied().filter(|row| is_one(row.measure)).collect();
            curve(out, title, &rows)?;
        }
        writeln!(out)?;
    }
    missing(out, rows)
}

/// Writes one line per reason and directory, not one per lock and measure.
fn missing(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    /// How many rows one line names.
    const NAMED: usize = 3;
    let mut reasons: Vec<(&Path, &str)> = Vec::new();
    for row in rows {
        let reason = row.missing.as_deref().map(|reason| (&*row.directory, reason));
        reasons.extend(reason.filter(|reason| !reasons.contains(reason)));
    }
    for (directory, reason) in reasons {
        let here = || rows.iter().filter(|row| row.directory == directory);
        let without: Vec<&Row> = here().filter(|row| row.missing.as_deref() == Some(reason)).collect();
        let name = |row: &&Row| format!("{}, {}", row.lock, row.measure);
        let what = match without.len() {
            all if all == here().count() => "nothing".to_owned(),
            few if few <= NAMED => without.iter().map(name).collect::<Vec<_>>().join("; "),
            many => {
                let named: Vec<String> = without[..NAMED].iter().map(name).collect();
                format!("{}; and {} more", named.join("; "), many - NAMED)
            }
        };
        let directory = directory.display();
        match &*what {
            "nothing" => writeln!(out, "{YELLOW}nothing measured{YELLOW:#} in {directory}: {reason}")?,
            what => writeln!(out, "{YELLOW}not measured{YELLOW:#}: {what}, in {directory}: {reason}")?,
        }
    }
    Ok(())
}

/// Writes the paths that could not be removed.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn left(out: &mut dyn Write, left: &[String]) -> io::Result<()> {
    left.iter()
        .try_for_each(|left| writeln!(out, "{YELLOW}left behind{YELLOW:#}: {left}"))
}

/// A measure at several sizes: the title of its table, and a test for the measure.
type Curve = (&'static str, fn(Measure) -> bool);

const CURVES: [Curve; 3] = [
    (
        "acquisitions per second by number of contenders; Jain's index of fairness",
        |measure| matches!(measure, Measure::Contenders(_)),
    ),
    ("acquire and release by number of files in the directory", |measure| {
        matches!(measure, Measure::Files(_))
    }),
    ("acquire and release by number of parent directories", |measure| {
        matches!(measure, Measure::Depth(_))
    }),
];

fn empty() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    // The output stream, not the table, decides about colours.
    table.enforce_styling();
    table.style_text_only();
    table
}

fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn lines(out: &mut dyn Write, table: &Table) -> io::Result<()> {
    table
        .lines()
        .try_for_each(|line| writeln!(out, "  {}", line.trim_end()))
}

fn names<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.lock != YARDSTICK) {
        if !names.contains(&&*row.lock) {
            names.push(&row.lock);
        }
    }
    names
}

/// Writes the first table: measures without contention or with two processes.
fn first(out: &mut dyn Write, rows: &[&Row]) -> io::Result<()> {
    let measured: Vec<_> = FIRST
        .iter()
        .filter(|(measure, _)| rows.iter().any(|row| row.measure == *measure))
        .collect();
    if measured.is_empty() {
        return Ok(());
    }
    let mut table = empty();
    let heads = measured.iter().flat_map(|(_, heads)| heads.iter());
    table.set_header([Cell::new("lock")].into_iter().chain(heads.map(right)));
    for name in names(rows) {
        let mut cells = vec![Cell::new(name)];
        for (measure, heads) in &measured {
            let row = rows.iter().find(|row| row.lock == name && row.measure == *measure);
            cells.push(right(row.map_or_else(String::new, |row| value(row))));
            if heads.len() > 1 {
                cells.push(right(row.and_then(|row| row.p99).map_or_else(String::new, time)));
            }
        }
        table.add_row(cells);
    }
    lines(out, &table)
}

/// Writes the table of a measure by size.
fn curve(out: &mut dyn Write, title: &str, rows: &[&Row]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut numbers: BTreeMap<u64, ()> = BTreeMap::new();
    numbers.extend(
        rows.iter()
            .filter_map(|row| row.measure.at())
            .map(|number| (number, ())),
    );
    let mut table = empty();
    let heads = numbers
        .keys()
        .map(|number| right(onewinner_check::text::grouped(*number)));
    table.set_header([Cell::new("lock")].into_iter().chain(heads));
    for name in names(rows) {
        let cell = |number: &u64| {
            let row = rows
                .iter()
                .find(|row| row.lock == name && row.measure.at() == Some(*number));
            right(row.map_or_else(String::new, |row| match &row.fairness {
                Some(fairness) => format!("{} {:.2}", value(row), fairness.jain),
                None => value(row),
            }))
        };
        table.add_row([Cell::new(name)].into_iter().chain(numbers.keys().map(cell)));
    }
    writeln!(out, "\n  {title}")?;
    lines(out, &table)
}

/// Writes the comparison with the earlier result in the file `earlier`.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn compared(out: &mut dyn Write, comparison: &Comparison, earlier: &Path) -> io::Result<()> {
    writeln!(out, "{BOLD}compared with {}{BOLD:#}", earlier.display())?;
    let mut table = empty();
    table.set_header(["lock", "directory", "measure", "before", "now", "ratio", ""]);
    for change in &comparison.changes {
        let text = |number: f64| in_unit(number, change.unit);
        let (style, word) = match change.found {
            Found::NoDifference => (Style::new(), "no difference seen"),
            Found::Cheaper => (GREEN, "cheaper"),
            Found::Dearer => (RED, "more expensive"),
            Found::TooFew => (YELLOW, "too few blocks to compare"),
        };
        table.add_row([
            Cell::new(&change.lock),
            Cell::new(change.directory.display()),
            Cell::new(change.measure),
            right(text(change.before)),
            right(text(change.after)),
            right(format!("{:.2}", change.ratio)),
            Cell::new(format!("{style}{word}{style:#}")),
        ]);
    }
    lines(out, &table)?;
    for alone in &comparison.alone {
        writeln!(out, "  not compared: {alone}")?;
    }
    Ok(())
}

/// The median of a row with its unit; a dash if there is none.
pub(super) fn value(row: &Row) -> String {
    row.median
        .map_or_else(|| "–".to_owned(), |median| in_unit(median, row.unit))
}

fn in_unit(number: f64, unit: Unit) -> String {
    match unit {
        Unit::Nanoseconds => time(number),
        Unit::PerSecond => format!("{}/s", rate(number)),
    }
}

/// A time with three significant digits and a unit.
pub(super) fn time(ns: f64) -> String {
    let (number, unit) = match ns {
        ns if ns >= 1e9 => (ns / 1e9, "s"),
        ns if ns >= 1e6 => (ns / 1e6, "ms"),
        ns if ns >= 1e3 => (ns / 1e3, "µs"),
        ns => (ns, "ns"),
    };
    format!("{} {unit}", figures(number))
}

/// A number with three significant digits.
pub(super) fn rate(number: f64) -> String {
    match number {
        number if number >= 1e6 => format!("{} M", figures(number / 1e6)),
        number if number >= 1e3 => format!("{} k", figures(number / 1e3)),
        number => figures(number),
    }
}

fn figures(number: f64) -> String {
    match number {
        number if number >= 100.0 => format!("{number:.0}"),
        number if number >= 10.0 => format!("{number:.1}"),
        number => format!("{number:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_figures_and_a_unit() {
        for (ns, text) in [
            (12.0, "12.0 ns"),
            (999.0, "999 ns"),
            (3_210.0, "3.21 µs"),
            (45_000_000.0, "45.0 ms"),
            (1.5e9, "1.50 s"),
        ] {
            assert_eq!(time(ns), text);
        }
        for (number, text) in [(85.0, "85.0"), (412_345.0, "412 k"), (1_300_000.0, "1.30 M")] {
            assert_eq!(rate(number), text);
        }
    }
}
