//! Real processes explored by the command: what holds, what does not, and a replay in the same world.

use super::command::{Ran, directory, onewinner_in};

/// No search is to be cut by its time, however slow the machine is.
const UNHURRIED: &str = " --time 600";

/// What the command did, unless the machine forbids tracing.
fn traced(command: &str, place: &std::path::Path) -> Option<Ran> {
    let ran = onewinner_in(place, &format!("{command}{UNHURRIED}"));
    if ran.is_forbidden_to_trace() {
        assert_eq!(ran.code, Some(3));
        return None;
    }
    Some(ran)
}

#[test]
fn every_configuration_of_create_new_is_complete() {
    let place = directory();
    let Some(ran) = traced("explore create-new", place.path()) else {
        return;
    };
    ran.exits(0).says(&[
        "create-new · traced · contend 3",
        "every class of schedules, 3 executions",
        "every class of schedules, 21 executions",
        "every class of schedules, 26 executions",
        "as claimed: exactly one winner",
    ]);
}

/// The verdicts of a command, without what tells the worlds apart.
fn verdicts(place: &std::path::Path, command: &str) -> Option<Vec<serde_json::Value>> {
    let ran = traced(&format!("{command} --seed 1 --save found.json --json"), place)?;
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let mut results = document["results"].as_array().expect("a list").clone();
    for result in &mut results {
        for own in ["backend", "blind_spots"] {
            result["coverage"].as_object_mut().expect("an object").remove(own);
        }
    }
    Some(results)
}

#[test]
fn real_processes_come_to_the_verdicts_of_the_simulated_ones() {
    let place = directory();
    for command in [
        "explore create-new",
        "explore create-new --deep --max-executions 300",
        "explore stat-then-write --quick",
        "explore stat-then-write --errors",
        "explore create-new --kills 2",
        "explore stat-then-write --scenario cycle -n 2 --kills 2",
        "explore create-new --stale 90s",
    ] {
        let Some(real) = verdicts(place.path(), command) else {
            return;
        };
        let simulated = verdicts(place.path(), &format!("{command} --backend sim"));
        assert_eq!(Some(real), simulated, "{command}");
    }
}

#[test]
fn what_is_found_with_real_processes_does_not_depend_on_how_many_searches_run_at_once() {
    let place = directory();
    let run = |jobs: usize| {
        let command = format!("explore create-new --jobs {jobs} --seed 1 --json");
        traced(&command, place.path()).map(|ran| ran.exits(0).stdout)
    };
    let Some(alone) = run(1) else {
        return;
    };
    assert_eq!(run(3), Some(alone));
}

#[test]
fn what_was_found_with_real_processes_is_replayed_with_real_processes() {
    let place = directory();
    let command = "explore stat-then-write --backend traced --scenario contend --save found.json";
    let Some(ran) = traced(command, place.path()) else {
        return;
    };
    ran.exits(1)
        .says(&["contend 2", "reproduced 10/10", "2 of 2 hold the lock at once"]);
    let saved = std::fs::read_to_string(place.path().join("found.json")).expect("it was saved");
    assert!(saved.contains("\"backend\": \"traced\""), "{saved}");
    onewinner_in(place.path(), "replay found.json").exits(1);
}

#[test]
fn few_preemptions_are_a_bound_that_is_told() {
    let place = directory();
    let search = "--scenario cycle -n 2 --rounds 1 --search bounded --preemptions";
    onewinner_in(place.path(), &format!("explore create-new {search} 0{UNHURRIED}"))
        .exits(0)
        .says(&["every schedule with at most 0 preemptions"]);
    onewinner_in(place.path(), &format!("explore stat-then-write {search} 2{UNHURRIED}")).exits(1);
}
