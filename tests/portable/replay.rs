//! Counterexample files: what was found is found again, what was changed is noticed where it was, the rest is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use onewinner_check::counterexample::Saved;
use onewinner_check::program_context::{ProgramContext, ProgramFile};
use onewinner_check::replay::Replayed;
use onewinner_check::{Backend, Plan, check, ignore_events};
use onewinner_core::backend::BackendKind;
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::fs::Errno;
use onewinner_core::fs::call::Call;
use onewinner_core::fs::inject::Injection;
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{CreateNew, StatThenWrite};
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Program, ProgramKind, Scenario, Subject};
use onewinner_core::verdict::{Counterexample, Verdict};
use serde_json::{Value, json};

fn counterexample(scenario: &Scenario) -> (Saved, Counterexample) {
    let limits = Limits {
        executions: 200,
        ..Limits::default()
    };
    let plan = Plan {
        subject: Subject::Primitive(&StatThenWrite),
        scenario: scenario.clone(),
        fault_sweep: FaultSweep::Nothing,
        backend: Backend::Sim {
            strategy: Strategy::Random { seed: 7 },
            limits,
        },
        seed: 7,
        judged: Judging::All,
    };
    let judged = check(&plan, &Arc::new(AtomicBool::new(false)), &ignore_events()).expect("the world can be made");
    let Verdict::Violated(shown) = judged.verdict else {
        panic!("{scenario}: {:?}", judged.verdict);
    };
    (Saved::new(&plan, &shown), *shown)
}

fn two_winners() -> Saved {
    counterexample(&Scenario::contend(2)).0
}

/// Writes the text to a file and reads it as a counterexample.
fn read(text: impl AsRef<[u8]>) -> Result<Saved, String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("found.json");
    fs::write(&path, text).expect("the directory is ours");
    Saved::read(&path).map_err(|error| error.to_string())
}

fn check_diverges(saved: &Saved, at: usize, expecting: &str, finding: &str) {
    let Replayed::Diverged { step, expected, found } = saved.replay().expect("sim follows it") else {
        panic!("{saved:?}");
    };
    assert_eq!(step, at, "expected {expected}, found {found}");
    assert!(expected.contains(expecting), "{expected}");
    assert!(found.contains(finding), "{found}");
}

#[test]
fn a_saved_counterexample_is_read_back_and_replays_to_the_same_history() {
    let failing_write = Scenario::fault(Injection {
        call: 2,
        errno: Errno::ENOSPC,
    });
    for (scenario, property) in [
        (Scenario::contend(2), "at-most-one-winner"),
        (Scenario::contend(5), "at-most-one-winner"),
        (Scenario::cycle(2, 1), "mutual-exclusion"),
        (Scenario::cycle(3, 2), "mutual-exclusion"),
        (Scenario::hub_sync(2), "mutual-exclusion"),
        (failing_write, "no-leak"),
    ] {
        let (saved, shown) = counterexample(&scenario);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("found.json");
        saved.write(&path).expect("the directory is ours");
        let again = Saved::read(&path).expect("just written");
        assert_eq!(again, saved, "{scenario}");
        let Replayed::Reproduced(found) = again.replay().expect("sim follows it") else {
            panic!("{scenario}: {:?}", again.replay());
        };
        assert_eq!(found.execution, shown.execution, "{scenario}");
        assert_eq!(
            (found.property, &found.sentence),
            (property, &shown.sentence),
            "{scenario}"
        );
    }
}

#[test]
fn a_counterexample_of_a_program_is_read_back_with_its_directories() {
    let program = Program::new(ProgramKind::Driver, "sh 'my driver.sh' {lock}");
    let saved = Saved {
        subject: Subject::Program(program),
        backend: BackendKind::Traced,
        directories: vec!["/one".into(), "/other".into()],
        ..two_winners()
    };
    let text = serde_json::to_string(&saved).expect("JSON");
    assert_eq!(read(text).expect("just written"), saved);
}

#[test]
fn a_file_of_a_program_that_has_changed_or_is_gone_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("driver.sh");
    let context = |checksum: &str| ProgramContext {
        working_directory: directory.path().to_owned(),
        variables: BTreeMap::new(),
        files: vec![ProgramFile {
            path: path.clone(),
            bytes: 1,
            checksum: Some(checksum.to_owned()),
        }],
    };
    let changes = |checksum: &str| {
        let mut changes = context(checksum).changes();
        changes.retain(|change| !change.starts_with("the variable "));
        changes.join("\n")
    };
    fs::write(&path, "a").expect("the directory is ours");
    assert_eq!(changes("af63dc4c8601ec8c"), "");
    assert!(changes("af63dc4c8601ec8d").ends_with("is another file now"));
    fs::remove_file(&path).expect("the directory is ours");
    assert!(changes("af63dc4c8601ec8c").contains("cannot be read now"));
    let set = context("").changes();
    assert!(
        set.iter()
            .any(|change| change.starts_with("the variable PATH was not set, and is ")),
        "{set:?}"
    );
    let saved = Saved {
        program: Some(context("0")),
        ..two_winners()
    };
    let text = serde_json::to_string(&saved).expect("JSON");
    assert_eq!(read(text).expect("just written"), saved);
}

#[test]
fn a_changed_reply_call_or_caller_diverges_at_its_step() {
    let sound = two_winners();
    for step in 0..sound.calls.len() {
        let mut saved = sound.clone();
        saved.calls[step].reply = Err(Errno::EIO);
        check_diverges(&saved, step, "= EIO", "= ");

        let mut saved = sound.clone();
        saved.calls[step].call = Call::Unlink { path: "/other".into() };
        check_diverges(&saved, step, "unlink(\"/other\")", "= ");

        let mut saved = sound.clone();
        saved.calls[step].process = ProcessId(9);
        check_diverges(&saved, step, "P9 ", "P");

        let mut saved = sound.clone();
        saved.calls.truncate(step);
        check_diverges(&saved, step, "no further call", "P");
    }
}

#[test]
fn a_changed_schedule_diverges_at_its_step() {
    let sound = two_winners();
    let steps = sound.schedule.steps().to_vec();
    for step in 0..steps.len() {
        let mut saved = sound.clone();
        saved.schedule = steps[..step].iter().copied().collect();
        check_diverges(&saved, step, "P", "no further call");

        let mut absent = steps.clone();
        absent[step] = ProcessId(7);
        saved.schedule = absent.into_iter().collect();
        check_diverges(&saved, step, "P", "P7 has no step to take; enabled: P");
    }
    let mut saved = sound.clone();
    saved.schedule.push(ProcessId(0));
    check_diverges(&saved, steps.len(), "a step of P0", "no further call");

    let mut saved = sound;
    saved.schedule = steps.iter().map(|process| ProcessId(1 - process.0)).collect();
    check_diverges(&saved, 0, "P", "P");
}

#[test]
fn another_lock_or_fewer_processes_diverge() {
    let mut saved = two_winners();
    saved.subject = Subject::Primitive(&CreateNew);
    check_diverges(&saved, 0, "stat(", "open(");

    let mut saved = two_winners();
    saved.scenario = Scenario::contend(1);
    let first_of_other = saved.calls.iter().position(|call| call.process == ProcessId(1));
    check_diverges(
        &saved,
        first_of_other.expect("both win"),
        "P1",
        "P1 has no step to take",
    );
}

#[test]
fn a_violation_of_another_property_is_not_the_one_that_was_saved() {
    let mut saved = two_winners();
    saved.property = "no-leak".to_owned();
    assert!(matches!(saved.replay(), Ok(Replayed::NotReproduced(_))));
}

#[test]
fn what_cannot_be_replayed_here_is_refused_in_one_line() {
    let sound = serde_json::to_value(two_winners()).expect("JSON");
    let changed = |path: &str, value: Value| {
        let mut changed = sound.clone();
        *changed.pointer_mut(path).expect("a field of the file") = value;
        changed.to_string()
    };
    let mut later = sound.clone();
    later["version"] = json!(4);
    later["minimised"] = json!({ "by": "nobody knows" });
    let mut unknown = sound.clone();
    unknown["broken\nfield"] = json!(1);
    let text = sound.to_string();
    for (text, part) in [
        (
            later.to_string(),
            "its version is 4, and this onewinner reads version 3",
        ),
        (changed("/version", json!("one")), "expected u32"),
        (
            changed("/format", json!("onewinner-report")),
            "its format is \"onewinner-report\"",
        ),
        (
            changed("/subject", json!({ "primitive": "no\nlock" })),
            "there is no lock \"no\\nlock\"",
        ),
        (
            changed("/subject", json!({ "program": { "kind": "wrap", "line": "true" } })),
            "sim cannot run the program",
        ),
        (
            changed("/property", json!("fairness")),
            "there is no property \"fairness\"",
        ),
        (changed("/backend", json!("paper")), "unknown variant `paper`"),
        (
            changed("/scenario/processes", json!(0)),
            "its number of processes, 0, is not from 1 to 64",
        ),
        (changed("/scenario/processes", json!(65)), "processes, 65,"),
        (
            changed("/scenario/processes", json!(200)),
            "its number of processes, 200, is not from 1 to 64",
        ),
        (changed("/scenario/processes", json!(-1)), "expected usize"),
        (changed("/schedule", json!("P0*9999999")), "expected a count from 1 to"),
        (
            changed("/schedule", json!("P0*1000000 P1")),
            "expected a count from 1 to",
        ),
        (
            changed("/schedule", json!("P0*10001")),
            "its schedule has 10001 steps, more than 10000",
        ),
        (changed("/schedule", json!("P0 Q")), "expected `P` and a number"),
        (changed("/calls/0/reply", json!({ "Err": "EWHAT" })), "`EWHAT`"),
        (unknown.to_string(), "unknown field `broken field`"),
        (text[..text.len() - 20].to_owned(), "EOF while parsing"),
        (format!("{text}{text}"), "trailing characters"),
        (String::new(), "EOF while parsing"),
        ("[1]".to_owned(), "invalid"),
        ("[".repeat(100_000), "expected a string"),
    ] {
        check_refused(&read(&text).expect_err(part), part);
    }
    check_refused(&read(b"\xff\xfe").expect_err("no UTF-8"), "UTF-8");
}

#[test]
fn a_directory_and_an_absent_file_are_refused_in_one_line() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let refused = |path: &Path| Saved::read(path).expect_err("no counterexample").to_string();
    check_refused(&refused(directory.path()), "it is not a regular file");
    check_refused(&refused(&directory.path().join("absent")), "No such file");
    let written = two_winners().write(directory.path()).expect_err("a directory");
    assert!(written.to_string().contains("name another file"), "{written}");
}

fn check_refused(message: &str, part: &str) {
    assert!(
        message.starts_with("failed to ") && message.contains(part),
        "{part}: {message}"
    );
    assert!(!message.contains(char::is_control), "{message:?}");
}
