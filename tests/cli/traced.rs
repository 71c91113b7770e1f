//! Real processes explored by the command: what holds, what does not, and a replay in the same world.

use super::command::{Ran, directory, onewinner_in};

/// What the command did, unless the machine forbids tracing.
fn traced(command: &str, place: &std::path::Path) -> Option<Ran> {
    let ran = onewinner_in(place, command);
    if ran.stdout.contains("--backend sim` needs no tracing") {
        assert_eq!(ran.code, Some(3));
        eprintln!("skipped: {}", ran.stdout);
        return None;
    }
    Some(ran)
}

#[test]
fn every_configuration_of_create_new_is_complete() {
    let place = directory();
    for (particular, executions) in [
        ("--scenario contend -n 3", 3),
        ("--scenario cycle -n 3 --rounds 1", 21),
        ("--scenario cycle -n 2 --rounds 2", 26),
    ] {
        let command = format!("explore create-new --backend traced {particular}");
        let Some(ran) = traced(&command, place.path()) else {
            return;
        };
        let covered = format!("every class of schedules, {executions} executions");
        ran.exits(0)
            .says(&["create-new · traced · ", &covered, "as claimed: exactly one winner"]);
    }
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
    let search = "explore stat-then-write --scenario contend -n 2 --search bounded --preemptions";
    onewinner_in(place.path(), &format!("{search} 0 --expect several-winners"))
        .exits(1)
        .says(&["every schedule with at most 0 preemptions"]);
    onewinner_in(place.path(), &format!("{search} 1")).exits(1);
}
