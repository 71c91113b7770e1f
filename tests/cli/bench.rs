//! `onewinner bench`: documents, tables, files, and what is refused.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::command::{LIMIT, command, directory, end_of, eventually, left_in, onewinner, onewinner_in, processes_of};

/// As short as a measurement can be.
const SHORT: &str = "--blocks 6 --slice 0.001 --contenders 1,2 --files 1 --depth 2";

#[test]
fn a_document_has_a_row_for_each_measure_and_is_compared_with_itself() {
    let directory = directory();
    let ran = onewinner_in(directory.path(), &format!("bench create-new {SHORT} --dir . --json")).exits(0);
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_eq!(
        (&document["command"], &document["version"]),
        (&"bench".into(), &1.into())
    );
    let rows = document["results"].as_array().expect("a list");
    let mut measures: Vec<&str> = rows.iter().filter_map(|row| row["measure"].as_str()).collect();
    measures.dedup();
    let all = "yardstick uncontended losing hand-over live fresh contenders files depth";
    assert_eq!(measures.join(" "), all);
    assert!(
        rows.iter()
            .all(|row| row["median"].as_f64().is_some_and(|median| median > 0.0)),
        "{rows:?}"
    );

    let earlier = directory.path().join("earlier.json");
    fs::write(&earlier, &ran.stdout).expect("it may be written");
    let again = "bench create-new --measure uncontended --blocks 6 --slice 0.001 --dir . --compare earlier.json";
    let ran = onewinner_in(directory.path(), again)
        .exits(0)
        .says(&["beside earlier.json", "acquire and release"]);
    assert!(
        ran.stdout.contains("create-new in ., losing attempt: only then"),
        "{}",
        ran.stdout
    );
    let ran = onewinner_in(directory.path(), &format!("{again} --json")).exits(0);
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let row = &document["results"][1];
    assert!(
        row["compared"]["ratio"].is_f64() && row["compared"]["found"].is_string(),
        "{row}"
    );
}

#[test]
fn the_csv_file_has_a_head_and_each_plot_is_a_drawing() {
    let directory = directory();
    let line = format!("bench create-new stat-then-write {SHORT} --dir . --csv costs.csv --svg plots");
    onewinner_in(directory.path(), &line)
        .exits(0)
        .says(&["create-new", "Jain's index", "one stat"]);
    let csv = fs::read_to_string(directory.path().join("costs.csv")).expect("it was written");
    let mut lines = csv.lines();
    let head = "lock,directory,file_system,measure,at,unit,median,p99,samples,jain,shares,errors,missing";
    assert_eq!(lines.next(), Some(head));
    assert_eq!(lines.count(), 1 + 2 * 9);
    let mut plots = left_in(&directory.path().join("plots"));
    plots.sort();
    assert_eq!(
        plots,
        ["contenders-root.svg", "cost.svg", "depth-root.svg", "files-root.svg"]
    );
    for plot in plots {
        let text = fs::read_to_string(directory.path().join("plots").join(&plot)).expect("it was written");
        assert!(
            text.starts_with("<svg") && text.trim_end().ends_with("</svg>"),
            "{plot}"
        );
    }
}

#[test]
fn what_could_not_be_measured_has_a_line_and_the_exit_says_so() {
    let ran = onewinner("bench create-new --measure uncontended --files 1000000 --time 0.2").exits(3);
    let line = "not measured: create-new, 1,000,000 files beside it";
    let line = line.replace("1,000,000", "1000000");
    assert!(ran.stdout.contains(&line), "{}", ran.stdout);
}

#[test]
fn a_wrong_use_is_told_in_one_line_before_anything_is_measured() {
    let directory = directory();
    fs::write(
        directory.path().join("list.json"),
        r#"{"format":"onewinner","version":1,"command":"list","results":[]}"#,
    )
    .expect("it may be written");
    for (arguments, line) in [
        ("bench no-lock", "invalid value 'no-lock'"),
        ("bench --contenders 65", "give a number from 1 to 64"),
        ("bench --files 1000001", "give a number from 0 to 1000000"),
        ("bench --depth x", "give a number from 0 to 1000"),
        ("bench --dir absent", "there is no such directory; create it"),
        (
            "bench --compare absent.json",
            "give a file that `onewinner bench --json` printed",
        ),
        (
            "bench --compare list.json",
            "it is a document onewinner, version 1, of `list`",
        ),
        ("bench --csv absent/costs.csv", "name a file in a folder that is there"),
        (
            "explore create-new --backend sim --html absent/page.html",
            "name a file in a folder that is there",
        ),
    ] {
        let ran = onewinner_in(directory.path(), arguments);
        assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{arguments}");
        assert!(
            ran.stderr.contains(line) && ran.stderr.lines().count() == 1,
            "{arguments}: {}",
            ran.stderr
        );
    }
}

#[test]
fn an_interrupted_measurement_tells_what_it_has_and_leaves_nothing() {
    let directory = directory();
    let dir = directory.path().display();
    let line = format!("bench create-new --contenders 8 --measure contenders --blocks 1000 --dir {dir}");
    let child = command(directory.path(), &line).spawn().expect("it starts");
    assert!(eventually(LIMIT, || processes_of(directory.path()).len() > 8));
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a pid")), Signal::SIGINT).expect("it runs");
    let ran = end_of(child);
    assert_eq!((ran.code, &*ran.stderr), (Some(130), ""), "{}", ran.stdout);
    assert_eq!(processes_of(directory.path()), [0; 0]);
    assert_eq!(left_in(directory.path()), [""; 0]);
}
