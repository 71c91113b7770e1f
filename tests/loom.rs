//! loom's outcomes equal those of the exhaustive search on the simulated file system.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onewinner::backend::loom::{Bounds, Modeled, model};
use onewinner::backend::sim;
use onewinner::explore::{Exhaustive, Limits, Random, Scheduler, Stop};
use onewinner::history::{AttemptResult, Execution, Outcome};
use onewinner::id::ProcessId;
use onewinner::primitive::{self, LockPrimitive};
use onewinner::scenario::Scenario;

const BOUNDS: Bounds = Bounds {
    executions: 1_000_000,
    preemptions: None,
    time: Duration::from_secs(200),
};

/// Who got what, and what is left: finer than the table that is shown.
type Result = (Outcome, Vec<(ProcessId, bool, bool)>);

fn result(execution: &Execution) -> Result {
    let mut attempts: Vec<_> = execution
        .history
        .attempts()
        .iter()
        .map(|attempt| {
            (
                attempt.process,
                attempt.acquired(),
                attempt.result == AttemptResult::Busy,
            )
        })
        .collect();
    attempts.sort_by_key(|(process, ..)| *process);
    (Outcome::of(&execution.history), attempts)
}

fn under_loom(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    bounds: Bounds,
) -> (Modeled, BTreeMap<Result, u64>) {
    let results = Arc::new(Mutex::new(BTreeMap::new()));
    let seen = Arc::clone(&results);
    let modeled = model(primitive, scenario, bounds, &Arc::default(), move |execution| {
        *seen
            .lock()
            .expect("one thread runs at a time")
            .entry(result(&execution))
            .or_default() += 1;
    });
    let results = results.lock().expect("loom is done").clone();
    (modeled, results)
}

fn check(name: &str, scenario: &Scenario) {
    let limits = Limits {
        time: Duration::from_secs(900),
        ..Limits::default()
    };
    let stop = check_against(name, scenario, &mut Exhaustive::new(), limits);
    assert_eq!(stop, Stop::Exhausted);
}

fn check_against(name: &str, scenario: &Scenario, scheduler: &mut dyn Scheduler, limits: Limits) -> Stop {
    let primitive = primitive::by_name(name).expect("shipped");
    let (modeled, loom) = under_loom(primitive, scenario, BOUNDS);
    assert_eq!((modeled.searched.stop, modeled.crossed), (Stop::Exhausted, false));
    let mut simulated = BTreeMap::<Result, u64>::new();
    let searched = sim::explore(primitive, scenario, scheduler, limits, &mut |execution| {
        *simulated.entry(result(&execution)).or_default() += 1;
        ControlFlow::Continue(())
    });
    assert!(
        loom.keys().eq(simulated.keys()),
        "{name}, {scenario}: loom {loom:#?}, sim {simulated:#?}"
    );
    searched.stop
}

#[test]
fn create_new_with_2_to_4_contenders() {
    for processes in 2..=4 {
        check("create-new", &Scenario::contend(processes));
    }
}

#[test]
fn stat_then_write_with_2_and_3_contenders() {
    for processes in 2..=3 {
        check("stat-then-write", &Scenario::contend(processes));
    }
}

#[test]
fn cycles_with_2_contenders() {
    check("create-new", &Scenario::cycle(2, 1));
    check("create-new", &Scenario::cycle(2, 2));
    check("stat-then-write", &Scenario::cycle(2, 1));
}

/// The 1,428,574 interleavings of the second are left to the slow suite; here a sample of them stands for all.
#[test]
fn hub_sync_with_2_contenders() {
    check("create-new", &Scenario::hub_sync(2));
    let limits = Limits {
        executions: 30_000,
        ..Limits::default()
    };
    check_against("stat-then-write", &Scenario::hub_sync(2), &mut Random::new(1), limits);
}

#[test]
#[ignore = "slow suite: run with cargo test --release --test loom -- --ignored"]
fn hub_sync_with_2_contenders_in_every_interleaving() {
    check("stat-then-write", &Scenario::hub_sync(2));
}
