//! `onewinner bench`: documents, tables, files, and wrong arguments.

use std::fs;

use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::command::{
    BINARY, LIMIT, command, directory, end_of, eventually, left_in, onewinner, onewinner_in, processes_of, run,
};
use crate::harness::{Capability, Test, ignore, tests};
use crate::schema::Schema;

/// The shortest possible measurement.
const SHORT: &str = "--blocks 6 --slice 0.001 --contenders 1,2 --files 1 --depth 2";

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
        .says(&["compared with earlier.json", "acquire and release"]);
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

fn schema() -> Schema {
    Schema::read("bench.schema.json")
}

fn a_document_is_valid_and_each_false_one_is_rejected() {
    let (schema, directory) = (schema(), directory());
    let line = "bench create-new --blocks 6 --slice 0.001 --measure uncontended,rounds --contenders 2 --files 1 --json";
    let ran = onewinner_in(directory.path(), &format!("{line} --dir .")).exits(0);
    fs::write(directory.path().join("earlier.json"), &ran.stdout).expect("it may be written");
    let ran = onewinner_in(
        directory.path(),
        &format!("{line} --dir . --dir /sys --compare earlier.json"),
    )
    .exits(3);
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let errors = schema.errors(&document);
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let row = |directory: &str, measure: &str| {
        let rows = document["results"].as_array().expect("rows");
        let found = rows
            .iter()
            .position(|row| row["directory"] == directory && row["measure"] == measure);
        format!("/results/{}", found.expect("a row of that"))
    };
    let (alone, crowd, missing) = (
        row(".", "uncontended"),
        row(".", "contenders"),
        row("/sys", "uncontended"),
    );
    for (pointer, value) in [
        ("/version".to_owned(), json!(2)),
        ("/command".to_owned(), json!("race")),
        ("/exit".to_owned(), json!(1)),
        ("/results".to_owned(), json!({})),
        (format!("{alone}/lock"), json!("")),
        (format!("{alone}/unit"), json!("per-second")),
        (format!("{alone}/median"), json!(null)),
        (format!("{alone}/median"), json!(0)),
        (format!("{alone}/samples"), json!(0)),
        (format!("{alone}/blocks"), json!([])),
        (format!("{alone}/compared/found"), json!("slower")),
        (format!("{crowd}/p99"), json!(3.0)),
        (format!("{crowd}/fairness/jain"), json!(1.5)),
        (format!("{crowd}/at"), json!(-1)),
        (format!("{missing}/median"), json!(4.0)),
        (format!("{missing}/missing"), json!("")),
    ] {
        let mut untrue = document.clone();
        let place = untrue.pointer_mut(&pointer);
        *place.unwrap_or_else(|| panic!("{pointer} is missing")) = value;
        assert!(!schema.is_valid(&untrue), "{pointer}");
    }
    for (pointer, key) in [
        ("", "results"),
        (&*alone, "directory"),
        (&*alone, "blocks"),
        (&*crowd, "at"),
        (&*missing, "missing"),
    ] {
        let mut short = document.clone();
        let object = short.pointer_mut(pointer).and_then(Value::as_object_mut);
        let removed = object.and_then(|object| object.remove(key));
        removed.unwrap_or_else(|| panic!("{pointer}/{key} is missing"));
        assert!(!schema.is_valid(&short), "{pointer}/{key}");
    }
}

fn an_unwritable_directory_has_one_line_and_the_others_are_measured() {
    let directory = directory();
    fs::create_dir(directory.path().join("one")).expect("ours");
    // Not even root can create files in sysfs.
    let line = "bench create-new mkdir --measure uncontended,losing --quick --dir /sys --dir one --dir one,/sys";
    let ran = onewinner_in(directory.path(), line).exits(3).says(&[
        "one · ",
        "nothing measured in /sys: failed to create a run directory",
        "make it writable for this user, or name another",
        "nothing measured in one,/sys: failed to find one store behind",
    ]);
    assert_eq!(ran.stdout.matches("measured").count(), 2, "{}", ran.stdout);
    assert_eq!(left_in(&directory.path().join("one")), [""; 0]);
}

fn a_too_long_path_and_a_too_small_disk_are_reported_with_the_next_step() {
    let directory = directory();
    let deep = vec!["x".repeat(200); 15].join("/");
    fs::create_dir_all(directory.path().join(&deep)).expect("it is not too long yet");
    let line = format!("bench create-new --quick --depth 1,1000 --measure uncontended --dir {deep}");
    onewinner_in(directory.path(), &line).exits(3).says(&[
        "not measured: create-new, 1000 directories deep",
        "(ENAMETOOLONG); lower --depth",
    ]);
    let ran = onewinner_in(
        directory.path(),
        "bench create-new --quick --files 1,1000000 --depth 1 --worker-time 120 --make ext4",
    );
    if ran.stdout.contains("skipped: ") {
        ignore(Capability::FileSystems, &ran.stdout);
    }
    ran.exits(3)
        .says(&[
            "not measured: create-new, 1000000 files next to it, in ext4",
            "(ENOSPC); make room, or lower --files",
        ])
        // The full disk was emptied.
        .says(&["acquire and release by number of parent directories"]);
}

fn file_systems_that_are_made_are_rows_by_their_names_and_nothing_is_left() {
    let directory = directory();
    let line =
        "bench create-new --quick --measure uncontended,rounds --contenders 2 --make tmpfs,overlay-shared --dir .";
    let ran = onewinner_in(directory.path(), &format!("{line} --json"));
    let document: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert!(schema().is_valid(&document), "{document:#}");
    assert_eq!(left_in(directory.path()), [""; 0]);
    let rows = document["results"].as_array().expect("rows");
    for name in ["tmpfs", "overlay-shared", "."] {
        let rows: Vec<&Value> = rows.iter().filter(|row| row["directory"] == name).collect();
        assert_eq!(rows.len(), 5, "{document:#}");
        if let Some(why) = rows[0]["missing"].as_str().filter(|why| why.starts_with("skipped")) {
            println!("{why}");
            continue;
        }
        for row in rows {
            assert!(row["median"].as_f64().is_some_and(|median| median > 0.0), "{row:#}");
        }
    }
}

fn a_hung_mount_is_reported_and_the_others_are_measured() {
    let directory = directory();
    // The process that serves the mount is stopped, and continues at the end, so that nothing hangs.
    let script = r#"
        mkdir "$1/store" "$1/mount" "$1/other" && bindfs -f "$1/store" "$1/mount" & served=$!
        for _ in $(seq 500); do mountpoint -q "$1/mount" && break; sleep 0.02; done
        mountpoint -q "$1/mount" || exit 77
        kill -STOP $served
        "$2" bench create-new --measure uncontended --quick --worker-time 5 --dir "$1/mount" --dir "$1/other"; code=$?
        kill -CONT $served; umount "$1/mount"; wait $served; exit $code"#;
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(directory.path())
        .arg(BINARY);
    if !nix::unistd::geteuid().is_root() {
        ignore(Capability::Root, "only root mounts");
    }
    let ran = run(command);
    if ran.code == Some(77) {
        ignore(
            Capability::FileSystems,
            format!("bindfs does not mount: {}", ran.stderr),
        );
    }
    assert_eq!(ran.code, Some(3), "{ran:?}");
    ran.says(&["/mount: the directory does not answer", "/other · "]);
    assert_eq!(left_in(&directory.path().join("other")), [""; 0]);
}

fn the_next_run_removes_what_a_killed_measurement_left() {
    let directory = directory();
    let dir = directory.path().display();
    let line = format!("bench create-new --files 1000000 --measure files --worker-time 600 --dir {dir}");
    let mut child = command(directory.path(), &line).spawn().expect("it starts");
    let began = || {
        let runs = left_in(directory.path());
        runs.iter()
            .any(|run| directory.path().join(run).join("files").join("file-1000").exists())
    };
    assert!(eventually(LIMIT, began));
    child.kill().expect("it runs");
    child.wait().expect("it is ours");
    assert!(eventually(LIMIT, || processes_of(directory.path()).is_empty()));
    assert_eq!(left_in(directory.path()).len(), 1);
    let next = format!("bench create-new --quick --measure uncontended --dir {dir}");
    onewinner_in(directory.path(), &next).exits(0);
    assert_eq!(left_in(directory.path()), [""; 0]);
}

fn an_unwritable_file_does_not_change_the_printed_report() {
    let directory = directory();
    let ran = onewinner_in(
        directory.path(),
        "bench create-new --quick --measure uncontended --dir . --csv /dev/full",
    );
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stdout.contains("create-new") && ran.stderr.contains("make room"),
        "{ran:?}"
    );
}

fn the_csv_file_has_a_header_and_each_plot_is_a_drawing() {
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

fn what_could_not_be_measured_has_a_line_and_the_exit_says_so() {
    // A slow machine measures nothing in the shorter times. All of them are too short for 1,000,000 files.
    for time in ["0.2", "2", "20"] {
        let ran = onewinner(&format!(
            "bench create-new --measure uncontended --files 1000000 --time {time}"
        ))
        .exits(3);
        if ran
            .stdout
            .contains("not measured: create-new, 1000000 files next to it")
        {
            return;
        }
        assert!(ran.stdout.contains("not reached within the time"), "{}", ran.stdout);
    }
    panic!("nothing was measured within 20 s");
}

fn wrong_use_is_one_line_before_any_measurement() {
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
            "it is a onewinner document, version 1, of the command `list`",
        ),
        ("bench --csv absent/costs.csv", "name a file in an existing folder"),
        ("bench --csv .", "name a file in an existing folder"),
        ("bench --svg list.json", "name another one with --svg"),
        (
            "bench --dir a,,b",
            "give a directory, or several mounts of one store as A,B",
        ),
        ("bench --dir .,absent", "name an existing directory"),
        ("bench --dir .,.", "is named twice"),
        ("bench --make no-such-file-system", "invalid value"),
        (
            "explore create-new --backend sim --html absent/page.html",
            "name a file in an existing folder",
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

fn an_interrupted_measurement_reports_its_results_and_leaves_nothing() {
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

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_document_has_a_row_for_each_measure_and_is_compared_with_itself,
        a_document_is_valid_and_each_false_one_is_rejected,
        an_unwritable_directory_has_one_line_and_the_others_are_measured,
        a_too_long_path_and_a_too_small_disk_are_reported_with_the_next_step,
        file_systems_that_are_made_are_rows_by_their_names_and_nothing_is_left,
        a_hung_mount_is_reported_and_the_others_are_measured,
        the_next_run_removes_what_a_killed_measurement_left,
        an_unwritable_file_does_not_change_the_printed_report,
        the_csv_file_has_a_header_and_each_plot_is_a_drawing,
        what_could_not_be_measured_has_a_line_and_the_exit_says_so,
        wrong_use_is_one_line_before_any_measurement,
        an_interrupted_measurement_reports_its_results_and_leaves_nothing,
    ]
}
