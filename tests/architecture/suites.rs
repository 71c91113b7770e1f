//! The table of suites in CONTRIBUTING.md against the folders of tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Binaries with one suite per folder or file.
const BINARIES: &[&str] = &["portable", "linux", "command"];
/// Binaries that are one suite.
const ALONE: &[&str] = &["architecture", "own_lock"];
/// Binaries whose tests are listed by `tests` functions: there `#[test]` would drop a function without a word.
const LISTED: &[&str] = &["linux", "command", "harness"];

fn tests() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder of tests").flatten();
    entries
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect()
}

/// The suites that there are, as `binary::suite`.
fn there() -> BTreeSet<String> {
    let mut all: BTreeSet<String> = ALONE.iter().map(|name| format!("{name}::{name}")).collect();
    for binary in BINARIES {
        let suites = names(&tests().join(binary))
            .into_iter()
            .filter(|name| name != "main.rs");
        all.extend(suites.map(|name| format!("{binary}::{}", name.trim_end_matches(".rs"))));
    }
    all
}

/// The suites that the table lists.
fn listed(contributing: &str) -> Vec<String> {
    let rows = contributing.lines().skip_while(|line| !line.starts_with("| suite |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        format!("{}::{}", cells[2], cells[1])
    })
    .collect()
}

/// What is wrong with the table, a line each.
fn faults(contributing: &str, there: &BTreeSet<String>) -> Vec<String> {
    let listed = listed(contributing);
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    let mut wrong = Vec::new();
    if once.len() != listed.len() {
        wrong.push("a suite is listed twice".to_owned());
    }
    wrong.extend(there.difference(&once).map(|suite| format!("{suite} is not listed")));
    wrong.extend(once.difference(there).map(|suite| format!("{suite} does not exist")));
    wrong
}

#[test]
fn contributing_lists_each_suite_of_tests() {
    let text = fs::read_to_string(tests().with_file_name("CONTRIBUTING.md")).expect("a file of the package");
    assert_eq!(faults(&text, &there()), [""; 0]);
}

#[test]
fn a_suite_that_is_not_listed_or_does_not_exist_is_seen() {
    let table = "| suite | binary | fact |\n|---|---|---|\n| gate | command | x |\n| gone | linux | x |\n\n| other | table | x |\n";
    let there = ["command::gate", "portable::new"].map(str::to_owned).into();
    assert_eq!(
        faults(table, &there),
        ["portable::new is not listed", "linux::gone does not exist"]
    );
}

#[test]
fn no_test_is_dropped_in_silence() {
    let mut folders: Vec<_> = LISTED.iter().map(|binary| tests().join(binary)).collect();
    while let Some(folder) = folders.pop() {
        for path in names(&folder).iter().map(|name| folder.join(name)) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                assert!(!text.contains("#[test]"), "{}: list it in `tests`", path.display());
            }
        }
    }
}
