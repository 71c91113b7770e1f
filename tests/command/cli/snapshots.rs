//! The output of commands, compared with files in `tests/snapshots/`. `SNAPSHOTS=overwrite cargo test --test command cli::`
//! writes them again.
//!
//! Seeds are given and searches are deterministic. The tests remove the figures of races that depend on chance or the machine.

use snapbox::{Assert, Data};

use super::command::{directory, onewinner, onewinner_in};
use crate::harness::{Test, tests, workspace};

/// A line that ends with the seconds a race took.
const TIMED: &str = "  race      ";
/// Lines with the number of rounds in which the broken lock failed by chance.
const CHANCE: &[&str] = &["  control   stat-then-write, ", "  natural   stat-then-write, "];
/// Notes that depend on what chance found, and on the machine.
const NOTES: &[&str] = &["  note      the broken control", "  note      this machine has one CPU"];

#[track_caller]
fn same(name: &str, text: &str) {
    let path = workspace().join(format!("tests/snapshots/{name}.txt"));
    Assert::new()
        .action_env("SNAPSHOTS")
        .eq(text, Data::read_from(path.as_ref(), None).raw());
}

/// The text of a race without figures that depend on chance or the machine.
fn normalised(text: &str) -> String {
    let begins = |line: &str, with: &[&'static str]| with.iter().copied().find(|begin| line.starts_with(begin));
    let line = |line: &str| match (begins(line, CHANCE), line.rsplit_once("; ")) {
        (Some(begin), _) => format!("{begin}…\n"),
        (None, Some((conditions, _seconds))) if line.starts_with(TIMED) => format!("{conditions}; … s\n"),
        _ => format!("{line}\n"),
    };
    let lines = text.lines().filter(|line| begins(line, NOTES).is_none());
    lines.map(line).collect()
}

fn help() {
    let mut text = onewinner("--help").exits(0).stdout;
    for command in [
        "confirm", "list", "model", "race", "matrix", "explore", "gate", "bench", "replay", "doctor",
    ] {
        text += &format!("\n$ onewinner {command} --help\n");
        text += &onewinner(&format!("{command} --help")).exits(0).stdout;
    }
    same("help", &text);
}

fn list() {
    let few = "list stat-then-write create-new";
    let json = onewinner(&format!("{few} --json")).exits(0).stdout;
    same("list", &(onewinner(few).exits(0).stdout + "\n" + &json));
}

fn model() {
    for (name, arguments, exit) in [
        ("model-violated", "model stat-then-write -n 3 --seed 1", 1),
        ("model-holds", "model create-new -n 3 --seed 1", 0),
        ("model-cut", "model create-new -n 4 --max-executions 100 --seed 1", 3),
        ("model-json", "model create-new -n 2 --seed 1 --json", 0),
    ] {
        same(name, &onewinner(arguments).exits(exit).stdout);
    }
}

fn explore_and_replay() {
    let directory = directory();
    for (name, arguments, exit) in [
        (
            "explore-columns",
            "explore stat-then-write --backend sim -n 2 --seed 1 --save two.json",
            1,
        ),
        (
            "explore-lanes",
            "explore stat-then-write --backend sim --scenario contend --seed 1 --save three.json",
            1,
        ),
        (
            "explore-cycle",
            "explore stat-then-write --backend sim -n 2 --rounds 1 --seed 1 --save cycle.json",
            1,
        ),
        (
            "explore-sixteen",
            "explore stat-then-write --backend sim -n 16 --search random --max-executions 5 --seed 1",
            1,
        ),
        ("explore-preset", "explore create-new --backend sim --seed 1", 0),
        (
            "explore-several",
            "explore stat-then-write --backend sim -n 2 --expect several-winners --seed 1 --save two.json",
            0,
        ),
        (
            "explore-json",
            "explore stat-then-write --backend sim -n 2 --seed 1 --save two.json --json",
            1,
        ),
        ("replay", "replay two.json", 1),
        ("replay-json", "replay three.json --json", 1),
    ] {
        same(name, &onewinner_in(directory.path(), arguments).exits(exit).stdout);
    }
}

fn race() {
    for (name, arguments, exit) in [
        (
            "race-violated",
            "race stat-then-write -n 16 --rounds 50 --align --seed 1",
            1,
        ),
        ("race-holds", "race create-new -n 4 --rounds 50 --align --seed 1", 0),
        (
            "race-threads",
            "race create-new -n 4 --rounds 50 --threads --delays never --seed 1",
            0,
        ),
    ] {
        same(name, &normalised(&onewinner(arguments).exits(exit).stdout));
    }
}

fn confirm() {
    let ran = onewinner("--seed 1").traced();
    let text = ran.exits(0).stdout;
    // This count depends on chance.
    let line = |line: &str| {
        if line.starts_with("race: 16 processes") {
            "race: 16 processes          …\n".to_owned()
        } else {
            format!("{line}\n")
        }
    };
    same("confirm", &text.lines().map(line).collect::<String>());
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![help, list, model, explore_and_replay, race, confirm,]
}
