//! `replay --strace`: the script is valid shell, strace accepts it, and it shows the race without onewinner.

use std::path::Path;
use std::process::{Command, Stdio};

use super::command::{BINARY, Ran, command, directory, left_in, onewinner_in, run};
use crate::harness::{Capability, Test, ignore, tests, workspace};

/// Factors for the length of the slots, tried one after another: the script orders steps by time, so a machine that stalls
/// for longer than a slot confuses it.
const STRETCHES: [f64; 3] = [1.0, 4.0, 16.0];

/// Explores one subject, and runs the lines that its counterexample gives until they show that both hold; what they showed
/// last. Where strace cannot trace the test is ignored.
fn shown_by_strace(place: &Path, subject: &[&str], scenario: &str) -> String {
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        ignore(Capability::Program("strace"), "it is not here, or may not trace");
    }
    let mut explore = command(place, "explore");
    explore
        .args(subject)
        .args(scenario.split(' '))
        .args(["--save", "found.json"]);
    run(explore).traced().exits(1);
    let lines = onewinner_in(place, "replay found.json --strace").exits(1).stdout;
    let reproduced = "# reproduced: ";
    assert!(
        lines.starts_with(reproduced) && lines.contains("delay_enter="),
        "{lines}"
    );
    let mut shown = String::new();
    for stretch in STRETCHES {
        shown = shell(place, &stretched(&lines, stretch));
        if both_hold(&shown) {
            break;
        }
    }
    shown
}

/// The script with all delays multiplied by `stretch`.
fn stretched(lines: &str, stretch: f64) -> String {
    let begins = ["delay_enter=", "sleep "];
    let mut stretched = String::new();
    let mut rest = lines;
    while let Some((place, begin)) = begins.iter().filter_map(|begin| Some((rest.find(begin)?, begin))).min() {
        let (before, after) = rest.split_at(place + begin.len());
        let number = after
            .split(|other: char| !other.is_ascii_digit() && other != '.')
            .next();
        let number = number.expect("a split has a first part");
        let length: f64 = number.parse().expect("a number");
        stretched += &format!("{before}{}", length * stretch);
        rest = &after[number.len()..];
    }
    stretched + rest
}

/// The output of the script.
fn shell(place: &Path, lines: &str) -> String {
    let mut shell = Command::new("sh");
    let binaries = Path::new(BINARY).parent().expect("a directory").display();
    let path = std::env::var("PATH").unwrap_or_default();
    shell
        .args(["-c", lines])
        .current_dir(place)
        .env("TMPDIR", place)
        .env("PATH", format!("{binaries}:{path}"))
        .stdin(Stdio::null());
    let ran: Ran = run(shell).exits(0);
    assert_eq!(left_in(place), ["found.json"], "{lines}");
    ran.stdout
}

/// Each process prints through its own pipe, so only the order of lines of one process is known.
fn both_hold(shown: &str) -> bool {
    ["P0", "P1"].into_iter().all(|process| {
        let mut own = shown.lines().filter_map(|line| line.strip_prefix(process));
        own.next().map(str::trim) == Some("acquired")
    })
}

fn a_driver_is_let_in_twice_without_onewinner() {
    let place = directory();
    let driver = format!("sh {}/examples/stat-then-write.sh {{lock}}", workspace().display());
    let shown = shown_by_strace(place.path(), &["--driver", &driver], "-n 2");
    assert!(both_hold(&shown), "{shown}");
}

fn a_wrapped_command_is_let_in_twice_and_released() {
    let place = directory();
    let wrapped = "sh -c '[ -e {lock} ] || { echo >{lock}; {hold}; rm -f {lock}; }'";
    let shown = shown_by_strace(place.path(), &["--wrap", wrapped], "--scenario cycle -n 2");
    assert!(both_hold(&shown), "{shown}");
    assert!(shown.contains("released"), "{shown}");
}

fn a_shipped_lock_is_run_by_a_command_that_only_locks() {
    let place = directory();
    let shown = shown_by_strace(place.path(), &["stat-then-write"], "-n 2");
    assert!(both_hold(&shown), "{shown}");
}

fn a_scenario_that_strace_cannot_show_is_refused() {
    let place = directory();
    onewinner_in(
        place.path(),
        "explore stat-then-write --backend sim --scenario cycle -n 2 --kills 1 --save k.json",
    )
    .exits(1);
    let ran = onewinner_in(place.path(), "replay k.json --strace");
    assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("leave --strace out"), "{}", ran.stderr);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_driver_is_let_in_twice_without_onewinner,
        a_wrapped_command_is_let_in_twice_and_released,
        a_shipped_lock_is_run_by_a_command_that_only_locks,
        a_scenario_that_strace_cannot_show_is_refused,
    ]
}
