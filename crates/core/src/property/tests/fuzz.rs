//! Random events: no property panics, and no finding changes when two commuting steps are swapped.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{ALL, Case, Finding};
use super::history_text::{PROCESSES, footprint, parse};
use crate::history::History;
use crate::id::ProcessId;

/// Random events that need not make sense.
fn any_events() -> impl Strategy<Value = String> {
    let local = prop::sample::select(vec!["?", "?", "=", "=", "x", "!", "@", "-", ".", "~", "w"]);
    let call = prop::sample::select(vec![
        ":excl",
        ":excl",
        ":unlink",
        ":unlink",
        ":open",
        ":stat",
        ":close",
        ":write",
        ":excl/b",
        ":unlink/b",
        ":stat/b",
    ]);
    let word = (0..PROCESSES, prop_oneof![local, call]).prop_map(|(who, what)| format!("{who}{what}"));
    let look = prop_oneof![Just("|".to_owned()), Just("|2".to_owned())];
    let mark = prop_oneof![3 => Just(String::new()), 1 => (0..PROCESSES).prop_map(|who| format!("*{who} "))];
    (mark, vec(prop_oneof![20 => word, 1 => look], 0..24)).prop_map(|(mark, words)| mark + &words.join(" "))
}

/// Sensible events: rounds of two or three processes, interleaved at random.
fn interleaved_rounds() -> impl Strategy<Value = String> {
    const SHAPES: &[&str] = &[
        "? :excl = - :unlink .",
        "? :excl x",
        "? :stat :excl = - :unlink/b .",
        "? :excl/b = - :unlink/b .",
        "? :excl/b :unlink x",
        "? :excl :unlink/b = - .",
        "? :excl !",
    ];
    let program = vec(prop::sample::select(SHAPES), 1..3).prop_map(|shapes| shapes.join(" "));
    (vec(program, 2..PROCESSES), vec(any::<usize>(), 40)).prop_map(|(programs, choices)| {
        let mut left: Vec<(usize, Vec<&str>)> = programs
            .iter()
            .map(|p| p.split(' ').rev().collect())
            .enumerate()
            .collect();
        let mut words = Vec::new();
        for choice in choices {
            left.retain(|(_, words)| !words.is_empty());
            if left.is_empty() {
                break;
            }
            let at = choice % left.len();
            let (who, next) = &mut left[at];
            words.extend(next.pop().map(|word| format!("{who}{word}")));
        }
        words.join(" ")
    })
}

fn findings(history: &History) -> Vec<Finding> {
    let case = Case::new(history);
    ALL.iter().map(|property| property.judge(&case)).collect()
}

/// Compares the findings after each swap of two neighbours that commute.
fn check_swaps(history: &History) -> Result<(), TestCaseError> {
    let found = findings(history);
    // Without calls the events are ordered by one counter, so there is no class.
    if history.calls().next().is_none() {
        return Ok(());
    }
    for second in 1..history.events.len() {
        let first = second - 1;
        let pair = [&history.events[first], &history.events[second]];
        let looked_between = history.snapshots.iter().any(|look| look.position == second);
        if pair[0].process == pair[1].process || looked_between || footprint(pair[0]).conflict(&footprint(pair[1])) {
            continue;
        }
        let mut swapped = history.clone();
        swapped.events.swap(first, second);
        let mut again = findings(&swapped);
        for finding in &mut again {
            let Finding::Violated(violation) = finding else {
                continue;
            };
            for event in &mut violation.events {
                *event = match *event {
                    event if event == first => second,
                    event if event == second => first,
                    event => event,
                };
            }
        }
        prop_assert_eq!(&again, &found, "after a swap of events {} and {}", first, second);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_events_have_the_same_findings_in_every_order_of_the_class(text in any_events()) {
        check_swaps(&parse(&text))?;
    }

    #[test]
    fn interleaved_rounds_have_the_same_findings_in_every_order_of_the_class(text in interleaved_rounds()) {
        check_swaps(&parse(&text))?;
    }

    #[test]
    fn undeclared_processes_do_not_make_a_property_panic(text in any_events(), declared in 0usize..3) {
        let mut history = parse(&text);
        history.processes = declared;
        history.disturbed = history.disturbed.map(|process| ProcessId(process.0 * 60));
        findings(&history);
    }
}
