//! The matrix as text: a line per lock, a column per file system, and below it the details of each column.
//!
//! Colours only repeat the words, because logs have no colours.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell as Place, Color, Table, presets};

use crate::matrix::{Answer, Cell, Column, ColumnState, Control, Cost, Manner, Raced};
use onewinner_check::sampled::Sample;
use onewinner_check::text::verdict::percent;
use onewinner_check::text::{counted, grouped};
use onewinner_core::primitive::Expectation;

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// How much is printed about each cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Only what is unusual.
    Remarkable,
    /// All numbers.
    Everything,
}

/// Writes the table, the directories, and remarks on single cells.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn write(out: &mut dyn Write, columns: &[Column], detail: Detail, width: usize) -> io::Result<()> {
    table(out, columns, width)?;
    writeln!(out)?;
    for column in columns {
        directory(out, column)?;
    }
    let remarks: Vec<String> = columns.iter().flat_map(remarks).collect();
    if !remarks.is_empty() {
        writeln!(out)?;
        remarks.iter().try_for_each(|remark| writeln!(out, "{remark}"))?;
    }
    if detail == Detail::Everything {
        writeln!(out)?;
        costs(out, columns)?;
    }
    legend(out, columns)
}

/// Writes one table, or several if the columns do not fit in the width.
fn table(out: &mut dyn Write, columns: &[Column], width: usize) -> io::Result<()> {
    /// The blanks around the text of each column.
    const PADDING: usize = 2;
    let cells = columns.first().map_or(&[][..], |column| &column.cells);
    let locks: Vec<&str> = cells.iter().map(|cell| &*cell.lock).collect();
    let first = locks.iter().map(|lock| lock.len()).max().unwrap_or(0) + PADDING;
    let mut rest = columns;
    while !rest.is_empty() {
        let (mut number, mut room) = (0, width.saturating_sub(first));
        for column in rest {
            let texts = column.cells.iter().map(|cell| text(column, cell).chars().count());
            let needed = texts.chain([column.name.len()]).max().unwrap_or(0) + PADDING;
            // At least one column, even on a narrow terminal.
            if number > 0 && needed > room {
                break;
            }
            (number, room) = (number + 1, room.saturating_sub(needed));
        }
        let (now, later) = rest.split_at(number);
        part(out, &locks, now)?;
        if !later.is_empty() {
            writeln!(out)?;
        }
        rest = later;
    }
    Ok(())
}

fn part(out: &mut dyn Write, locks: &[&str], columns: &[Column]) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.enforce_styling();
    table.style_text_only();
    table.set_header(["lock"].into_iter().chain(columns.iter().map(|column| &*column.name)));
    for (row, lock) in locks.iter().enumerate() {
        let cells = columns.iter().map(|column| {
            let cell = &column.cells[row];
            let place = Place::new(text(column, cell));
            match cell.answer {
                Answer::Violated => place.fg(Color::Red),
                Answer::Unsupported { .. } | Answer::Missing { .. } => place.fg(Color::Yellow),
                Answer::Holds => place,
            }
        });
        table.add_row([Place::new(lock)].into_iter().chain(cells));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A cell in a few words: the answer, and the median time of an acquisition.
fn text(column: &Column, cell: &Cell) -> String {
    let word = word(column, cell);
    if column.state != ColumnState::Ready {
        return word;
    }
    let cost = cell
        .cost
        .as_ref()
        .map_or_else(String::new, |cost| format!(", {}", time(cost.median_ns)));
    match &cell.answer {
        Answer::Holds => format!("{word}{cost}"),
        Answer::Violated => format!("{}{cost}", violated(cell)),
        Answer::Unsupported { .. } | Answer::Missing { .. } => word,
    }
}

/// The answer of a cell in a word or two.
pub(super) fn word(column: &Column, cell: &Cell) -> String {
    match column.state {
        ColumnState::Ready => {}
        ColumnState::Skipped { .. } => return "skipped".to_owned(),
        ColumnState::Failed { .. } | ColumnState::Misused { .. } => return "failed".to_owned(),
    }
    // A lock that is known to be broken does not hold; its bug was not caught.
    let holds = match cell.claim {
        Expectation::ExactlyOneWinner => "holds",
        Expectation::SeveralWinners => "not caught",
    };
    match &cell.answer {
        Answer::Holds if cell.flaws() > 0 => format!("{holds}, with errors"),
        Answer::Holds => holds.to_owned(),
        Answer::Violated => "violated".to_owned(),
        Answer::Unsupported { errno, .. } => format!("unsupported: {errno}"),
        Answer::Missing { .. } => "no verdict".to_owned(),
    }
}

/// Where two processes held the lock at the same time: in races, without a race ("in turn"), or both.
fn violated(cell: &Cell) -> String {
    let races = match rates(cell) {
        (None, None) => return "violated in turn only".to_owned(),
        (Some(chance), None) => percent(chance),
        (None, Some(aligned)) => format!("{} aligned", percent(aligned)),
        (Some(chance), Some(aligned)) => format!("{}, {} aligned", percent(chance), percent(aligned)),
    };
    let turn = if cell.lets_two_in_turn() { ", and in turn" } else { "" };
    format!("violated {races}{turn}")
}

/// The share of violated rounds, of natural and of aligned races; `None` if no round was violated.
pub(super) fn rates(cell: &Cell) -> (Option<f64>, Option<f64>) {
    let (aligned, by_chance): (Vec<_>, Vec<_>) = cell.violated().partition(|race| race.manner == Manner::Aligned);
    let most = |races: Vec<&Raced>| races.iter().map(|race| share(&race.sample)).reduce(f64::max);
    (most(by_chance), most(aligned))
}

fn share(sample: &Sample) -> f64 {
    sample.violations as f64 / sample.rounds.max(1) as f64
}

/// Writes a line about a directory: its file system, and the results of the control locks.
fn directory(out: &mut dyn Write, column: &Column) -> io::Result<()> {
    write!(out, "{BOLD}{}{BOLD:#}  ", column.name)?;
    if let Some(obstacle) = column.obstacle() {
        let skipped = matches!(column.state, ColumnState::Skipped { .. });
        let word = if skipped { "skipped" } else { "failed" };
        return writeln!(out, "{YELLOW}{word}{YELLOW:#}: {obstacle}");
    }
    let mut kinds = column.kinds.clone();
    kinds.dedup();
    let ways = match column.ways.len() {
        1 => String::new(),
        number => format!(", {number} mounts of one store"),
    };
    let controls: Vec<String> = column.controls.iter().map(control).collect();
    writeln!(out, "{}{ways}; {}", kinds.join(", "), controls.join("; "))?;
    if let Some(race) = column.unsound() {
        let text = race
            .sample
            .shown
            .as_ref()
            .map_or("two processes held it at the same time", |shown| &*shown.sentence);
        writeln!(
            out,
            "  {RED}the correct control lock fails here{RED:#}: {text}; exclusive create does not work on this file system"
        )?;
    }
    if let Some(missed_control) = column.missed_control() {
        writeln!(out, "  {YELLOW}weak test{YELLOW:#}: {missed_control}")?;
    }
    Ok(())
}

/// How often a control lock was violated.
pub(super) fn control(control: &Control) -> String {
    let rate = |manner| {
        let race = control.race(manner);
        race.map_or_else(|| "not raced".to_owned(), |race| percent(share(&race.sample)))
    };
    format!(
        "{} violated in {} of the rounds, {} of the aligned ones",
        control.lock,
        rate(Manner::Natural),
        rate(Manner::Aligned)
    )
}

/// Remarks on single cells: violations in turn, rounds without a winner, errors, and reasons for a missing verdict.
fn remarks(column: &Column) -> Vec<String> {
    if column.obstacle().is_some() {
        return Vec::new(); // The line of the directory says it for all cells.
    }
    let remarks = column.cells.iter().flat_map(|cell| {
        let mut texts = Vec::new();
        match &cell.answer {
            Answer::Missing { reason } => texts.push(format!("no verdict: {reason}")),
            Answer::Unsupported { operation, errno } => {
                texts.push(format!("unsupported: the attempt to {operation} fails with {errno}"));
            }
            Answer::Holds | Answer::Violated => {}
        }
        texts.extend(cell.fault_in_turn().map(|fault| format!("in turn {fault}")));
        let flaw = cell.races.iter().find_map(|race| race.sample.flaw.as_ref());
        texts.extend(flaw.map(|flaw| format!("{}: {}", flaw.property, flaw.sentence)));
        texts.extend(losses(cell));
        texts.extend(cell.unmeasured.iter().map(|what| format!("not measured: {what}")));
        let head = format!("{} on {}", cell.lock, column.name);
        texts
            .into_iter()
            .map(move |text| format!("{head}: {text}"))
            .collect::<Vec<_>>()
    });
    remarks.collect()
}

fn losses(cell: &Cell) -> Vec<String> {
    let mut texts = Vec::new();
    let without_winner: u64 = cell.races.iter().map(|race| race.sample.without_winner).sum();
    if without_winner > 0 {
        texts.push(format!("no process won in {}", counted(without_winner, "round")));
    }
    let samples = || cell.races.iter().map(|race| &race.sample);
    let attempts = sums(samples().map(|sample| &sample.attempt_errors));
    let releases = sums(samples().map(|sample| &sample.release_errors));
    for (what, errors) in [("attempt", attempts), ("release", releases)] {
        texts.extend(
            errors
                .into_iter()
                .map(|(errno, count)| format!("{} failed with {errno}", counted(count, what))),
        );
    }
    texts
}

fn sums<'a>(errors: impl Iterator<Item = &'a BTreeMap<String, u64>>) -> BTreeMap<&'a str, u64> {
    let mut sums = BTreeMap::new();
    for (errno, count) in errors.flatten() {
        *sums.entry(&**errno).or_default() += count;
    }
    sums
}

fn costs(out: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["lock", "directory", "races", "median", "p99", "acquisitions per second"]);
    for column in columns {
        for cell in &column.cells {
            let races: Vec<String> = cell
                .races
                .iter()
                .map(|race| rounds(race.manner, &race.sample))
                .collect();
            let (median, p99, many) = cell.cost.as_ref().map_or_else(Default::default, cost);
            table.add_row([&*cell.lock, &column.name, &races.join("; "), &median, &p99, &many]);
        }
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn cost(cost: &Cost) -> (String, String, String) {
    let many = cost.throughput.iter().map(|among| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate of acquisitions"
        )]
        let rate = among.per_second as u64;
        format!("{} with {}", grouped(rate), among.processes)
    });
    (
        time(cost.median_ns),
        time(cost.p99_ns),
        many.collect::<Vec<_>>().join(", "),
    )
}

fn rounds(manner: Manner, sample: &Sample) -> String {
    let manner = match manner {
        Manner::Natural => "natural",
        Manner::Aligned => "aligned",
        Manner::Cycle => "cycle",
    };
    match sample.violations {
        0 => format!("{manner} below {}", percent(sample.rate.upper)),
        _ => format!("{manner} {}", percent(share(sample))),
    }
}

/// Writes what the words mean, with the bound on the failure rate, which belongs to every pass of a race.
fn legend(out: &mut dyn Write, columns: &[Column]) -> io::Result<()> {
    let cells = || columns.iter().flat_map(|column| &column.cells);
    let Some(one) = cells().find(|cell| !cell.races.is_empty()) else {
        return Ok(());
    };
    let parts: Vec<String> = one
        .races
        .iter()
        .map(|race| {
            let how = match race.manner {
                Manner::Natural => "without alignment",
                Manner::Aligned => "aligned before each call",
                Manner::Cycle => "in which winners release immediately",
            };
            format!("{} {how}", counted(race.sample.rounds, "round"))
        })
        .collect();
    writeln!(
        out,
        "\neach cell: {}; the time is the median of acquire and release without contention",
        parts.join(", ")
    )?;
    let passes = |claim| cells().filter(move |cell| cell.answer == Answer::Holds && cell.claim == claim);
    let natural = |cell: &Cell| Some(cell.race(Manner::Natural)?.rate.upper);
    if let Some(bound) = passes(Expectation::ExactlyOneWinner)
        .filter_map(natural)
        .reduce(f64::max)
    {
        writeln!(
            out,
            "holds: no two processes held the lock at the same time; the failure rate without alignment is below {} (95 % \
             confidence, if rounds are independent)",
            percent(bound)
        )?;
    }
    if passes(Expectation::SeveralWinners).next().is_some() {
        writeln!(
            out,
            "not caught: the lock is known to be broken, but it did not fail here"
        )?;
    }
    if cells().any(|cell| cell.answer == Answer::Holds && cell.flaws() > 0) {
        writeln!(
            out,
            "with errors: some process met an error, no process won, or the lock was not free after a release"
        )?;
    }
    writeln!(
        out,
        "not tested here: stale locks, killed processes, expired leases; use `onewinner explore LOCK --dir DIRECTORY`"
    )
}

/// A time with a unit.
pub(super) fn time(time_ns: u64) -> String {
    match time_ns {
        0..1_000 => format!("{time_ns} ns"),
        1_000..1_000_000 => format!("{:.1} µs", time_ns as f64 / 1e3),
        _ => format!("{:.1} ms", time_ns as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_unit_that_suits_it() {
        for (time_ns, text) in [(999, "999 ns"), (1_500, "1.5 µs"), (2_000_000, "2.0 ms")] {
            assert_eq!(time(time_ns), text);
        }
    }

    #[test]
    fn a_lock_that_is_known_to_be_broken_never_holds_and_a_column_that_is_none_has_no_answers() {
        let mut cell = Cell::missing("lock", Expectation::ExactlyOneWinner, "why");
        let mut column: Column = serde_json::from_value(serde_json::json!({
            "name": "here", "ways": [], "kinds": [], "standing": "ready", "controls": [], "cells": [],
        }))
        .unwrap();
        assert_eq!(text(&column, &cell), "no verdict");
        cell.answer = Answer::Holds;
        assert_eq!(text(&column, &cell), "holds");
        cell.claim = Expectation::SeveralWinners;
        assert_eq!(text(&column, &cell), "not caught");
        let reason = "why".to_owned();
        column.state = ColumnState::Skipped { reason };
        assert_eq!(text(&column, &cell), "skipped");
    }
}
