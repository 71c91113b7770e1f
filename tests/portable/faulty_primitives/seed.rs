//! The regression test of the seed, on the simulated file system: 16 contenders, and a schedule in which all look first.

use std::iter::repeat_n;
use std::ops::ControlFlow;

use onewinner_core::backend::sim;
use onewinner_core::explore::Replay;
use onewinner_core::fs::Errno;
use onewinner_core::history::{End, Execution, Outcome};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::scenario::Scenario;
use onewinner_core::schedule::Schedule;

const CONTENDERS: usize = 16;

/// Every contender makes its first call; then each in turn makes its others, `rest` of each.
fn all_look_first(rest: &[usize]) -> Schedule {
    let contenders = || ProcessId::first(CONTENDERS);
    let others = contenders()
        .zip(rest)
        .flat_map(|(process, &calls)| repeat_n(process, calls));
    contenders().chain(others).collect()
}

fn follow(primitive: &'static dyn LockPrimitive, schedule: &Schedule) -> Execution {
    let mut followed = None;
    let mut replay = Replay::new(schedule.clone());
    let scenario = Scenario::contend(CONTENDERS);
    sim::explore(primitive, &scenario, &mut replay, super::LIMITS, &mut |execution| {
        followed = Some(execution);
        ControlFlow::Continue(())
    });
    let execution = followed.expect("one execution");
    assert_eq!((&execution.end, &execution.schedule), (&End::Completed, schedule));
    execution
}

fn outcome(execution: &Execution) -> (u32, u32, u32) {
    let Outcome {
        winners, busy, errors, ..
    } = Outcome::of(&execution.history);
    (winners, busy, errors)
}

#[test]
fn n_contenders_all_win_with_stat_then_write() {
    const OPEN_WRITE_CLOSE: usize = 3;
    let execution = follow(&StatThenWrite, &all_look_first(&[OPEN_WRITE_CLOSE; CONTENDERS]));
    assert_eq!(outcome(&execution), (16, 0, 0));
    let (property, violation) = onewinner_core::property::first_violation(&execution.history).expect("16 winners");
    assert_eq!(property.name(), "at-most-one-winner");
    assert!(violation.sentence.starts_with("16 of 16"), "{}", violation.sentence);
}

#[test]
fn n_contenders_exactly_one_wins_with_create_new_and_the_others_meet_already_exists() {
    let mut rest = [0; CONTENDERS];
    rest[0] = 1;
    let execution = follow(&CreateNew, &all_look_first(&rest));
    assert_eq!(outcome(&execution), (1, 15, 0));
    let replies = execution.history.calls().map(|(_, _, _, reply, _)| reply);
    assert_eq!(replies.filter(|reply| **reply == Err(Errno::EEXIST)).count(), 15);
    assert!(onewinner_core::property::first_violation(&execution.history).is_none());
}
