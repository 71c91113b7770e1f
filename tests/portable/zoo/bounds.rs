//! How many classes a number of preemptions reaches, and classes whose violation shows only in another order of their steps.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Bounded, Covered, Dpor, Replay, Scheduler, Stop, relinearise};
use onewinner_core::happens_before::{Class, HappensBefore};
use onewinner_core::history::{Execution, History, What};
use onewinner_core::property::{self, Violation};
use onewinner_core::scenario::Scenario;

use super::locks::*;
use super::{LIMITS, Lock};

/// The classes of three processes with one round each, by the most preemptions allowed, from none on.
fn check_bounds(lock: Lock, classes: &[usize]) {
    for (most, expected) in (0..).zip(classes) {
        let (mut seen, mut executions) = (BTreeSet::new(), 0);
        let searched = sim::explore(
            lock,
            &Scenario::cycle(3, 1),
            &mut Bounded::new(most),
            LIMITS,
            &mut |execution| {
                executions += 1;
                // The first execution looks around, with as many preemptions as it takes.
                if executions > 1 {
                    seen.insert(Class::of(3, &execution.history.steps()));
                }
                ControlFlow::Continue(())
            },
        );
        assert_eq!(searched.stop, Stop::Exhausted);
        assert_eq!(seen.len(), *expected, "{} with {most} preemptions", lock.name());
    }
}

#[test]
fn classes_within_a_bound() {
    check_bounds(&FLOCK_UNLINK, &[6, 57, 183, 261, 261]);
    check_bounds(&HALF_FIX, &[6, 57, 255, 579, 843]);
    check_bounds(&ABSENT_AS_STALE, &[6, 21, 45, 75, 111]);
}

fn explore(lock: Lock, scheduler: &mut dyn Scheduler) -> Vec<(Execution, Violation)> {
    let mut found = Vec::new();
    sim::explore(lock, &Scenario::cycle(3, 1), scheduler, LIMITS, &mut |execution| {
        if let Some((property, violation)) = property::first_violation(&execution.history)
            && property.name() == "mutual-exclusion"
        {
            found.push((execution, violation));
        }
        ControlFlow::Continue(())
    });
    found
}

/// Whether two hold at one moment of the order that was run.
fn overlap_as_run(history: &History) -> bool {
    let attempts = history.attempts();
    let holds = attempts.iter().filter_map(|attempt| {
        let ends = attempt.hold_ends().unwrap_or(usize::MAX);
        Some((attempt.process, attempt.hold_begins()?, ends))
    });
    let holds: Vec<_> = holds.collect();
    holds.iter().any(|one| {
        let mut others = holds.iter().filter(|other| other.0 != one.0);
        others.any(|other| one.1 < other.2 && other.1 < one.2)
    })
}

/// The steps that the events of a violation are.
fn steps_of(history: &History, violation: &Violation) -> Vec<usize> {
    let performed = |event: &usize| {
        let before = history.events[..*event].iter();
        before
            .filter(|event| matches!(event.what, What::Performed { .. }))
            .count()
    };
    violation.events.iter().map(performed).collect()
}

#[test]
fn holds_that_overlap_in_another_order_of_the_class_overlap_when_it_is_run() {
    for lock in [&FLOCK_UNLINK as Lock, &FLOCK_UNLINK_WAITING, &HALF_FIX] {
        let found = explore(lock, &mut Dpor::new());
        let as_run = found.iter().filter(|(execution, _)| overlap_as_run(&execution.history));
        assert!(
            as_run.count() < found.len(),
            "{}: the order that was run shows all",
            lock.name()
        );
        assert_eq!(found.len(), 24, "{}", lock.name());
        for (execution, violation) in found {
            let (history, steps) = (&execution.history, execution.history.steps());
            let schedule = relinearise(&steps, &steps_of(history, &violation));
            let again = explore(lock, &mut Replay::new(schedule.clone()));
            let [(again, _)] = &again[..] else {
                panic!("{}: {schedule} breaks nothing", lock.name());
            };
            assert!(overlap_as_run(&again.history), "{}: {schedule}", lock.name());
            assert_eq!(Class::of(3, &again.history.steps()), Class::of(3, &steps));
        }
    }
}

/// The classes of four processes, too many to enumerate, by two searches that have nothing in common but the footprints.
#[test]
fn a_reduction_and_a_search_that_remembers_classes_agree_on_four_processes() {
    for (lock, classes) in [
        (&FLOCK_UNLINK as Lock, 7_864),
        (&FLOCK_UNLINK_WAITING, 4_368),
        (&FLOCK_KEPT, 592),
    ] {
        let seen = |scheduler: &mut dyn Scheduler| {
            let mut seen = BTreeSet::new();
            let scenario = Scenario::cycle(4, 1);
            let searched = sim::explore(lock, &scenario, scheduler, LIMITS, &mut |execution| {
                let steps = execution.history.steps();
                seen.insert(HappensBefore::of(4, &steps).digests(&steps).last());
                ControlFlow::Continue(())
            });
            assert_eq!(searched.covered, Covered::Everything);
            (seen, searched.executions)
        };
        let (reduced, executions) = seen(&mut Dpor::new());
        let (remembered, _) = seen(&mut Bounded::everywhere(1_000));
        assert_eq!(
            (reduced.len(), executions),
            (classes, classes as u64),
            "{}",
            lock.name()
        );
        assert!(reduced == remembered, "{}", lock.name());
    }
}
