//! `--json` against its schema, `schemas/gate.schema.json`: real output is valid, and each untruth in it is not.

use serde_json::{Value, json};

use super::{BROKEN, Place, SOUND};
use crate::harness::{Test, tests};
use crate::schema::Schema;

fn schema() -> Schema {
    Schema::read("gate.schema.json")
}

/// A document with each kind of row.
fn document() -> Value {
    let place = Place::with(&[
        ("broken", BROKEN),
        ("cut", &format!("{SOUND}\nprocesses = 4\nbudget = {{ executions = 2 }}")),
        (
            "raced",
            &format!("{SOUND}\nevidence = [\"loom\", \"race\", \"traced\"]\nbudget = {{ rounds = 5 }}"),
        ),
        ("wrong", &BROKEN.replace("several-winners", "exactly-one-winner")),
    ]);
    place.gate("--baseline ground.toml --update-baseline").exits(1, &[]);
    let ground = place.read("ground.toml");
    let lost = ground
        .replacen("classes = ", "classes = 9", 1)
        .replace("[spec.raced.", "[spec.gone.");
    place.write("ground.toml", &lost);
    let ran = place.gate("--baseline ground.toml --json");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).expect("one JSON document")
}

fn what_the_gate_prints_is_valid_and_each_untruth_in_it_is_not() {
    let (schema, document) = (schema(), document());
    let errors = schema.errors(&document);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let row = |name: &str| {
        let rows = document["results"].as_array().expect("rows");
        let found = rows.iter().position(|row| row["spec"] == name);
        format!("/results/{}", found.expect("a row of that spec"))
    };
    let (broken, cut, raced) = (row("broken"), row("cut"), row("raced"));
    assert!(document.pointer(&format!("{broken}/lost_ground")).is_some());
    for (pointer, value) in [
        ("/version".to_owned(), json!(2)),
        ("/exit".to_owned(), json!(2)),
        ("/results".to_owned(), json!({})),
        ("/dropped".to_owned(), json!(null)),
        (format!("{broken}/claim"), json!("breaks")),
        (format!("{broken}/exit"), json!(130)),
        (format!("{broken}/verdict"), json!("holds!")),
        (format!("{broken}/execution/schedule"), json!(1)),
        (format!("{broken}/reproduced"), json!(10)),
        (format!("{broken}/lost_ground"), json!([])),
        (format!("{cut}/reason"), json!("")),
        (format!("{cut}/coverage/extent/extent"), json!("complete")),
        (format!("{raced}/coverage/outcomes/0/grade"), json!("fine")),
        (format!("{raced}/coverage/executions"), json!(-1)),
        (format!("{raced}/line"), json!(0)),
    ] {
        let mut untrue = document.clone();
        *untrue
            .pointer_mut(&pointer)
            .unwrap_or_else(|| panic!("{pointer} is missing")) = value;
        assert!(!schema.is_valid(&untrue), "{pointer}");
    }
    for (pointer, key) in [
        ("", "left_out"),
        (&*broken, "coverage"),
        (&*broken, "property"),
        (&*cut, "reason"),
        (&*raced, "verdict"),
    ] {
        let mut short = document.clone();
        let object = short.pointer_mut(pointer).and_then(Value::as_object_mut);
        object
            .and_then(|object| object.remove(key))
            .unwrap_or_else(|| panic!("{pointer}/{key} is missing"));
        assert!(!schema.is_valid(&short), "{pointer}/{key}");
    }
}

fn what_was_not_run_has_no_coverage_and_is_valid() {
    let place = Place::with(&[("sound", SOUND)]);
    let ran = place.gate("--json --time 0.000001");
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_eq!(document["results"][0].get("coverage"), None);
    assert!(schema().is_valid(&document), "{document}");
    let empty = Place::with(&[]).gate("--json");
    let document: Value = serde_json::from_str(&empty.stdout).expect("one JSON document");
    assert!(schema().is_valid(&document), "{document}");
    assert_eq!((document["exit"].as_u64(), empty.code), (Some(3), Some(3)));
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        what_the_gate_prints_is_valid_and_each_untruth_in_it_is_not,
        what_was_not_run_has_no_coverage_and_is_valid,
    ]
}
