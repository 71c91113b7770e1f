//! Lock protocols from the literature, each small enough that its classes were counted by hand. The counts check footprints,
//! waiting and the judgement of overlap together.
//!
//! The counts are of complete searches; three tries for retry loops. Does not use `check`.

mod bounds;
pub(crate) mod every_call;
mod kills;
pub(crate) mod locks;
mod minimise;
mod rounds;
mod shipped;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Dpor, Exhaustive, Limits, Scheduler, Stop};
use onewinner_core::happens_before::Class;
use onewinner_core::history::End;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::property;
use onewinner_core::scenario::Scenario;

use locks::*;

pub(crate) const LIMITS: Limits = Limits {
    executions: 2_000_000,
    steps: 1_000,
    time: Duration::from_secs(1_800),
};

type Lock = &'static dyn LockPrimitive;

#[derive(Debug, PartialEq, Eq)]
struct Counted {
    executions: u64,
    classes: usize,
    /// Classes that break mutual exclusion.
    violating: usize,
}

fn count(lock: Lock, scenario: &Scenario, scheduler: &mut dyn Scheduler) -> Counted {
    let (mut classes, mut violating) = (BTreeSet::new(), BTreeSet::new());
    let searched = sim::explore(lock, scenario, scheduler, LIMITS, &mut |execution| {
        assert_eq!(execution.end, End::Completed);
        let class = Class::of(scenario.processes, &execution.history.steps());
        if let Some((property, violation)) = property::first_violation(&execution.history) {
            let sentence = violation.sentence;
            assert!(
                matches!(property.name(), "mutual-exclusion" | "only-own"),
                "{} in {scenario}: {sentence}",
                lock.name()
            );
            if property.name() == "mutual-exclusion" {
                violating.insert(class.clone());
            }
        }
        classes.insert(class);
        ControlFlow::Continue(())
    });
    assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
    Counted {
        executions: searched.executions,
        classes: classes.len(),
        violating: violating.len(),
    }
}

/// Classes of two processes with one round each and of three, and how many of the latter let two in.
fn check(lock: Lock, two: usize, three: usize, violating: usize) {
    for (processes, classes, violating) in [(2, two, 0), (3, three, violating)] {
        let scenario = Scenario::cycle(processes, 1);
        let expected = Counted {
            executions: classes as u64,
            classes,
            violating,
        };
        let found = count(lock, &scenario, &mut Dpor::new());
        assert_eq!(found, expected, "{} in {scenario}", lock.name());
    }
}

/// The same, by every interleaving.
fn check_all(lock: Lock, classes: usize, interleavings: u64, violating: usize) {
    let found = count(lock, &Scenario::cycle(3, 1), &mut Exhaustive::new());
    let expected = Counted {
        executions: interleavings,
        classes,
        violating,
    };
    assert_eq!(found, expected, "{}", lock.name());
}

#[test]
fn names() {
    check(&MKDIR, 4, 21, 0);
    check(&ABSENT_AS_STALE, 6, 159, 24);
    check(&ABSENT_RETRIES, 6, 111, 0);
}

#[test]
fn kernel_locks_that_are_tried() {
    check(&FLOCK_KEPT, 8, 63, 0);
    check(&FLOCK_UNLINK, 14, 261, 24);
    check(&NLINK_CHECK, 10, 387, 0);
    check(&HALF_FIX, 18, 1_017, 24);
}

#[test]
fn kernel_locks_that_are_waited_for() {
    check(&FLOCK_KEPT_WAITING, 4, 18, 0);
    check(&FLOCK_UNLINK_WAITING, 10, 156, 24);
}

#[test]
fn interleavings_of_kernel_locks() {
    check_all(&FLOCK_KEPT, 63, 1_680, 0);
    check_all(&FLOCK_UNLINK, 261, 12_798, 24);
    check_all(&FLOCK_KEPT_WAITING, 18, 168, 0);
    check_all(&FLOCK_UNLINK_WAITING, 156, 5_958, 24);
}
