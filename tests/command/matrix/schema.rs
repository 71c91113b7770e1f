//! `--json` against its schema, `schemas/matrix.schema.json`: real output is valid, and each change that breaks it is not.

use serde_json::{Value, json};

use super::few;
use crate::harness::{Test, tests};
use crate::schema::Schema;

fn schema() -> Schema {
    Schema::read("matrix.schema.json")
}

fn what_the_matrix_prints_is_valid_and_each_untruth_in_it_is_not() {
    let good = tempfile::tempdir().unwrap();
    let good = good.path().to_str().unwrap();
    let locks = ["create-new", "stat-then-write", "flock"];
    let dirs = ["--dir", good, "--dir", "/sys", "--make", "overlay-shared,bindfs"];
    let (_, document, stderr) = few(&[&locks[..], &dirs[..]].concat());
    let schema = schema();
    let errors = schema.errors(&document);
    assert!(errors.is_empty(), "{} {stderr}", errors.join("\n"));
    let (holds, broken, refused) = ("/results/0/cells/0", "/results/0/cells/1", "/results/1");
    assert_eq!(
        [holds, broken].map(|cell| document.pointer(&format!("{cell}/answer")).cloned()),
        [Some("holds".into()), Some("violated".into())],
        "{document:#}"
    );
    for (pointer, value) in [
        ("/version".to_owned(), json!(2)),
        ("/command".to_owned(), json!("gate")),
        ("/exit".to_owned(), json!(101)),
        ("/results".to_owned(), json!([])),
        ("/results/0/standing".to_owned(), json!("fine")),
        ("/results/0/controls".to_owned(), json!([])),
        ("/results/0/controls/0/sound".to_owned(), json!("no")),
        ("/results/0/ways".to_owned(), json!([])),
        ("/results/0/cells".to_owned(), json!([])),
        (format!("{refused}/reason"), json!("")),
        (format!("{refused}/cells/0/answer"), json!("holds")),
        (format!("{refused}/standing"), json!("ready")),
        (format!("{holds}/claim"), json!("none")),
        (format!("{holds}/answer"), json!("unsupported")),
        (format!("{holds}/races"), json!([])),
        (format!("{holds}/races/0/violations"), json!(1)),
        (format!("{holds}/races/0/manner"), json!("lucky")),
        (format!("{holds}/races/0/rate/upper"), json!(1.5)),
        (format!("{holds}/races/0/winners/0/rounds"), json!(0)),
        (format!("{holds}/in_turn"), json!([])),
        (format!("{holds}/in_turn/0/other"), json!("lost")),
        (format!("{holds}/in_turn/0/ways"), json!([0])),
        (format!("{holds}/cost"), json!(1)),
        (format!("{holds}/cost/median_ns"), json!(-1)),
        (format!("{holds}/cost/throughput/0/processes"), json!(0)),
        (format!("{broken}/races/1/shown/property"), json!("Two Winners")),
        (format!("{broken}/races/1/attempt_errors"), json!({ "EIO": 0 })),
    ] {
        let mut untrue = document.clone();
        *untrue
            .pointer_mut(&pointer)
            .unwrap_or_else(|| panic!("{pointer} is missing in {document:#}")) = value;
        assert!(!schema.is_valid(&untrue), "{pointer}");
    }
    for (pointer, key) in [
        ("", "results"),
        ("/results/0", "standing"),
        ("/results/0", "kinds"),
        (refused, "reason"),
        (holds, "answer"),
        (holds, "cost"),
        (&*format!("{holds}/races/0"), "without_winner"),
        (&*format!("{holds}/cost"), "p99_ns"),
    ] {
        let mut short = document.clone();
        let object = short.pointer_mut(pointer).and_then(Value::as_object_mut);
        object
            .and_then(|object| object.remove(key))
            .unwrap_or_else(|| panic!("{pointer}/{key} is missing"));
        assert!(!schema.is_valid(&short), "{pointer}/{key}");
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![what_the_matrix_prints_is_valid_and_each_untruth_in_it_is_not,]
}
