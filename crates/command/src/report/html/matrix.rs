//! The page of `matrix`: locks × file systems. A click on a cell opens its numbers.
//!
//! The browser opens a cell itself (`popover`), without a script. On paper, and in old browsers, the numbers are below the
//! table.

use maud::{Markup, html};

use super::curves::curves;
use super::numbers::{id, numbers};
use super::verdict::verdict;
use super::{Look, page, word};
use crate::matrix::{Answer, Cell, Column, ColumnState, Settings};
use crate::report::matrix::{control, rates, time};
use onewinner_check::text::counted;
use onewinner_check::text::verdict::percent;
use onewinner_core::primitive::Expectation;

/// Returns the page of the columns, measured with these settings.
pub fn matrix(columns: &[Column], settings: &Settings) -> String {
    let title = "Locks on file systems";
    let locks = columns.first().map_or(&[][..], |column| &column.cells);
    let body = html! {
        h1 { (title) }
        p.conclusion { (conclusion(columns)) }
        (not_as_claimed(columns))
        div.wide {
            table.matrix.stacked {
                caption { "Does the lock let only one process in, and what does it cost? Open a cell to see its numbers." }
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
                                @if lock.claim == Expectation::SeveralWinners { span.figure { "known to be broken" } }
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

/// The numbers of cells by their answer, in a sentence.
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

/// The cells in which a lock does not do what it claims, if there are any.
fn not_as_claimed(columns: &[Column]) -> Markup {
    html! {
        @if columns.iter().flat_map(|column| &column.cells).any(Cell::fails) {
            p { (word(Look::Bad, "not as claimed")) ": a lock that claims to let exactly one process in does not." }
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
                @if cell.fails() { span.figure { strong { "not as claimed" } } }
                @if let Some(cost) = &cell.cost { span.figure { (time(cost.median_ns)) } }
            }
        }
    }
}

/// In which races two processes held the lock at the same time, and whether they also did so in turn.
fn where_violated(cell: &Cell) -> Vec<String> {
    let (by_chance, aligned) = rates(cell);
    let mut lines = Vec::new();
    lines.extend(by_chance.map(|rate| format!("{} of rounds", percent(rate))));
    lines.extend(aligned.map(|rate| format!("{} aligned", percent(rate))));
    lines.push(match (lines.is_empty(), cell.lets_two_in_turn()) {
        (true, _) => "only in turn, not in races".to_owned(),
        (false, true) => "and in turn".to_owned(),
        (false, false) => "not in turn".to_owned(),
    });
    lines
}

/// What the words mean, and what the table does not test.
fn legend(settings: &Settings) -> Markup {
    html! {
        h2 { "What the words mean" }
        dl {
            dt { (word(Look::Good, "holds")) }
            dd {
                "No two processes held the lock at the same time, and a broken control lock was caught in the same directory. The true
                failure rate may still be as high as the bound in the cell (95 % confidence, if rounds are independent)."
            }
            dt { (word(Look::Bad, "violated")) }
            dd { "Two processes held the lock at the same time; the cell shows in which share of the rounds." }
            dt { (word(Look::Open, "not caught")) }
            dd {
                "The lock is known to be broken, but it did not fail here: its bug is rare, or needs something that is not tested. "
                strong { "Stale locks, killed processes, failing calls and expired leases are not tested." }
                " " code { "onewinner explore LOCK" } " covers them."
            }
            dt { (word(Look::Open, "no verdict, failed")) " " (word(Look::Nothing, "skipped")) }
            dd { "There is no result; the cell gives the reason." }
            dt { "with errors" }
            dd { "No two processes held the lock at the same time, but some process met an error, no process won, or the lock was not free after a release." }
            dt { "natural" }
            dd { (counted(settings.rounds, "round")) " without alignment; winners hold the lock until all processes have answered" }
            dt { "aligned" }
            dd { (counted(settings.other_rounds, "round")) " in which each process waits before each call until all are there" }
            dt { "cycle" }
            dd { (counted(settings.other_rounds, "round")) " without alignment; winners release immediately, so several processes may win one after another" }
            dt { "in turn" }
            dd { "without a race: one process holds the lock, a second one tries, and tries again after the release" }
            dt { "time" }
            dd { "the median of acquire and release without contention" }
            dt { "conditions" }
            dd { (settings.processes) " processes in each race; seed " (settings.seed) }
        }
    }
}

/// The file system of each column, and the results of the control locks.
fn file_systems(columns: &[Column]) -> Markup {
    html! {
        h2 { "The file systems" }
        div.wide {
            table.stacked {
                thead {
                    tr {
                        th scope="col" { "name" } th scope="col" { "type" } th scope="col" { "where" }
                        th scope="col" { "checked" } th scope="col" { "control locks" }
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
            td data-label="checked" { @for line in checks(column) { div { (line) } } }
            td data-label="control locks" {
                @if let Some(obstacle) = column.obstacle() {
                    @let skipped = matches!(column.state, ColumnState::Skipped { .. });
                    @if skipped { (word(Look::Nothing, "skipped")) } @else { (word(Look::Open, "failed")) }
                    ": " (obstacle)
                }
                @for one in &column.controls { div { (control(one)) } }
                @if let Some(race) = column.unsound() {
                    div { (word(Look::Bad, "the correct control lock fails here"))
                        @if let Some(shown) = &race.sample.shown { ": " (shown.sentence) }
                        "; exclusive create does not work on this file system" }
                }
                @if let Some(missed_control) = column.missed_control() { div { (word(Look::Open, "weak test")) ": " (missed_control) } }
            }
        }
    }
}

/// What was checked before the cells of a column were measured.
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
        vec!["an existing directory, writable"]
    } else {
        vec!["made for the run: mounted, type verified"]
    };
    if column.ways.len() > 1 {
        lines.push("one store: a file made through one mount appears in the others");
    }
    lines
}
