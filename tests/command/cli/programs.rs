//! Programs under `explore`: the ladder, its time limit, and the counterexamples.

use std::path::Path;

use serde_json::Value;

use super::command::{Ran, command, directory, left_in, onewinner_in, run};
use crate::harness::{Test, tests, workspace};

/// Runs `explore` with a shell driver in `place`; the test is ignored if the machine forbids tracing.
fn driven(place: &Path, script: &str, more: &str) -> Ran {
    let mut explore = command(place, "explore --driver");
    explore.arg(format!("sh {}/examples/{script} {{lock}}", workspace().display()));
    explore.args(more.split_whitespace());
    run(explore).traced()
}

fn rows(ran: &Ran) -> Vec<Value> {
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    document["results"].as_array().expect("a list").clone()
}

fn a_correct_driver_runs_the_whole_ladder() {
    let place = directory();
    let ran = driven(place.path(), "driver.sh", "--json --seed 1 --time 600");
    let rows = rows(&ran.exits(0));
    // Every schedule of each is run at the first time, so none comes again with more preemptions.
    let mut rungs: Vec<String> = rows.iter().map(|row| row["coverage"]["scenario"].to_string()).collect();
    assert_eq!(rungs.len(), 7, "{rungs:?}");
    rungs.sort();
    rungs.dedup();
    assert_eq!(rungs.len(), 6, "one differs in its kills alone: {rungs:?}");
    let (noted, deciding): (Vec<&Value>, Vec<&Value>) = rows.iter().partition(|row| row["verdict"] == "noted");
    assert_eq!(noted.len(), 1, "{noted:?}");
    for row in deciding {
        let coverage = &row["coverage"];
        assert_eq!(
            (&row["verdict"], &coverage["backend"]),
            (&"holds".into(), &"traced".into())
        );
        assert_eq!((&coverage["blocked"], &coverage["lost"]), (&0.into(), &0.into()));
        assert_eq!(coverage["extent"]["extent"], "complete", "{row}");
        assert_eq!(coverage["extent"]["bounds"], serde_json::json!([]), "{row}");
    }
    assert_eq!(left_in(place.path()), [""; 0]);
}

fn a_violation_ends_the_ladder_and_is_saved_and_replayed() {
    let place = directory();
    let ran = driven(place.path(), "stat-then-write.sh", "--seed 1");
    let saved = "onewinner-sh-stat-then-write-sh-at-most-one-winner.json";
    ran.exits(1).says(&[
        "contend 2\n  violated: at-most-one-winner: 2 of 2 hold the lock at once: P0 and P1",
        "P0's ",
        "the other way round it holds",
        "reproduced 10/10",
        &format!("  saved     {saved}"),
        "not run, because a violation decides: cycle 2×1; contend 2, stale for 3600 s; cycle 2×2; contend 3; cycle 3×1; ",
        "not as claimed",
    ]);
    onewinner_in(place.path(), &format!("replay {saved}")).exits(1).says(&[
        "  reproduced: at-most-one-winner",
        "stat(\"lock\") = ENOENT  ◄",
        "● holds the lock",
    ]);
    let mut edited: Value =
        serde_json::from_str(&std::fs::read_to_string(place.path().join(saved)).expect("saved")).expect("JSON");
    edited["calls"][1]["reply"] = serde_json::json!({ "Err": "EEXIST" });
    std::fs::write(place.path().join("edited.json"), edited.to_string()).expect("writable");
    onewinner_in(place.path(), "replay edited.json")
        .exits(3)
        .says(&["  diverged: step 1 differs: expected "]);
}

fn the_time_limit_is_for_the_whole_ladder_and_each_configuration_gets_a_part_of_it() {
    // Each needs time to start, so on a busy machine some get none: then it is tried with more.
    let seen = [5, 20, 60].map(|seconds| move || executions_within(seconds));
    let mut last = Vec::new();
    // In order, the first long one would leave none to the rest.
    let is_shared = seen.into_iter().any(|executions| {
        last = executions();
        last.iter().filter(|executions| **executions > 0).count() > last.len() / 2
    });
    assert!(is_shared, "{last:?}");
}

/// The executions of each configuration of a ladder that is cut by its time limit.
fn executions_within(seconds: u32) -> Vec<u64> {
    let place = directory();
    let ran = driven(place.path(), "driver.sh", &format!("--deep --time {seconds} --json"));
    let rows = rows(&ran.exits(3));
    let is_cut = |row: &&Value| row["verdict"] == "inconclusive" && row["coverage"]["extent"]["extent"] == "cut";
    let cut: Vec<&Value> = rows.iter().filter(is_cut).collect();
    let reason = cut.first().map(|row| row["reason"].to_string());
    let reason = reason.expect("the whole ladder takes longer");
    assert!(
        reason.contains(&format!("the search was cut at {seconds} seconds")),
        "{reason}"
    );
    let executions = rows.iter().map(|row| row["coverage"]["executions"].as_u64());
    executions.map(|executions| executions.expect("a number")).collect()
}

fn a_program_that_breaks_the_protocol_is_inconclusive_with_its_output() {
    let place = directory();
    let mut explore = command(place.path(), "explore --quick --driver");
    explore.arg("echo hello {lock}");
    let ran = run(explore).traced();
    ran.exits(3)
        .says(&["could not be followed to the end; the first: ", "hello"]);
}

fn programs_run_with_kills_errors_and_stale_locks() {
    let place = directory();
    let mut printed = Vec::new();
    for (more, exit) in [
        ("--scenario cycle -n 2 --kills 1", 0),
        ("--errors -n 2 --preemptions 0 --time 600", 0),
        ("--scenario cycle -n 2 --stale 1h", 3),
    ] {
        let ran = driven(place.path(), "driver.sh", more);
        printed.push(ran.exits(exit));
    }
    let [killed, errors, stale] = &printed[..] else {
        panic!("{printed:?}");
    };
    assert!(
        killed
            .stdout
            .contains("  crash     class manual: the next attempt is busy in "),
        "{killed:?}"
    );
    assert!(errors.stdout.contains("cycle 2×1, an error in one call"), "{errors:?}");
    assert!(stale.stdout.contains("taking it over was not tested"), "{stale:?}");
}

fn a_pass_says_what_was_not_tried_and_a_quick_one_that_it_was_quick() {
    let place = directory();
    driven(place.path(), "driver.sh", "--quick").exits(0).says(&[
        "not tried: stale locks, kills, errors in calls",
        "as claimed: exactly one winner (a quick look: small configurations only)",
    ]);
    let full = driven(place.path(), "driver.sh", "-n 2 --preemptions 0").exits(0);
    let full = full.says(&[
        "noted: the lock is not freed after a crash",
        "remove the file by hand",
        "not tried: errors in calls",
    ]);
    assert!(
        full.stdout.ends_with("as claimed: exactly one winner\n"),
        "{}",
        full.stdout
    );
}

fn a_counterexample_replays_from_another_working_directory_and_names_what_has_changed() {
    let (place, elsewhere) = (directory(), directory());
    let script = workspace().join("examples/stat-then-write.sh");
    std::fs::copy(script, place.path().join("driver.sh")).expect("writable");
    let mut explore = command(place.path(), "explore --quick --save found.json --driver");
    explore.arg("sh driver.sh {lock}");
    run(explore).traced().exits(1);
    let replay = format!("replay {}/found.json", place.path().display());
    let ran = onewinner_in(elsewhere.path(), &replay).exits(1);
    assert!(!ran.stdout.contains("is another file now"), "{}", ran.stdout);
    std::fs::write(place.path().join("driver.sh"), "echo busy").expect("writable");
    onewinner_in(elsewhere.path(), &replay)
        .exits(3)
        .says(&["driver.sh\" is another file now", "  diverged: "]);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_correct_driver_runs_the_whole_ladder,
        a_violation_ends_the_ladder_and_is_saved_and_replayed,
        the_time_limit_is_for_the_whole_ladder_and_each_configuration_gets_a_part_of_it,
        a_program_that_breaks_the_protocol_is_inconclusive_with_its_output,
        programs_run_with_kills_errors_and_stale_locks,
        a_pass_says_what_was_not_tried_and_a_quick_one_that_it_was_quick,
        a_counterexample_replays_from_another_working_directory_and_names_what_has_changed,
    ]
}
