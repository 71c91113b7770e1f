//! loom's outcomes equal those of the exhaustive search on the simulated file system.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onewinner_core::backend::loom::{Bounds, Modeled, model};
use onewinner_core::backend::sim;
use onewinner_core::explore::{Exhaustive, Limits, Random, Scheduler, Stop};
use onewinner_core::history::{AttemptResult, Execution, Outcome};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{self, LockPrimitive, StatThenWrite};
use onewinner_core::scenario::Scenario;

use super::zoo::every_call;

const BOUNDS: Bounds = Bounds {
    executions: 1_000_000,
    preemptions: None,
    time: Duration::from_secs(1_800),
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

fn limits() -> Limits {
    Limits {
        time: BOUNDS.time,
        ..Limits::default()
    }
}

fn check(name: &str, scenario: &Scenario) {
    let primitive = primitive::by_name(name).expect("shipped");
    let stop = check_against(primitive, scenario, &mut Exhaustive::new(), limits());
    assert_eq!(stop, Stop::Exhausted);
}

fn check_against(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    scheduler: &mut dyn Scheduler,
    limits: Limits,
) -> Stop {
    let name = primitive.name();
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

/// The slow suite runs the 1,428,574 interleavings of the second; this test samples them.
#[test]
fn hub_sync_with_2_contenders() {
    check("create-new", &Scenario::hub_sync(2));
    let limits = Limits {
        executions: 30_000,
        ..limits()
    };
    check_against(&StatThenWrite, &Scenario::hub_sync(2), &mut Random::new(1), limits);
}

/// A call that follows a link may touch what it would not have touched a moment before; the domain that it is announced with
/// is that of the link.
#[test]
fn links_record_locks_expiry_and_liveness_with_2_contenders() {
    for lock in every_call::ALL {
        for scenario in [Scenario::contend(2), Scenario::cycle(2, 1)] {
            let stop = check_against(lock, &scenario, &mut Exhaustive::new(), limits());
            assert_eq!(stop, Stop::Exhausted, "{}, {scenario}", lock.name);
        }
    }
}

#[test]
#[ignore = "slow suite: run with cargo test --release --test portable loom:: -- --ignored"]
fn hub_sync_with_2_contenders_in_every_interleaving() {
    check("stat-then-write", &Scenario::hub_sync(2));
}
