//! Drivers that were written to mislead the search: `adversarial/cases.tsv` lists them, and each begins with the reason why its
//! lock is broken or safe.
//!
//! A broken lock is never said to hold, and a safe one is never said to be violated. All run by hand, a sample always:
//! `cargo test --test command explored::adversarial -- --include-ignored`.

use super::{Said, check, driver};
use crate::harness::Test;

/// The table: name, truth, when it runs, options, source and arguments.
const CASES: &str = include_str!("adversarial/cases.tsv");

/// How long the ladder of a case may take, in seconds.
const TIME: &str = "--time 60";

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    let lines = CASES.lines().filter(|line| !line.starts_with('#'));
    lines.map(test).collect()
}

fn test(line: &'static str) -> Test {
    let [name, truth, runs, options, source, arguments] = line.split('\t').collect::<Vec<_>>()[..] else {
        panic!("six columns, not {line:?}");
    };
    let said = match truth {
        "broken" => Said::NoPass,
        "safe" => Said::NoAlarm,
        other => panic!("{name}: a lock is broken or safe, not {other:?}"),
    };
    let test = Test::new(name, move || {
        let program = driver(&format!("../adversarial/{source}"), arguments);
        check(program, &format!("{options} {TIME}"), said);
    });
    match runs {
        "always" => test,
        "by hand" => test.slow("slow: a ladder of its own"),
        other => panic!("{name}: it runs always or by hand, not {other:?}"),
    }
}
