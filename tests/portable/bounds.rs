//! Bounded search: how many classes each number of preemptions reaches, and that preempting at conflicts alone loses none.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Bounded, Covered, Dpor, Limits, Pct, Scheduler, Stop};
use onewinner_core::happens_before::Class;
use onewinner_core::primitive::{CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::property;
use onewinner_core::scenario::Scenario;

const LIMITS: Limits = Limits {
    executions: 2_000_000,
    steps: 1_000,
    time: Duration::from_secs(1_800),
};

/// The classes that were seen, how many executions it took, and what was covered.
fn classes(
    lock: &'static dyn LockPrimitive,
    scenario: &Scenario,
    scheduler: &mut dyn Scheduler,
) -> (BTreeSet<Class>, u64, Covered) {
    let mut classes = BTreeSet::new();
    let searched = sim::explore(lock, scenario, scheduler, LIMITS, &mut |execution| {
        classes.insert(Class::of(scenario.participants(), &execution.history.steps()));
        ControlFlow::Continue(())
    });
    assert_eq!(searched.stop, Stop::Exhausted);
    (classes, searched.executions, searched.covered)
}

#[test]
fn each_preemption_more_reaches_more_classes_until_there_are_none_left() {
    for scenario in [Scenario::contend(3), Scenario::cycle(3, 1), Scenario::cycle(2, 2)] {
        let (all, ..) = classes(&StatThenWrite, &scenario, &mut Dpor::new());
        let mut reached = BTreeSet::new();
        for most in 0.. {
            let (within, _, covered) = classes(&StatThenWrite, &scenario, &mut Bounded::new(most));
            let (everywhere, _, _) = classes(&StatThenWrite, &scenario, &mut Bounded::everywhere(most));
            eprintln!(
                "{scenario}: {most} preemptions, {} of {} classes",
                within.len(),
                all.len()
            );
            assert!(within == everywhere, "{scenario}: {most} preemptions");
            assert!(within.is_superset(&reached) && within.is_subset(&all));
            reached = within;
            if covered == Covered::Everything {
                break;
            }
            assert_eq!(covered, Covered::Preemptions(most));
        }
        assert!(reached == all, "{scenario}");
    }
}

#[test]
fn a_search_that_is_cut_reports_the_level_that_it_has_completed() {
    let (lock, scenario) = (&StatThenWrite, Scenario::cycle(3, 1));
    let levels: Vec<_> = (0..4)
        .map(|most| classes(lock, &scenario, &mut Bounded::new(most)))
        .collect();
    let mut reported = BTreeSet::new();
    // One execution is run before all levels, and in no more than those of a level it is not complete.
    for executions in (1..levels[3].1).step_by(29) {
        let limits = Limits { executions, ..LIMITS };
        let mut seen = BTreeSet::new();
        let mut bounded = Bounded::new(50);
        let searched = sim::explore(lock, &scenario, &mut bounded, limits, &mut |execution| {
            seen.insert(Class::of(scenario.participants(), &execution.history.steps()));
            ControlFlow::Continue(())
        });
        assert_eq!(searched.stop, Stop::Executions);
        let run = levels.iter().take_while(|(_, needed, _)| *needed <= executions).count();
        let Some(most) = run.checked_sub(1) else {
            assert_eq!(searched.covered, Covered::Some, "{executions} executions");
            continue;
        };
        assert_eq!(
            searched.covered,
            Covered::Preemptions(most as u32),
            "{executions} executions"
        );
        assert!(seen.is_superset(&levels[most].0), "{executions} executions");
        reported.insert(most);
    }
    assert!(reported.len() > 2, "{reported:?}");
}

#[test]
fn the_first_execution_of_a_bounded_search_shows_what_comes_of_looking_first() {
    for scenario in (2..5).flat_map(|processes| [Scenario::contend(processes), Scenario::cycle(processes, 1)]) {
        let limits = Limits {
            executions: 1,
            ..LIMITS
        };
        let mut violated = false;
        let mut bounded = Bounded::new(0);
        sim::explore(&StatThenWrite, &scenario, &mut bounded, limits, &mut |execution| {
            violated = property::first_violation(&execution.history).is_some();
            ControlFlow::Continue(())
        });
        assert!(violated, "{scenario}");
    }
}

#[test]
fn where_nothing_else_is_shared_there_is_little_to_preempt() {
    let scenario = Scenario::contend(3);
    let (some, executions, covered) = classes(&CreateNew, &scenario, &mut Bounded::new(10));
    let (all, everywhere, _) = classes(&CreateNew, &scenario, &mut Bounded::everywhere(10));
    assert_eq!((covered, some.len()), (Covered::Everything, all.len()));
    assert!(executions * 2 < everywhere, "{executions} of {everywhere} executions");
}

#[test]
fn few_changes_of_priority_find_what_needs_few_preemptions() {
    let limits = Limits {
        executions: 1_000,
        ..LIMITS
    };
    let mut violating = 0;
    let mut pct = Pct::new(1, 3);
    let searched = sim::explore(
        &StatThenWrite,
        &Scenario::contend(2),
        &mut pct,
        limits,
        &mut |execution| {
            violating += u32::from(property::first_violation(&execution.history).is_some());
            ControlFlow::Continue(())
        },
    );
    assert_eq!(searched.stop, Stop::Executions);
    // 1 / (n·k^(d−1)) with 2 processes and 8 steps.
    assert!(violating >= 1_000 / (2 * 8 * 8), "{violating} of 1000");
}
