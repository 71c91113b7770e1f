//! Locks of packages from the registries under `onewinner explore`, as their users call them, with the default options.
//!
//! `cases.tsv` lists them: a lock that is right is never said to be violated, and a wrong one is never said to hold. `install`
//! installs the packages; what is missing is skipped. All run by hand:
//! `ONEWINNER_PACKAGES=FOLDER cargo test --test command packages:: -- --ignored`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::explored::programs::{self, found};
use crate::explored::{Program, Said, check, ignore_without};
use crate::harness::{Capability, Test, ignore, workspace};

/// The table: name, truth, verdict, what it needs, options, kind of command, command.
const CASES: &str = include_str!("cases.tsv");

/// The folder with the packages that `install` has installed.
const FOLDER: &str = "ONEWINNER_PACKAGES";

/// How long the ladder of a case may take, in seconds: the default.
const TIME: &str = "--time 60";

/// The tests of this suite.
pub(crate) fn tests() -> Vec<Test> {
    let lines = CASES.lines().filter(|line| !line.starts_with('#'));
    lines.map(test).collect()
}

fn test(line: &'static str) -> Test {
    let [name, truth, verdict, needs, options, kind, command] = line.split('\t').collect::<Vec<_>>()[..] else {
        panic!("seven columns, not {line:?}");
    };
    let said = match (truth, verdict) {
        ("safe", "holds") => Said::Holds,
        ("broken", "violated") => Said::Violated("hold the lock at once"),
        ("safe", "undecided") => Said::NoAlarm,
        ("broken", "undecided") => Said::NoPass,
        other => panic!("{name}: truth and verdict are {other:?}"),
    };
    let test = Test::new(name, move || {
        needs.split(' ').for_each(require);
        let line = place(command);
        let program = match kind {
            "driver" => Program::Driver(line),
            "wrap" => Program::Wrap(line),
            other => panic!("{name}: it is a driver or a wrapped command, not {other:?}"),
        };
        check(Ok(program), &format!("{options} {TIME}"), said);
    });
    test.slow("slow: a ladder of its own")
}

/// Ignores the test if the machine lacks a command, or a package: `python/NAME` or `node/NAME`.
fn require(need: &str) {
    let (command, package) = need.split_once('/').unwrap_or((need, ""));
    if let Err(missing) = found(command) {
        ignore_without(&missing);
    }
    if package.is_empty() {
        return;
    }
    let there = match command {
        "python3" => Command::new(python())
            .args(["-c", &format!("import {package}")])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success()),
        _ => modules().join(package).is_dir(),
    };
    if !there {
        ignore(
            Capability::Packages,
            format!("{package} is not installed below {FOLDER}"),
        );
    }
}

fn folder() -> PathBuf {
    match std::env::var_os(FOLDER) {
        Some(folder) => folder.into(),
        None => ignore(Capability::Packages, format!("{FOLDER} names no folder")),
    }
}

fn python() -> PathBuf {
    folder().join("venv/bin/python")
}

fn modules() -> PathBuf {
    folder().join("node_modules")
}

/// The command line, with the places of this machine.
fn place(command: &str) -> String {
    let drivers = workspace().join("tests/command/packages/drivers");
    let mut line = command.replace("{drivers}", &drivers.display().to_string());
    if line.contains("{python}") {
        let python = format!("{} {}/python.py", python().display(), drivers.display());
        line = line.replace("{python}", &python);
    }
    if line.contains("{node}") {
        line = line.replace("{node}", &format!("env NODE_PATH={} node", modules().display()));
    }
    let built = |source: &str| match programs::line(&format!("../../packages/drivers/{source}"), "") {
        Ok(line) => line,
        Err(missing) => ignore_without(&missing),
    };
    match line.strip_prefix("{built}/").and_then(|rest| rest.split_once(' ')) {
        Some((source, arguments)) => format!("{}{arguments}", built(source)),
        None => line,
    }
}
