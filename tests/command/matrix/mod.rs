//! Locks × directories, through the command: its results on file systems that it makes, its reasons where it cannot make them,
//! and that nothing is left.
//!
//! Where the machine cannot make a file system, its test is ignored.

mod command;
mod edges;
mod ends;
mod hangs;
mod mounted;
mod schema;
mod traces;
mod user;

use crate::harness::{Test, modules, tests};
use command::{cell, column, is_made, made, matrix};
use serde_json::Value;
use traces::Traces;

/// Few rounds: the tests check attempts while another process holds, and that races run at all.
const FEW: &[&str] = &["--quick", "--rounds", "60", "-n", "4"];

fn few(arguments: &[&str]) -> (i32, Value, String) {
    matrix(&[arguments, FEW].concat())
}

/// Existence locks reach the store, but kernel locks are on inodes of each mount.
fn a_pair_keeps_existence_locks_and_no_kernel_locks(name: &str) {
    let (_, document, stderr) = few(&["create-new", "mkdir", "flock", "record-lock", "--make", name]);
    let pair = made(&document, name);
    assert_eq!(
        (&pair["standing"], pair["ways"].as_array().expect("it has ways").len()),
        (&Value::from("ready"), 2),
        "{pair:#} {stderr}"
    );
    for (lock, answer) in [
        ("create-new", "holds"),
        ("mkdir", "holds"),
        ("flock", "violated"),
        ("record-lock", "violated"),
    ] {
        let cell = cell(pair, lock);
        assert_eq!(cell["answer"], answer, "{cell:#}");
        let turns = cell["in_turn"].as_array().expect("it has turns");
        assert_eq!(turns.len(), 2, "each way round");
        let other = if answer == "holds" { "busy" } else { "won" };
        assert!(
            turns
                .iter()
                .all(|turn| turn["holder"] == "won" && turn["other"] == other),
            "{cell:#}"
        );
    }
}

fn two_overlays_of_one_upper_keep_existence_locks_and_no_kernel_locks() {
    a_pair_keeps_existence_locks_and_no_kernel_locks("overlay-shared");
}

fn two_bindfs_of_one_store_keep_existence_locks_and_no_kernel_locks() {
    a_pair_keeps_existence_locks_and_no_kernel_locks("bindfs");
}

fn a_bind_mount_is_the_same_file_system_and_keeps_kernel_locks() {
    let (_, document, _) = few(&["flock", "record-lock", "--make", "bind"]);
    let bind = made(&document, "bind");
    for lock in ["flock", "record-lock"] {
        assert_eq!(cell(bind, lock)["answer"], "holds", "{bind:#}");
    }
}

fn each_file_system_has_controls_costs_and_its_type_and_nothing_is_left() {
    let before = Traces::now(&[]);
    let (code, document, stderr) = few(&["create-new", "--make", "ext4,xfs,btrfs,tmpfs,overlay"]);
    let mut skipped = false;
    for (name, kind) in [
        ("ext4", "ext2/ext3/ext4"),
        ("xfs", "xfs"),
        ("btrfs", "btrfs"),
        ("tmpfs", "tmpfs"),
        ("overlay", "overlayfs"),
    ] {
        let column = column(&document, name);
        if !is_made(column) {
            skipped = true;
            continue;
        }
        assert_eq!(column["kinds"][0], kind, "{column:#} {stderr}");
        let broken = &column["controls"][0];
        assert_eq!(
            (&broken["lock"], &broken["sound"]),
            (&Value::from("stat-then-write"), &Value::from(false))
        );
        assert!(
            broken["races"][1]["violations"].as_u64().unwrap() > 0,
            "aligned, nobody escapes: {broken:#}"
        );
        let cell = cell(column, "create-new");
        assert_eq!(cell["answer"], "holds", "{cell:#}");
        let cost = &cell["cost"];
        assert!(0 < cost["median_ns"].as_u64().unwrap() && cost["median_ns"].as_u64() <= cost["p99_ns"].as_u64());
        let processes: Vec<_> = cost["throughput"]
            .as_array()
            .unwrap()
            .iter()
            .map(|among| among["processes"].as_u64())
            .collect();
        assert_eq!(processes, [Some(2), Some(8), Some(16)]);
    }
    assert_eq!(code, if skipped { 3 } else { 0 });
    before.await_no_more(&[], &[]);
}

fn a_declared_claim_that_fails_sets_the_exit_code_if_requested() {
    let arguments = ["flock", "--make", "overlay-shared"];
    let (code, document, _) = few(&arguments);
    if is_made(column(&document, "overlay-shared")) {
        assert_eq!(code, 0, "it reports");
        assert_eq!(few(&[&arguments[..], &["--judge"]].concat()).0, 1, "it judges");
    }
}

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    let mut all = tests![
        two_overlays_of_one_upper_keep_existence_locks_and_no_kernel_locks,
        two_bindfs_of_one_store_keep_existence_locks_and_no_kernel_locks,
        a_bind_mount_is_the_same_file_system_and_keeps_kernel_locks,
        each_file_system_has_controls_costs_and_its_type_and_nothing_is_left,
        a_declared_claim_that_fails_sets_the_exit_code_if_requested,
    ];
    all.extend(modules![edges, ends, hangs, schema, user]);
    all
}
