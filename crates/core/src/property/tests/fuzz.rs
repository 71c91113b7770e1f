//! Any list of events: no property panics, and none changes its mind when two steps that commute change places.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{ALL, Case, Finding};
use super::tale::{PROCESSES, footprint, history};
use crate::history::History;
use crate::id::ProcessId;

/// Tales as they may be told, whether they make sense or not.
fn tale() -> impl Strategy<Value = String> {
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

/// Tales that make sense: rounds of two or three processes, interleaved at random.
fn rounds() -> impl Strategy<Value = String> {
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

/// Judges the history in each order that is one swap of commuting neighbours away.
fn check_swaps(history: &History) -> Result<(), TestCaseError> {
    let found = findings(history);
    // Without a call the order is not that of a class, but that of one counter.
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
    fn any_events_are_judged_alike_in_any_order_of_the_class(tale in tale()) {
        check_swaps(&history(&tale))?;
    }

    #[test]
    fn interleaved_rounds_are_judged_alike_in_any_order_of_the_class(tale in rounds()) {
        check_swaps(&history(&tale))?;
    }

    #[test]
    fn processes_beyond_those_declared_make_no_property_panic(tale in tale(), declared in 0usize..3) {
        let mut history = history(&tale);
        history.processes = declared;
        history.disturbed = history.disturbed.map(|process| ProcessId(process.0 * 60));
        findings(&history);
    }
}
