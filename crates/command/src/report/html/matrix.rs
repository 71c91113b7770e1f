//! The page of `matrix`: locks × file systems, each cell with its numbers behind it.
//!
//! A cell is opened by the browser itself (`popover`), without a script; where it cannot, and on paper, the numbers stand below
//! the table.

use maud::{Markup, html};

use super::curves::curves;
use super::numbers::{id, numbers};
use super::verdict::verdict;
use super::{Look, page, word};
use crate::matrix::{Answer, Cell, Column, Settings, Standing};
use crate::report::matrix::{control, rates, time};
use onewinner_check::text::counted;
use onewinner_check::text::verdict::percent;
use onewinner_core::primitive::Expectation;

/// The page of columns that were filled in with these settings.
pub fn matrix(columns: &[Column], settings: &Settings) -> String {
    let title = "Locks on file systems";
    let locks = columns.first().map_or(&[][..], |column| &column.cells);
    let body = html! {
        h1 { (title) }
        p.conclusion { (conclusion(columns)) }
        (undeclared(columns))
        div.wide {
            table.matrix.stacked {
                caption { "Does the lock let exactly one in, and what does it cost? Each cell opens its numbers." }
                thead {
                    tr {
                        th scope="col" { "lock" }
                        @for column in columns { th scope="col" { (column.name) } }
                    }
                }
                tbody {
                    @for (row, lock) in locks.iter().enumerate() {
                        tr {
                            th scope="row" {
                                (lock.lock)
                                @if lock.claim == Expectation::SeveralWinners { span.figure { "declared broken" } }
                            }
                            @for (number, column) in columns.iter().enumerate() {
                                @if let Some(cell) = column.cells.get(row) { (place(&id(row, number), column, cell)) }
                            }
                        }
                    }
                }
            }
        }
        (legend(settings))
        (file_systems(columns))
        (curves(columns))
        section.all {
            h2.paper { "All numbers" }
            @for (row, _) in locks.iter().enumerate() {
                @for (number, column) in columns.iter().enumerate() {
                    @if let Some(cell) = column.cells.get(row) { (numbers(&id(row, number), column, cell)) }
                }
            }
        }
    };
    page(title, "", &body)
}

/// What the cells come to, counted by what stands in them.
fn conclusion(columns: &[Column]) -> String {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for column in columns {
        for cell in &column.cells {
            let (_, word) = verdict(column, cell);
            match counts.iter_mut().find(|(counted, _)| *counted == word) {
                Some((_, count)) => *count += 1,
                None => counts.push((word, 1)),
            }
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let cells: u64 = counts.iter().map(|(_, count)| count).sum();
    let parts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let locks = counted(columns.first().map_or(0, |column| column.cells.len()) as u64, "lock");
    let places = counted(columns.len() as u64, "file system");
    format!("{locks} on {places}, {}: {}.", counted(cells, "cell"), parts.join("; "))
}

/// The cells in which a lock does not do what it declares, if there are any.
fn undeclared(columns: &[Column]) -> Markup {
    html! {
        @if columns.iter().flat_map(|column| &column.cells).any(Cell::fails) {
            p { (word(Look::Bad, "not as declared")) ": a lock that is declared to let exactly one in does not." }
            ul {
                @for column in columns {
                    @let failing: Vec<&str> = column.cells.iter().filter(|cell| cell.fails()).map(|cell| &*cell.lock).collect();
                    @if !failing.is_empty() { li { "on " strong { (column.name) } ": " (failing.join(", ")) } }
                }
            }
        }
    }
}

/// A cell of the table.
fn place(id: &str, column: &Column, cell: &Cell) -> Markup {
    let (look, text) = verdict(column, cell);
    html! {
        td class=(look.class()) data-label=(column.name) {
            button type="button" popovertarget=(id) {
                (word(look, &text))
                @if cell.answer == Answer::Violated {
                    @for figure in where_violated(cell) { span.figure { (figure) } }
                }
                @if cell.fails() { span.figure { strong { "not as declared" } } }
                @if let Some(cost) = &cell.cost { span.figure { (time(cost.median_ns)) } }
            }
        }
    }
}

/// In which races two were in at once, and whether in turn too: the two are told apart where they differ.
fn where_violated(cell: &Cell) -> Vec<String> {
    let (by_chance, aligned) = rates(cell);
    let mut lines = Vec::new();
    lines.extend(by_chance.map(|rate| format!("{} of rounds", percent(rate))));
    lines.extend(aligned.map(|rate| format!("{} aligned", percent(rate))));
    lines.push(match (lines.is_empty(), cell.lets_two_in_turn()) {
        (true, _) => "in turn, and in no race".to_owned(),
        (false, true) => "and in turn".to_owned(),
        (false, false) => "not in turn".to_owned(),
    });
    lines
}

/// What the words mean, and what this table does not ask.
fn legend(settings: &Settings) -> Markup {
    html! {
        h2 { "What it says, and what not" }
        dl {
            dt { (word(Look::Good, "holds")) }
            dd {
                "In no round were two in at once, and the broken control was caught in the same directory. A true rate may still be
                as high as the bound that each cell tells, at 95 %, nominal: the rounds of a machine are not independent."
            }
            dt { (word(Look::Bad, "violated")) }
            dd { "Two were in at once; the cell tells in which share of the rounds." }
            dt { (word(Look::Open, "not caught")) }
            dd {
                "No two were in at once here, and yet the lock is known to be broken: its fault needs more luck, or what is not raced. "
                strong { "Not raced are the locks of dead holders, kills in between, failing calls, and leases that run out." }
                " " code { "onewinner explore LOCK" } " covers them."
            }
            dt { (word(Look::Open, "no verdict, failed")) " " (word(Look::Nothing, "skipped")) }
            dd { "Nothing is known; the cell says why." }
            dt { "with errors" }
            dd { "No two were in at once, but somebody met an error, nobody won, or the lock was not free after a release." }
            dt { "natural" }
            dd { (counted(settings.rounds, "round")) " left to chance; winners hold until all have answered" }
            dt { "aligned" }
            dd { (counted(settings.other_rounds, "round")) " in which each process waits before its k-th call until all have come to theirs" }
            dt { "cycle" }
            dd { (counted(settings.other_rounds, "round")) " left to chance in which winners release at once, so that several win one after another, and rightly" }
            dt { "in turn" }
            dd { "one process holds, another one tries, and tries again after the release" }
            dt { "time" }
            dd { "the median of an acquisition and its release, alone" }
            dt { "conditions" }
            dd { (settings.processes) " processes in each race; seed " (settings.seed) }
        }
    }
}

/// What each column is, and what the controls showed there.
fn file_systems(columns: &[Column]) -> Markup {
    html! {
        h2 { "The file systems" }
        div.wide {
            table.stacked {
                thead {
                    tr {
                        th scope="col" { "name" } th scope="col" { "type" } th scope="col" { "where" }
                        th scope="col" { "looked at before" } th scope="col" { "controls" }
                    }
                }
                tbody { @for column in columns { (file_system(column)) } }
            }
        }
    }
}

fn file_system(column: &Column) -> Markup {
    let mut kinds = column.kinds.clone();
    kinds.dedup();
    let ways: Vec<String> = column.ways.iter().map(|way| way.display().to_string()).collect();
    html! {
        tr {
            th scope="row" data-label="name" { (column.name) }
            td data-label="type" { (kinds.join(", ")) }
            td data-label="where" { @for way in &ways { div { code { (way) } } } }
            td data-label="looked at before" { @for line in checks(column) { div { (line) } } }
            td data-label="controls" {
                @if let Some(obstacle) = column.obstacle() {
                    @let skipped = matches!(column.standing, Standing::Skipped { .. });
                    @if skipped { (word(Look::Nothing, "skipped")) } @else { (word(Look::Open, "failed")) }
                    ": " (obstacle)
                }
                @for one in &column.controls { div { (control(one)) } }
                @if let Some(race) = column.unsound() {
                    div { (word(Look::Bad, "the sound control fails here"))
                        @if let Some(shown) = &race.sample.shown { ": " (shown.sentence) }
                        "; this file system does not create exclusively" }
                }
                @if let Some(toothless) = column.toothless() { div { (word(Look::Open, "no teeth")) ": " (toothless) } }
            }
        }
    }
}

/// What was made sure of before the cells of a column were filled in.
fn checks(column: &Column) -> Vec<&'static str> {
    if column.obstacle().is_some() {
        return Vec::new();
    }
    let given = column
        .ways
        .iter()
        .map(|way| way.display().to_string())
        .collect::<Vec<_>>();
    let mut lines = if given.join(",") == column.name {
        vec!["given: a directory, writable"]
    } else {
        vec!["made for the run: a mount, of the type that it should be"]
    };
    if column.ways.len() > 1 {
        lines.push("one store: what is made by one way is there by the others");
    }
    lines
}
