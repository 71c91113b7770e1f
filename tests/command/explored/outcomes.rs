//! The same lock as a program and as a primitive, each searched to its end: what can come out is the same.
//!
//! One is judged on kernel objects, by a search that is bounded; the other on the simulated file system, by a reduction. Of a
//! wrong lock only small scenarios are searched to their end: a program's search stops soon after it has found something.

use std::collections::BTreeSet;

use serde_json::Value;

use super::run::{Program, explore, explore_primitive, takes_programs};
use super::{ignore_without, programs};
use crate::harness::{Capability, Test, ignore};

/// More than any schedule of these has.
const NO_BOUND: &str = "--preemptions 99";

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
    let program = explore(&Program::Driver(line), &format!("{scenario} {NO_BOUND}"));
    if program.words().contains("failed to trace a process") {
        ignore(Capability::Ptrace, program.words());
    }
    let primitive = explore_primitive(lock, scenario);
    let [program, primitive] = [&program, &primitive].map(|answer| outcomes(&answer.document));
    assert_eq!(program, primitive, "{lock}, {scenario}");
    assert!(!primitive.is_empty());
}

macro_rules! facts {
    ($($name:ident: $lock:literal, $scenario:literal;)*) => {
        /// The tests of this file.
        pub(crate) fn tests() -> Vec<Test> {
            vec![$(Test::new(stringify!($name), || check($lock, $scenario))),*]
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
