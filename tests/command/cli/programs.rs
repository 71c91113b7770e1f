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
    let ran = driven(place.path(), "driver.sh", "--json --seed 1");
    let rows = rows(&ran.exits(0));
    let rungs: Vec<String> = rows.iter().map(|row| row["coverage"]["scenario"].to_string()).collect();
    assert_eq!(rungs.len(), 5, "{rungs:?}");
    for row in &rows {
        let coverage = &row["coverage"];
        assert_eq!(
            (&row["verdict"], &coverage["backend"]),
            (&"holds".into(), &"traced".into())
        );
        assert_eq!((&coverage["blocked"], &coverage["lost"]), (&0.into(), &0.into()));
        assert_eq!(coverage["extent"]["extent"], "complete", "{row}");
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
        "not run, because a violation decides: cycle 2×1; contend 3; cycle 3×1; cycle 2×2",
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

fn the_time_limit_is_for_the_whole_ladder_and_the_completed_part_is_reported() {
    let place = directory();
    let ran = driven(place.path(), "driver.sh", "--deep --time 1.5 --json");
    let rows = rows(&ran.exits(3));
    let is_cut = |row: &&Value| row["coverage"]["extent"]["extent"] == "cut";
    let mut cut = rows.iter().skip_while(|row| !is_cut(row));
    let first = cut.next().expect("the whole ladder takes longer");
    let reason = first["reason"].to_string();
    assert!(reason.contains("the search was cut at 1.5 seconds"), "{first}");
    // With a limit per configuration, each would run some executions.
    let later: Vec<_> = cut.map(|row| &row["coverage"]["executions"]).collect();
    assert!(later.iter().all(|executions| **executions == 0), "{later:?}");
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
        ("--errors", 0),
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

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_correct_driver_runs_the_whole_ladder,
        a_violation_ends_the_ladder_and_is_saved_and_replayed,
        the_time_limit_is_for_the_whole_ladder_and_the_completed_part_is_reported,
        a_program_that_breaks_the_protocol_is_inconclusive_with_its_output,
        programs_run_with_kills_errors_and_stale_locks,
    ]
}
