//! The time to decide a scenario, `create-new` with four contenders: `sim` with every property judged, against loom in its
//! cheapest encoding. Prints the ratio of the times, measured in pairs, and the executions and steps per second of `sim`.
//!
//! `cargo bench --bench decide`

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onewinner_core::backend::{loom, sim};
use onewinner_core::explore::{Covered, Dpor, Limits, Searched, Stop};
use onewinner_core::primitive::{CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::property;
use onewinner_core::scenario::Scenario;

const PAIRS: usize = 5;
/// A search of `sim` is too short to be timed alone.
const TIMES: u32 = 1_000;

fn main() {
    let scenario = Scenario::contend(4);
    let mut ratios: Vec<f64> = (0..PAIRS)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..TIMES {
                assert_eq!(simulated(&CreateNew, &scenario).covered, Covered::Everything);
            }
            let simulated = began.elapsed() / TIMES;
            simulated.as_secs_f64() / modelled(&CreateNew, &scenario).as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "create-new, {scenario}, sim / loom, {PAIRS} pairs: median 1/{:.0}, from 1/{:.0} to 1/{:.0}",
        1.0 / ratios[PAIRS / 2],
        1.0 / ratios[0],
        1.0 / ratios[PAIRS - 1]
    );
    for (lock, scenario) in [
        (&CreateNew as &'static dyn LockPrimitive, Scenario::cycle(4, 2)),
        (&StatThenWrite, Scenario::cycle(3, 1)),
        (&StatThenWrite, Scenario::cycle(2, 2)),
    ] {
        rate(lock, &scenario);
    }
}

/// One execution of each class, on one thread, each judged.
fn simulated(lock: &'static dyn LockPrimitive, scenario: &Scenario) -> Searched {
    let limits = Limits {
        executions: 100_000,
        ..Limits::default()
    };
    sim::explore(lock, scenario, &mut Dpor::new(), limits, &mut |execution| {
        let _judged = property::first_violation(&execution.history);
        ControlFlow::Continue(())
    })
}

fn modelled(lock: &'static dyn LockPrimitive, scenario: &Scenario) -> Duration {
    let bounds = loom::Bounds {
        executions: 1_000_000,
        preemptions: None,
        time: Duration::from_secs(60),
    };
    let began = Instant::now();
    let searched = loom::model(lock, scenario, bounds, &Arc::default(), drop).searched;
    assert_eq!(searched.stop, Stop::Exhausted, "loom ran into a limit");
    began.elapsed()
}

fn rate(lock: &'static dyn LockPrimitive, scenario: &Scenario) {
    let (mut executions, mut steps) = (0, 0);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        let searched = simulated(lock, scenario);
        (executions, steps) = (executions + searched.executions, steps + searched.steps);
    }
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let (executions, steps) = (executions as f64 / seconds, steps as f64 / seconds);
    println!(
        "{}, {scenario}: {executions:.0} executions, {steps:.0} steps per second",
        lock.name()
    );
}
