//! The numbers of one cell of the matrix: races, turns, errors and costs, and the results of the control locks.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::verdict::verdict;
use super::{Look, bar, word};
use crate::matrix::{Answer, AttemptOutcome, Cell, Column, Cost, InTurn, Manner, Raced};
use crate::report::matrix::{control, time};
use onewinner_check::sampled::Sample;
use onewinner_check::text::verdict::percent;
use onewinner_check::text::{counted, grouped};
use onewinner_core::primitive::Expectation;

/// The id of a cell's numbers in the page.
pub(super) fn id(row: usize, column: usize) -> String {
    format!("m{row}-{column}")
}

/// All numbers of a cell, in an element that a button opens by its `popovertarget`.
pub(super) fn numbers(id: &str, column: &Column, cell: &Cell) -> Markup {
    let (look, text) = verdict(column, cell);
    html! {
        div.numbers popover id=(id) role="dialog" aria-labelledby={ (id) "-h" } {
            div.top {
                h3 id={ (id) "-h" } { (cell.lock) " on " (column.name) }
                // With the focus here, arrow keys scroll the opened element and not the table behind it.
                button.close type="button" popovertarget=(id) popovertargetaction="hide" autofocus { "close" }
            }
            p { (word(look, &text)) "; " (claim(cell)) }
            @match &cell.answer {
                Answer::Unsupported { operation, errno } => p { "The attempt to " (operation) " fails with " (errno) "." },
                Answer::Missing { reason } => p { (reason) },
                Answer::Holds | Answer::Violated => {},
            }
            @if !cell.races.is_empty() { (races(&cell.races)) (sentences(&cell.races)) (errors(&cell.races)) }
            @if !cell.in_turn.is_empty() { (turns(column, &cell.in_turn)) }
            @if let Some(cost) = &cell.cost { (costs(cost)) }
            @for what in &cell.unmeasured { p { "Not measured: " (what) } }
            @if !column.controls.is_empty() {
                div.controls-here {
                    h4 { "Control locks in this directory" }
                    ul { @for one in &column.controls { li { (control(one)) } } }
                }
            }
            @if !cell.races.is_empty() {
                h4 { "Winners per round" }
                div.histograms { @for race in &cell.races { (histogram(race)) } }
            }
        }
    }
}

fn claim(cell: &Cell) -> &'static str {
    match (cell.claim, cell.fails()) {
        (Expectation::ExactlyOneWinner, false) => "claimed: exactly one winner",
        (Expectation::ExactlyOneWinner, true) => "not as claimed: exactly one winner",
        (Expectation::SeveralWinners, _) => "known to be broken: several winners",
    }
}

fn name(manner: Manner) -> &'static str {
    match manner {
        Manner::Natural => "natural",
        Manner::Aligned => "aligned",
        Manner::Cycle => "cycle",
    }
}

/// The bounds on the failure rate.
fn rate(sample: &Sample) -> String {
    let (lower, upper) = (percent(sample.rate.lower), percent(sample.rate.upper));
    match sample.violations {
        0 => format!("below {upper}"),
        _ => format!("{lower} to {upper}"),
    }
}

fn races(races: &[Raced]) -> Markup {
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "race" } th scope="col" { "rounds" } th scope="col" { "violated" }
                        th scope="col" { "rate, at 95 %" } th scope="col" { "no winner" }
                    }
                }
                tbody {
                    @for Raced { manner, sample } in races {
                        tr {
                            th scope="row" { (name(*manner)) }
                            td.number { (grouped(sample.rounds)) }
                            td.number { (grouped(sample.violations)) }
                            td.number { (rate(sample)) }
                            td.number { (grouped(sample.without_winner)) }
                        }
                    }
                }
            }
        }
    }
}

/// The first violation of each race, and why a race has no result.
fn sentences(races: &[Raced]) -> Markup {
    let of = |Raced { manner, sample }: &Raced| {
        let fault = sample
            .shown
            .as_ref()
            .map(|shown| format!("{}: {}", shown.property, shown.sentence));
        let flaw = sample.flaw.as_ref().map(|flaw| {
            let rounds = counted(sample.flaws, "round");
            format!("{}, in {rounds}: {}", flaw.property, flaw.sentence)
        });
        let doubt = sample.doubt.as_ref().map(|doubt| format!("no result: {doubt}"));
        [fault, flaw, doubt]
            .into_iter()
            .flatten()
            .map(|text| (name(*manner), text))
            .collect::<Vec<_>>()
    };
    let sentences: Vec<_> = races.iter().flat_map(of).collect();
    html! {
        @if !sentences.is_empty() { dl { @for (race, text) in sentences { dt { (race) } dd { (text) } } } }
    }
}

/// A row for each race, operation and error.
fn errors(races: &[Raced]) -> Markup {
    let rows = races.iter().flat_map(|Raced { manner, sample }| {
        let of = |what, errors: &BTreeMap<String, u64>| {
            let rows = errors
                .iter()
                .map(move |(errno, count)| (*manner, what, errno.clone(), *count));
            rows.collect::<Vec<_>>()
        };
        [
            of("attempts", &sample.attempt_errors),
            of("releases", &sample.release_errors),
        ]
        .concat()
    });
    let rows: Vec<_> = rows.collect();
    html! {
        @if rows.is_empty() { p { "No attempt and no release failed with an error." } }
        @else {
            table {
                thead { tr { th scope="col" { "error" } th scope="col" { "how many" } th scope="col" { "race" } } }
                tbody {
                    @for (manner, what, errno, count) in rows {
                        tr { th scope="row" { (errno) } td.number { (grouped(count)) " " (what) } td { (name(manner)) } }
                    }
                }
            }
        }
    }
}

fn turns(column: &Column, turns: &[InTurn]) -> Markup {
    let way = |number: usize| {
        column
            .ways
            .get(number)
            .map_or_else(String::new, |way| way.display().to_string())
    };
    html! {
        h4 { "In turn" }
        ul {
            @for turn in turns {
                li {
                    @if turn.ways[0] != turn.ways[1] {
                        "Through " code { (way(turn.ways[0])) } " and " code { (way(turn.ways[1])) } ": "
                    }
                    @match turn.fault() {
                        Some(fault) if turn.lets_two_in() => (word(Look::Bad, &fault)),
                        Some(fault) => (word(Look::Open, &fault)),
                        None => (word(Look::Good, "excluded")),
                    }
                    "; the first process " (got(&turn.holder)) ", the second " (got(&turn.other)) ", and after the release " (got(&turn.after))
                }
            }
        }
    }
}

fn got(got: &AttemptOutcome) -> String {
    match got {
        AttemptOutcome::Won => "won".to_owned(),
        AttemptOutcome::Busy => "busy".to_owned(),
        AttemptOutcome::Failed(errno) => format!("failed with {errno}"),
        AttemptOutcome::Nothing => "did not try".to_owned(),
    }
}

fn costs(cost: &Cost) -> Markup {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of acquisitions"
    )]
    let rate = |per_second: f64| grouped(per_second as u64);
    html! {
        h4 { "What it costs" }
        dl {
            dt { "median" } dd { (time(cost.median_ns)) ", of " (grouped(cost.acquisitions as u64)) " acquisitions with release, without contention" }
            dt { "99th percentile" } dd { (time(cost.p99_ns)) }
            @for among in &cost.throughput {
                dt { "with " (among.processes) } dd { (rate(among.per_second)) " acquisitions per second, all processes together" }
            }
        }
    }
}

/// The number of rounds by number of winners. In a cycle several winners are correct: they win one after another.
fn histogram(race: &Raced) -> Markup {
    let winners = &race.sample.winners;
    let all = winners.iter().map(|winners| winners.rounds).sum::<u64>().max(1) as f64;
    let look = |winners: u32| match (race.manner, winners) {
        (_, 0) => Look::Open,
        (Manner::Cycle, _) => Look::Nothing,
        (_, 1) => Look::Good,
        _ => Look::Bad,
    };
    html! {
        table.outcomes {
            caption { (name(race.manner)) }
            thead { tr { th scope="col" { "winners" } th scope="col" { "rounds" } } }
            tbody {
                @for row in winners {
                    tr {
                        th scope="row" { (row.winners) }
                        td.number { (grouped(row.rounds)) (bar(row.rounds as f64 / all, look(row.winners))) }
                    }
                }
            }
        }
    }
}
