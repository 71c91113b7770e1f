//! A counterexample is saved and replayed; an edited file is detected.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::command::{directory, onewinner_in};
use crate::harness::{Test, tests};

/// A counterexample of three contenders, as `explore` saves it in `directory`.
fn counterexample(directory: &Path) -> Value {
    onewinner_in(
        directory,
        "explore stat-then-write --backend sim --scenario contend -n 3 --save saved.json",
    )
    .exits(1);
    serde_json::from_str(&fs::read_to_string(directory.join("saved.json")).expect("saved")).expect("JSON")
}

fn what_explore_saves_replays_and_violates_again() {
    let directory = directory();
    let ran = onewinner_in(directory.path(), "explore stat-then-write --backend sim -n 2").exits(1);
    let line = "  replay    onewinner ";
    let replay = ran.stdout.lines().find_map(|text| text.strip_prefix(line));
    let replay = replay.expect("it says how to replay").to_owned();
    onewinner_in(directory.path(), &replay).exits(1).says(&[
        "  reproduced: at-most-one-winner: 2 of 2 hold the lock at once",
        "● holds the lock",
    ]);
}

fn what_model_saves_replays_too() {
    let directory = directory();
    onewinner_in(directory.path(), "model stat-then-write -n 3 --save loom.json").exits(1);
    onewinner_in(directory.path(), "replay loom.json").exits(1);
}

fn an_edited_file_diverges_at_the_step_that_was_edited() {
    let directory = directory();
    let mut saved = counterexample(directory.path());
    saved["calls"][1]["reply"] = json!({ "Err": "EEXIST" });
    fs::write(directory.path().join("edited.json"), saved.to_string()).expect("writable");
    onewinner_in(directory.path(), "replay edited.json").exits(3).says(&[
        "  diverged: step 1 differs: expected P1 stat",
        "EEXIST; found P1 stat",
        "ENOENT",
    ]);
}

fn a_file_without_a_violation_is_not_reproduced() {
    let directory = directory();
    let mut saved = counterexample(directory.path());
    // Only P1 runs: it wins, and P0 has not begun.
    let calls = saved["calls"].as_array().expect("a list")[1..5].to_vec();
    saved["calls"] = calls.into();
    saved["schedule"] = "P1*4".into();
    fs::write(directory.path().join("harmless.json"), saved.to_string()).expect("writable");
    onewinner_in(directory.path(), "replay harmless.json")
        .exits(0)
        .says(&["  not reproduced: the calls are the same, but no property is violated"]);
}

fn a_file_of_another_version_or_lock_is_refused() {
    let directory = directory();
    let saved = counterexample(directory.path());
    for (field, value, reason) in [
        (
            "version",
            json!(4),
            "its version is 4, and this onewinner reads version 3",
        ),
        ("format", json!("other"), "its format is"),
        (
            "subject",
            json!({ "primitive": "nolock" }),
            "there is no lock \"nolock\"",
        ),
        ("schedule", json!("P0 Q1"), "failed to understand"),
        ("extra", json!(1), "unknown field `extra`"),
    ] {
        let mut edited = saved.clone();
        edited[field] = value;
        fs::write(directory.path().join("edited.json"), edited.to_string()).expect("writable");
        let ran = onewinner_in(directory.path(), "replay edited.json");
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{field}: {ran:?}");
        assert!(ran.stderr.contains(reason), "{field}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1);
    }
}

fn an_unwritable_directory_does_not_change_the_verdict() {
    let directory = directory();
    // A directory has the name of the file, so not even root can write it.
    fs::create_dir(
        directory
            .path()
            .join("onewinner-stat-then-write-at-most-one-winner.json"),
    )
    .expect("writable");
    let ran = onewinner_in(directory.path(), "explore stat-then-write --backend sim -n 2");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr.starts_with("note: failed to write") && ran.stderr.lines().count() == 1,
        "{}",
        ran.stderr
    );
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        what_explore_saves_replays_and_violates_again,
        what_model_saves_replays_too,
        an_edited_file_diverges_at_the_step_that_was_edited,
        a_file_without_a_violation_is_not_reproduced,
        a_file_of_another_version_or_lock_is_refused,
        an_unwritable_directory_does_not_change_the_verdict,
    ]
}
