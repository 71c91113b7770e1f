//! `--json`: one document of a known form, and nothing else.

use serde_json::Value;

use super::command::{Ran, directory, onewinner_in};
use crate::harness::{Test, tests};

/// The document, which contains the exit code of the process.
#[track_caller]
fn document(ran: &Ran, command: &str) -> Value {
    assert_eq!(ran.stderr, "");
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_eq!(document["format"], "onewinner");
    assert_eq!(document["version"], 1);
    assert_eq!(document["command"], command);
    assert_eq!(document["exit"].as_i64(), ran.code.map(i64::from), "{command}");
    assert!(document["results"].is_array());
    assert!(!ran.stdout.contains('\u{1b}'));
    document
}

fn each_command_prints_one_document_with_its_exit_code() {
    let directory = directory();
    let saved = "onewinner-stat-then-write-at-most-one-winner.json";
    for (arguments, exit) in [
        ("list", 0),
        ("doctor", 0),
        ("doctor --dir absent", 3),
        ("model stat-then-write", 1),
        ("model create-new -n 4 --max-executions 10", 3),
        ("explore create-new --backend sim -n 2", 0),
        ("explore stat-then-write --backend sim -n 2", 1),
        (&format!("replay {saved}"), 1),
        ("race create-new -n 4 --rounds 20", 0),
        ("race stat-then-write -n 4 --rounds 20 --align", 1),
    ] {
        let ran = onewinner_in(directory.path(), &format!("{arguments} --json --seed 5"));
        assert_eq!(ran.code, Some(exit), "{arguments}: {ran:?}");
        let command = arguments.split(' ').next().expect("a command");
        let document = document(&ran, command);
        for result in document["results"].as_array().expect("a list") {
            if let Some(coverage) = result.get("coverage") {
                assert_eq!(coverage["seed"], 5, "{arguments}");
                assert!(coverage["extent"].is_object(), "a verdict is never without its extent");
            }
        }
    }
}

fn a_counterexample_names_its_file_and_its_content() {
    let directory = directory();
    let ran = onewinner_in(
        directory.path(),
        "explore stat-then-write --backend sim -n 2 --save there.json --json",
    )
    .exits(1);
    let result = &document(&ran, "explore")["results"][0];
    assert_eq!((&result["saved"], &result["exit"]), (&"there.json".into(), &1.into()));
    assert_eq!(result["property"], "at-most-one-winner");
    assert_eq!(result["execution"]["schedule"], "P0 P1*4 P0*3");
    assert_eq!(result["reproduced"]["same"], 10);
}

fn confirm_reports_each_piece_of_evidence() {
    let directory = directory();
    let ran = onewinner_in(directory.path(), "--json").traced();
    let ran = ran.exits(0);
    let document = document(&ran, "confirm");
    let results = document["results"].as_array().expect("a list");
    assert!(results.len() >= 20, "{}", results.len());
    for result in results {
        assert!(result["evidence"].is_string() && result["verdict"].is_string());
        assert!(result["claim"].is_null() || result["exit"] == 0, "{result}");
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        each_command_prints_one_document_with_its_exit_code,
        a_counterexample_names_its_file_and_its_content,
        confirm_reports_each_piece_of_evidence,
    ]
}
