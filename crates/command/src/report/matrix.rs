//! The matrix for a person: a line for each lock, a column for each file system, and below it what the columns rest on.
//!
//! What stands in a cell is said in words too: colours vanish in a log.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell as Place, Color, Table, presets};

use crate::matrix::{Answer, Cell, Column, Control, Cost, Manner, Raced, Standing};
use onewinner_check::sampled::Sample;
use onewinner_check::text::verdict::percent;
use onewinner_check::text::{counted, grouped};
use onewinner_core::primitive::Expectation;

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// How much is told of each cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What is out of the ordinary.
    Remarkable,
    /// All its numbers.
    Everything,
}

/// Writes the table, what the directories are, and what has to be known of single cells.
///
/// # Errors
///
/// When the output does not take it.
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

/// One table, or several below each other where the columns do not fit in one.
fn table(out: &mut dyn Write, columns: &[Column], width: usize) -> io::Result<()> {
    /// Around the text of each column.
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
            // One at least, however narrow the terminal.
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

/// A cell in a few words: the answer, and the median of what an acquisition costs.
fn text(column: &Column, cell: &Cell) -> String {
    let word = word(column, cell);
    if column.standing != Standing::Ready {
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

/// A cell in a word or two.
pub(super) fn word(column: &Column, cell: &Cell) -> String {
    match column.standing {
        Standing::Ready => {}
        Standing::Skipped { .. } => return "skipped".to_owned(),
        Standing::Failed { .. } | Standing::Misused { .. } => return "failed".to_owned(),
    }
    // What declares that it is broken does not hold because it was not caught.
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

/// Where two were in at once; races and turns apart when they differ.
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

/// The share of rounds in which two were in at once: of those left to chance, and of aligned ones; nothing where none were.
pub(super) fn rates(cell: &Cell) -> (Option<f64>, Option<f64>) {
    let (aligned, by_chance): (Vec<_>, Vec<_>) = cell.violated().partition(|race| race.manner == Manner::Aligned);
    let most = |races: Vec<&Raced>| races.iter().map(|race| share(&race.sample)).reduce(f64::max);
    (most(by_chance), most(aligned))
}

fn share(sample: &Sample) -> f64 {
    sample.violations as f64 / sample.rounds.max(1) as f64
}

/// One line for a directory: what it is, and what the controls showed there.
fn directory(out: &mut dyn Write, column: &Column) -> io::Result<()> {
    write!(out, "{BOLD}{}{BOLD:#}  ", column.name)?;
    if let Some(obstacle) = column.obstacle() {
        let skipped = matches!(column.standing, Standing::Skipped { .. });
        let word = if skipped { "skipped" } else { "failed" };
        return writeln!(out, "{YELLOW}{word}{YELLOW:#}: {obstacle}");
    }
    let mut kinds = column.kinds.clone();
    kinds.dedup();
    let ways = match column.ways.len() {
        1 => String::new(),
        number => format!(", {number} ways to one store"),
    };
    let controls: Vec<String> = column.controls.iter().map(control).collect();
    writeln!(out, "{}{ways}; {}", kinds.join(", "), controls.join("; "))?;
    if let Some(race) = column.unsound() {
        let text = race
            .sample
            .shown
            .as_ref()
            .map_or("two were in at once", |shown| &*shown.sentence);
        writeln!(
            out,
            "  {RED}the sound control fails here{RED:#}: {text}; this file system does not create exclusively"
        )?;
    }
    if let Some(toothless) = column.toothless() {
        writeln!(out, "  {YELLOW}no teeth{YELLOW:#}: {toothless}")?;
    }
    Ok(())
}

/// How often a control let two in at once.
pub(super) fn control(control: &Control) -> String {
    let rate = |manner| {
        let race = control.race(manner);
        race.map_or_else(|| "not raced".to_owned(), |race| percent(share(&race.sample)))
    };
    format!(
        "{} violated in {} of the rounds, {} aligned",
        control.lock,
        rate(Manner::Natural),
        rate(Manner::Aligned)
    )
}

/// What has to be known of single cells: faults in turn, rounds without a winner, errors, and why there is no verdict.
fn remarks(column: &Column) -> Vec<String> {
    if column.obstacle().is_some() {
        return Vec::new(); // Said once for all.
    }
    let remarks = column.cells.iter().flat_map(|cell| {
        let mut texts = Vec::new();
        match &cell.answer {
            Answer::Missing { reason } => texts.push(format!("no verdict: {reason}")),
            Answer::Unsupported { operation, errno } => {
                texts.push(format!("unsupported: the attempt to {operation} meets {errno}"));
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
    let nobody: u64 = cell.races.iter().map(|race| race.sample.without_winner).sum();
    if nobody > 0 {
        texts.push(format!("nobody won in {}", counted(nobody, "round")));
    }
    let samples = || cell.races.iter().map(|race| &race.sample);
    let attempts = sums(samples().map(|sample| &sample.attempt_errors));
    let releases = sums(samples().map(|sample| &sample.release_errors));
    for (what, errors) in [("attempt", attempts), ("release", releases)] {
        texts.extend(
            errors
                .into_iter()
                .map(|(errno, count)| format!("{} met {errno}", counted(count, what))),
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

/// What the words mean, with the bound: a pass of a race is never without.
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
                Manner::Natural => "left to chance",
                Manner::Aligned => "aligned call by call",
                Manner::Cycle => "in which winners release at once",
            };
            format!("{} {how}", counted(race.sample.rounds, "round"))
        })
        .collect();
    writeln!(
        out,
        "\neach cell: {}; the time is the median of an acquisition and its release, alone",
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
            "holds: no two were in at once; left to chance, the rate is below {} at 95 %: 1 − 0.05^(1/N) of N rounds, as if \
             they were independent",
            percent(bound)
        )?;
    }
    if passes(Expectation::SeveralWinners).next().is_some() {
        writeln!(
            out,
            "not caught: it is known to be broken, and no two were in at once here"
        )?;
    }
    if cells().any(|cell| cell.answer == Answer::Holds && cell.flaws() > 0) {
        writeln!(
            out,
            "with errors: somebody met an error, or nobody won, or a release was not seen"
        )?;
    }
    writeln!(
        out,
        "not raced here: the lock of a holder that died, kills, leases that run out; see `onewinner explore LOCK --dir DIRECTORY`"
    )
}

/// A time for a person.
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
        column.standing = Standing::Skipped { reason };
        assert_eq!(text(&column, &cell), "skipped");
    }
}
