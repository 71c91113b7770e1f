//! From executions that let two in to some with the fewest preemptions that the protocol needs.

use std::ops::ControlFlow;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Dpor, Replay, Scheduler, minimise, preemptions};
use onewinner_core::happens_before::Step;
use onewinner_core::property;
use onewinner_core::scenario::Scenario;

use super::locks::*;
use super::{LIMITS, Lock};

/// More than it takes.
const TRIES: u32 = 500;

fn violating(lock: Lock, scenario: &Scenario, scheduler: &mut dyn Scheduler) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    sim::explore(lock, scenario, scheduler, LIMITS, &mut |execution| {
        if let Some((property, _)) = property::first_violation(&execution.history)
            && property.name() == "mutual-exclusion"
        {
            found.push(execution.history.steps());
        }
        ControlFlow::Continue(())
    });
    found
}

/// Between how many preemptions violating executions have once they are minimised.
fn check(lock: Lock, scenario: &Scenario, least: usize, most: usize) {
    let mut most_tried = 0;
    let found = violating(lock, scenario, &mut Dpor::new());
    let all: Vec<_> = found
        .iter()
        .map(|steps| {
            let mut tried = 0;
            let schedule = minimise(steps, TRIES, &mut |schedule| {
                tried += 1;
                violating(lock, scenario, &mut Replay::guided(schedule.clone())).pop()
            });
            most_tried = most_tried.max(tried);
            let again = violating(lock, scenario, &mut Replay::guided(schedule.clone()));
            assert_eq!(again.len(), 1, "{}: {schedule} shows nothing", lock.name());
            preemptions(&schedule)
        })
        .collect();
    eprintln!("{} in {scenario}: at most {most_tried} tries", lock.name());
    assert!(most_tried < TRIES, "{} in {scenario}", lock.name());
    let range = (all.iter().min(), all.iter().max());
    assert_eq!(range, (Some(&least), Some(&most)), "{} in {scenario}", lock.name());
}

#[test]
fn violations_come_down_to_the_preemptions_that_the_protocol_needs() {
    check(&FLOCK_UNLINK, &Scenario::cycle(3, 1), 1, 1);
    check(&FLOCK_UNLINK, &Scenario::cycle(2, 2), 1, 1);
    check(&HALF_FIX, &Scenario::cycle(3, 1), 2, 2);
    // From half of them no single move leads on.
    check(&ABSENT_AS_STALE, &Scenario::cycle(3, 1), 4, 5);
}
