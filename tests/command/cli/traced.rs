//! `explore` with real processes: a lock that holds, one that does not, and a replay on the same backend.

use super::command::{Ran, directory, onewinner_in};
use crate::harness::{Test, tests};

/// A time limit that cuts no search, even on a slow machine.
const UNHURRIED: &str = " --time 600";

/// The result of the command; the test is ignored if the machine forbids tracing.
fn traced(command: &str, place: &std::path::Path) -> Ran {
    onewinner_in(place, &format!("{command}{UNHURRIED}")).traced()
}

fn every_configuration_of_create_new_is_complete() {
    let place = directory();
    let ran = traced("explore create-new", place.path());
    ran.exits(0).says(&[
        "create-new · traced · contend 3",
        "every class of schedules, 3 executions",
        "every class of schedules, 21 executions",
        "every class of schedules, 26 executions",
        "as claimed: exactly one winner",
    ]);
}

/// The verdicts of a command, without the fields that differ between backends.
fn verdicts(place: &std::path::Path, command: &str) -> Vec<serde_json::Value> {
    let ran = traced(&format!("{command} --seed 1 --save found.json --json"), place);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let mut results = document["results"].as_array().expect("a list").clone();
    for result in &mut results {
        for own in ["backend", "blind_spots"] {
            result["coverage"].as_object_mut().expect("an object").remove(own);
        }
    }
    results
}

fn real_and_simulated_processes_give_the_same_verdicts() {
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
        let real = verdicts(place.path(), command);
        let simulated = verdicts(place.path(), &format!("{command} --backend sim"));
        assert_eq!(real, simulated, "{command}");
    }
}

fn the_result_with_real_processes_does_not_depend_on_parallel_searches() {
    let place = directory();
    let run = |jobs: usize| {
        let command = format!("explore create-new --jobs {jobs} --seed 1 --json");
        traced(&command, place.path()).exits(0).stdout
    };
    let alone = run(1);
    assert_eq!(run(3), alone);
}

fn a_counterexample_of_real_processes_is_replayed_with_real_processes() {
    let place = directory();
    let command = "explore stat-then-write --backend traced --scenario contend --save found.json";
    let ran = traced(command, place.path());
    ran.exits(1)
        .says(&["contend 2", "reproduced 10/10", "2 of 2 hold the lock at once"]);
    let saved = std::fs::read_to_string(place.path().join("found.json")).expect("it was saved");
    assert!(saved.contains("\"backend\": \"traced\""), "{saved}");
    onewinner_in(place.path(), "replay found.json").exits(1);
}

fn a_limit_of_preemptions_is_reported() {
    let place = directory();
    let search = "--scenario cycle -n 2 --rounds 1 --search bounded --preemptions";
    onewinner_in(place.path(), &format!("explore create-new {search} 0{UNHURRIED}"))
        .exits(0)
        .says(&["every schedule with at most 0 preemptions"]);
    onewinner_in(place.path(), &format!("explore stat-then-write {search} 2{UNHURRIED}")).exits(1);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        every_configuration_of_create_new_is_complete,
        real_and_simulated_processes_give_the_same_verdicts,
        the_result_with_real_processes_does_not_depend_on_parallel_searches,
        a_counterexample_of_real_processes_is_replayed_with_real_processes,
        a_limit_of_preemptions_is_reported,
    ]
}
