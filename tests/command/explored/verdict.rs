//! What a verdict on a program means: what decides it, what is a warning or a fact beside it, and that a violation replays.

use serde_json::Value;

use super::run::{Answer, Program, explore, takes_programs};
use super::{ignore_without, judge, programs, replays};
use crate::harness::{Capability, Test, ignore, tests};

/// Explores a driver of this folder.
fn explored(source: &str, arguments: &str) -> Answer {
    let line = match programs::line(source, "{lock}") {
        Ok(line) if takes_programs() => line,
        Ok(_) => panic!("this onewinner explores no programs"),
        Err(missing) => ignore_without(&missing),
    };
    let answer = explore(&Program::Driver(line), arguments);
    if answer.words().contains("failed to trace a process") {
        ignore(Capability::Ptrace, answer.words());
    }
    answer
}

/// The one verdict of an answer.
fn single(answer: &Answer) -> Value {
    match judge::results(&answer.document) {
        [result] => result.clone(),
        results => panic!("{} verdicts\n{}", results.len(), answer.stderr),
    }
}

/// The lock holds, and this property is a warning with its interleaving and its consequence.
fn warns(source: &str, arguments: &str, property: &str) {
    let answer = explored(source, arguments);
    assert_eq!(answer.code, Some(0), "{}\n{}", answer.words(), answer.stderr);
    let result = single(&answer);
    let warnings = result["warnings"].as_array().cloned().unwrap_or_default();
    let warning = warnings.iter().find(|warning| warning["property"] == property);
    let warning = warning.unwrap_or_else(|| panic!("{result}"));
    assert!(!warning["sentence"].to_string().is_empty() && warning["consequence"].to_string().len() > 10);
    assert!(
        warning["execution"]["history"]["events"]
            .as_array()
            .is_some_and(|events| !events.is_empty())
    );
}

/// The lock is violated by this property, in a sentence with these words, and that replays.
fn violates(source: &str, arguments: &str, property: &str, words: &str) {
    let answer = explored(source, arguments);
    assert_eq!(answer.code, Some(1), "{}\n{}", answer.words(), answer.stderr);
    let results = judge::results(&answer.document);
    let violated = results.iter().find(|result| result["verdict"] == "violated");
    let violated = violated.expect("the exit code says so");
    assert_eq!(violated["property"], property, "{}", answer.words());
    assert!(violated["sentence"].to_string().contains(words), "{}", answer.words());
    replays(answer);
}

fn what_losers_write_into_the_file_of_the_holder_is_a_warning() {
    warns("writes-first.sh", "--scenario contend -n 2 --preemptions 1", "only-own");
}

fn a_lock_beside_the_requested_path_is_a_warning() {
    warns("beside.sh", "--scenario contend -n 2 --preemptions 1", "place");
}

fn a_holder_that_ends_by_an_error_is_judged_and_two_holders_come_first() {
    violates(
        "dies-at-release.sh",
        "--scenario cycle -n 2",
        "mutual-exclusion",
        "hold the lock at once",
    );
}

fn a_release_that_ends_by_an_error_is_reported_with_its_message() {
    let words = "exit code 3: stuck.sh: error: the lock is stuck";
    violates("stuck.sh", "--scenario cycle -n 2", "losers-result", words);
}

fn a_lock_that_nobody_gets_is_reported_with_the_error_of_the_program() {
    violates(
        "refuses.sh",
        "--scenario contend -n 2",
        "at-least-one-winner",
        "the service is down",
    );
}

fn what_contenders_do_after_the_violation_is_not_compared() {
    violates(
        "random-release.sh",
        "--scenario cycle -n 2",
        "mutual-exclusion",
        "hold the lock at once",
    );
}

fn three_processes_asked_for_keep_the_cycle() {
    violates(
        "flock-unlink.sh",
        "-n 3 --preemptions 1",
        "mutual-exclusion",
        "hold the lock at once",
    );
}

fn rounds_asked_for_keep_the_small_configurations() {
    let answer = explored("stuck.sh", "--rounds 2 -n 2 --preemptions 0");
    assert_eq!(answer.code, Some(1), "{}", answer.words());
    let scenarios: Vec<String> = judge::results(&answer.document)
        .iter()
        .map(|result| result["coverage"]["scenario"].to_string())
        .collect();
    // A release that fails does not end the ladder: a later configuration may show two holders.
    assert!(scenarios.len() > 2, "{scenarios:?}");
}

fn what_happens_after_a_crash_is_a_fact_unless_it_is_asked_for() {
    let answer = explored("beside.sh", "-n 2 --preemptions 0");
    assert_eq!(answer.code, Some(0), "{}\n{}", answer.words(), answer.stderr);
    let results = judge::results(&answer.document);
    let noted = results.iter().find(|result| result["verdict"] == "noted");
    let noted = noted.expect("a stale lock is part of the ladder");
    assert!(noted["fact"].to_string().contains("remove the file by hand"), "{noted}");
    let killed = results.iter().find(|result| result["coverage"]["vary"] == "kill");
    let killed = killed.expect("a kill is part of the ladder");
    assert!(
        killed["coverage"]["crash"]["busy"]
            .as_u64()
            .is_some_and(|busy| busy > 0),
        "{killed}"
    );
    let asked = explored("beside.sh", "-n 2 --preemptions 0 --stale 1h");
    assert_eq!(asked.code, Some(3), "{}\n{}", asked.words(), asked.stderr);
}

/// Contenders are copied, although they cannot be at their first controlled call. The verdict is that of a lock that holds.
fn is_copied(source: &str) {
    let answer = explored(source, "-n 2 --scenario cycle --preemptions 1");
    assert_eq!(answer.code, Some(0), "{}\n{}", answer.words(), answer.stderr);
    let coverage = single(&answer)["coverage"].to_string();
    if coverage.contains("numbers of processes cannot be chosen") {
        ignore(Capability::Namespaces, "contenders are not copied");
    }
    assert!(
        coverage.contains("forked from a process that was started once"),
        "{coverage}"
    );
}

fn a_shell_whose_child_makes_the_first_call_is_copied() {
    is_copied("mkdir-in-child.sh");
}

fn a_program_that_opens_a_socket_first_is_copied() {
    is_copied("socket-first.py");
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_shell_whose_child_makes_the_first_call_is_copied,
        a_program_that_opens_a_socket_first_is_copied,
        what_losers_write_into_the_file_of_the_holder_is_a_warning,
        a_lock_beside_the_requested_path_is_a_warning,
        a_holder_that_ends_by_an_error_is_judged_and_two_holders_come_first,
        a_release_that_ends_by_an_error_is_reported_with_its_message,
        a_lock_that_nobody_gets_is_reported_with_the_error_of_the_program,
        what_contenders_do_after_the_violation_is_not_compared,
        three_processes_asked_for_keep_the_cycle,
        rounds_asked_for_keep_the_small_configurations,
        what_happens_after_a_crash_is_a_fact_unless_it_is_asked_for,
    ]
}
