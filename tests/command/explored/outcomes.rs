//! The same lock as a program and as a primitive, each searched to its end: what can come out is the same.
//!
//! One is judged on kernel objects, by a search that is bounded or has sleep sets; the other on the simulated file system, by
//! `dpor`. Of a wrong lock only small scenarios are searched to their end: a program's search stops soon after it has found
//! something.

use std::collections::BTreeSet;

use serde_json::Value;

use super::run::{Program, explore, explore_primitive, takes_programs};
use super::{ignore_without, programs};
use crate::harness::{Capability, Test, ignore};

/// More than any schedule of these has.
const NO_BOUND: &str = "--preemptions 99";

/// One execution of each class.
const EACH_CLASS: &str = "--search sleep-sets";

/// What came out: winners, losers, errors, and the grade.
fn outcomes(document: &Value) -> BTreeSet<String> {
    let coverage = &document["results"][0]["coverage"];
    let extent = &coverage["extent"];
    assert_eq!(extent["extent"], "complete", "{document}");
    assert_eq!(extent["bounds"], Value::Array(Vec::new()), "{document}");
    let rows = coverage["outcomes"].as_array().expect("a table of outcomes");
    let of = |row: &Value| {
        ["winners", "busy", "errors", "grade"]
            .map(|field| row[field].to_string())
            .join(" ")
    };
    rows.iter().map(of).collect()
}

#[track_caller]
fn check(lock: &str, scenario: &str) {
    let line = match programs::line("seed.c", &format!("{lock} {{lock}}")) {
        Ok(line) if takes_programs() => line,
        Ok(_) => panic!("this onewinner explores no programs"),
        Err(missing) => ignore_without(&missing),
    };
    let primitive = explore_primitive(lock, scenario).document;
    for search in [NO_BOUND, EACH_CLASS] {
        let program = explore(&Program::Driver(line.clone()), &format!("{scenario} {search}"));
        if program.words().contains("failed to trace a process") {
            ignore(Capability::Ptrace, program.words());
        }
        let found = outcomes(&program.document);
        assert_eq!(found, outcomes(&primitive), "{lock}, {scenario} {search}");
        assert!(!found.is_empty());
    }
}

/// Checks that a driver has this number of classes of schedules, and that each is run once.
#[track_caller]
fn check_classes(source: &str, arguments: &str, scenario: &str, classes: u64) {
    let line = programs::line(source, arguments).unwrap_or_else(|missing| ignore_without(&missing));
    let answer = explore(&Program::Driver(line), &format!("{scenario} {EACH_CLASS}"));
    if answer.words().contains("failed to trace a process") {
        ignore(Capability::Ptrace, answer.words());
    }
    let coverage = &answer.document["results"][0]["coverage"];
    assert_eq!(coverage["extent"]["extent"], "complete", "{}", answer.document);
    assert_eq!(coverage["executions"], classes, "{source}, {scenario}");
}

macro_rules! facts {
    ($($name:ident: $lock:literal, $scenario:literal;)*) => {
        /// The tests of this file.
        pub(crate) fn tests() -> Vec<Test> {
            let classes = Test::new("programs_have_the_classes_that_were_counted_by_hand", the_classes_of_programs);
            vec![$(Test::new(stringify!($name), || check($lock, $scenario)),)* classes]
        }
    };
}

facts! {
    create_new_contended_by_two: "create-new", "--scenario contend -n 2";
    create_new_contended_by_three: "create-new", "--scenario contend -n 3";
    create_new_in_cycles_of_two: "create-new", "--scenario cycle -n 2";
    create_new_in_cycles_of_three: "create-new", "--scenario cycle -n 3";
    create_new_in_two_rounds: "create-new", "--scenario cycle -n 2 --rounds 2";
    stat_then_write_contended_by_two: "stat-then-write", "--scenario contend -n 2";
}

/// The numbers are those of the same locks over `Fs`, counted by hand for the golden tests.
fn the_classes_of_programs() {
    for (source, arguments, scenario, classes) in [
        ("seed.c", "create-new {lock}", "--scenario contend -n 3", 3),
        ("seed.c", "create-new {lock}", "--scenario cycle -n 3", 21),
        ("seed.c", "create-new {lock}", "--scenario cycle -n 2 --rounds 2", 26),
        ("flock-kept.c", "try {lock}", "--scenario contend -n 3", 9),
        ("flock-kept.c", "try {lock}", "--scenario cycle -n 3", 63),
        ("seed.pl", "create-new {lock}", "--scenario cycle -n 3", 21),
        ("seed.py", "create-new {lock}", "--scenario contend -n 3", 3),
    ] {
        check_classes(source, arguments, scenario, classes);
    }
}
