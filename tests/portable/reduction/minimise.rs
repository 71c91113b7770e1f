//! The best order of a class, against all of them; and minimising, which must not run more than it may.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use onewinner_core::explore::{Exhaustive, Replay, fewest_preemptions, minimise, preemptions, search};
use onewinner_core::fs::Flock;
use onewinner_core::fs::call::Call;
use onewinner_core::happens_before::{Class, Step};
use onewinner_core::schedule::Schedule;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::program::{LIMITS, Program, Running};
use super::random::random_program;

/// All classes, each with the steps of one execution and the fewest preemptions of any.
fn classes(program: &Program) -> BTreeMap<Class, (Vec<Step>, usize)> {
    let mut classes = BTreeMap::new();
    search(
        &mut Running::new(program),
        &mut Exhaustive::new(),
        LIMITS,
        &mut |world: &mut Running<'_>, schedule, _| {
            let taken = preemptions(&schedule);
            let (_, least) = classes
                .entry(Class::of(4, &world.steps))
                .or_insert_with(|| (world.steps.clone(), taken));
            *least = taken.min(*least);
            ControlFlow::Continue(())
        },
    );
    classes
}

fn led(program: &Program, schedule: &Schedule) -> Vec<Step> {
    let mut world = Running::new(program);
    search(
        &mut world,
        &mut Replay::guided(schedule.clone()),
        LIMITS,
        &mut |_, _, _| ControlFlow::Continue(()),
    );
    world.steps
}

#[test]
fn the_best_order_of_a_class_is_of_the_class_and_none_is_better() {
    let mut generator = ChaCha8Rng::seed_from_u64(21);
    let mut improved = 0;
    for _ in 0..300 {
        let program = random_program(&mut generator);
        for (class, (steps, least)) in classes(&program) {
            let best = fewest_preemptions(&steps);
            assert_eq!(preemptions(&best), least, "{best}\n{program}");
            assert_eq!(Class::of(4, &led(&program, &best)), class, "{best}\n{program}");
            let first: Schedule = steps.iter().map(|step| step.process).collect();
            improved += u32::from(least < preemptions(&first));
        }
    }
    assert!(improved > 100, "{improved} orders were not the best already");
}

/// Whether somebody may have to be left until another has done something.
fn waits(program: &Program) -> bool {
    let waits = |call: &Call| match call {
        Call::Await { .. } => true,
        Call::Flock { operation, .. } => *operation == Flock::Exclusive,
        _ => false,
    };
    program.processes.iter().flatten().any(waits)
}

#[test]
fn what_every_schedule_shows_is_shown_without_a_preemption() {
    let mut generator = ChaCha8Rng::seed_from_u64(22);
    let random = std::iter::repeat_with(|| random_program(&mut generator));
    for program in random.filter(|program| !waits(program)).take(50) {
        for (steps, _) in classes(&program).into_values() {
            let schedule = minimise(&steps, 1_000, &mut |schedule| Some(led(&program, schedule)));
            assert_eq!(preemptions(&schedule), 0, "{schedule}\n{program}");
        }
    }
}

#[test]
fn no_more_schedules_are_tried_than_allowed_and_what_nobody_shows_stays() {
    let program = Program::of("", &["create A; unlink A; create A", "create A; unlink A; create A"]);
    let schedule: Schedule = "P0 P1 P0 P1 P0 P1".parse().expect("a schedule");
    let steps = led(&program, &schedule);
    for tries in [0, 1, 2, 3] {
        let tried = Cell::new(0);
        let kept = minimise(&steps, tries, &mut |_| {
            tried.set(tried.get() + 1);
            None
        });
        assert_eq!((kept, tried.get()), (schedule.clone(), tries));
    }
}
