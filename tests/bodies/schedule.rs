//! Any bytes as a schedule: contenders on the simulated file system, and no property is violated in whatever order.
//!
//! One body, run by proptest (`tests/portable/schedules.rs`) and by the fuzzer (`fuzz/fuzz_targets/schedule.rs`). Knows neither.
//! The simulated kernel checks itself after each call, in debug builds.

use std::ops::ControlFlow;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Begin, Choice, ChoicePoint, Covered, Limits, Scheduler};
use onewinner_core::history::{End, Execution};
use onewinner_core::primitive::{self, Expectation, LockPrimitive};
use onewinner_core::property;
use onewinner_core::scenario::{Scenario, ScenarioKind};

/// Checks every lock that claims to let exactly one in.
pub(crate) fn check(bytes: &[u8]) {
    let claims_one = |lock: &&&dyn LockPrimitive| lock.expectation() == Expectation::ExactlyOneWinner;
    for lock in primitive::ALL.iter().filter(claims_one) {
        if let Some(violation) = violation(*lock, bytes) {
            panic!("{violation}");
        }
    }
}

/// What the lock violates under the schedule that these bytes stand for, in a text to replay it by.
pub(crate) fn violation(lock: &'static dyn LockPrimitive, bytes: &[u8]) -> Option<String> {
    let (head, choices) = bytes.split_at(bytes.len().min(2));
    let scenario = scenario(head);
    let execution = follow(lock, &scenario, choices);
    assert_eq!(execution.end, End::Completed, "{} in {scenario}", lock.name());
    let (property, violation) = property::first_violation(&execution.history)?;
    let (name, sentence, schedule) = (lock.name(), violation.sentence, execution.schedule);
    Some(format!(
        "{name} in {scenario} violates {}: {sentence}; {schedule}",
        property.name()
    ))
}

/// The first two bytes: how many contend, and what they do.
fn scenario(head: &[u8]) -> Scenario {
    let byte = |at| head.get(at).copied().unwrap_or(0);
    let processes = 2 + usize::from(byte(0) % 4);
    let rounds = 1 + u32::from(byte(1) / 3 % 3);
    let kind = ScenarioKind::Cycle { rounds };
    match byte(1) % 3 {
        0 => Scenario::contend(processes),
        1 => Scenario::cycle(processes, rounds),
        _ => Scenario {
            kind,
            ..Scenario::hub_sync(processes)
        },
    }
}

/// One execution; each choice is the next byte, and the first enabled process when there are no more.
struct Bytes<'a> {
    all: &'a [u8],
    choices: std::slice::Iter<'a, u8>,
    begun: bool,
}

impl Scheduler for Bytes<'_> {
    fn begin(&mut self) -> Begin {
        if std::mem::replace(&mut self.begun, true) {
            Begin::Exhausted
        } else {
            Begin::Another
        }
    }

    fn again(&mut self) {
        self.choices = self.all.iter();
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        let choice = self.choices.next().copied().unwrap_or(0);
        Choice::Step(now.enabled[usize::from(choice) % now.enabled.len()])
    }

    fn covered(&self) -> Covered {
        Covered::Some
    }
}

fn follow(lock: &'static dyn LockPrimitive, scenario: &Scenario, choices: &[u8]) -> Execution {
    let mut scheduler = Bytes {
        all: choices,
        choices: choices.iter(),
        begun: false,
    };
    let mut followed = None;
    sim::explore(lock, scenario, &mut scheduler, Limits::default(), &mut |execution| {
        followed = Some(execution);
        ControlFlow::Continue(())
    });
    followed.expect("a scheduler with one execution runs it")
}
