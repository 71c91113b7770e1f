//! Shows which classes DPOR loses when one of its rules is wrong.
//!
//! The sound rules are compared with every interleaving in `tests/portable/reduction/`, which cannot replace a private rule.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::*;
use crate::backend::sim;
use crate::explore::programs::program::{LIMITS, Program, Running, explore};
use crate::explore::{Bounded, Exhaustive};
use crate::happens_before::Class;
use crate::primitive::FlockUnlink;
use crate::property;
use crate::scenario::Scenario;

/// Checks that the rules lose classes of a program for some order of its processes and some preference.
fn check_loses(processes: &[&str], prepare: fn(Program) -> Program, classes: usize, rules: Rules) {
    let all_orders = orders(processes).map(|processes| prepare(Program::of("", &processes)));
    let found = all_orders.map(|program| {
        let all = explore(Running::new(&program), &mut Exhaustive::new());
        let sound = explore(Running::new(&program), &mut Dpor::new());
        assert_eq!(
            (all.classes.len(), &sound.classes),
            (classes, &all.classes),
            "{program}"
        );
        let wrong = || Dpor { rules, ..Dpor::new() };
        let staying = explore(Running::new(&program), &mut Cutting::at(u32::MAX, wrong()));
        let loading = explore(Running::new(&program), &mut wrong());
        staying.classes.len().min(loading.classes.len())
    });
    let least = found.min().expect("there is an order");
    assert!(least < classes, "nothing is lost: {processes:?}");
}

fn orders<'a>(processes: &[&'a str]) -> impl Iterator<Item = Vec<&'a str>> {
    let turned = (0..processes.len()).map(|turn| {
        let mut turned = processes.to_vec();
        turned.rotate_left(turn);
        turned
    });
    turned.flat_map(|turned| {
        let mut swapped = turned.clone();
        swapped.swap(0, 1);
        [turned, swapped]
    })
}

fn unchanged(program: Program) -> Program {
    program
}

/// A wrong rule: when the later step cannot be taken before an earlier one, no other step is tried.
fn not_below() -> Rules {
    Rules {
        below: |_, _, _| Vec::new(),
        ..Rules::default()
    }
}

#[test]
fn a_step_may_race_with_more_than_the_last_conflicting_one() {
    let last = Rules {
        nearest: |_, candidates| candidates.last().copied().into_iter().collect(),
        ..not_below()
    };
    check_loses(&["unlink A", "link B A", "excl B"], unchanged, 3, last);
}

#[test]
fn inherited_steps_must_be_checked_for_races_again() {
    let new_steps_only = Rules {
        looks_at: |position, old| position >= old,
        ..Rules::default()
    };
    let processes = [
        "create B; link B A",
        "create A; unlink B",
        "create B; unlink B; stat B; await-lock 0",
    ];
    check_loses(&processes, unchanged, 39, new_steps_only);
}

#[test]
fn steps_that_another_step_orders_do_not_race() {
    let every_pair = Rules {
        is_past: |_, _, _| false,
        nearest: |_, candidates| candidates.to_vec(),
        ..Rules::default()
    };
    let processes = ["stat A", "create A; unlink B", "excl B; rename A B"];
    check_loses(&processes, unchanged, 11, every_pair);
}

#[test]
fn a_step_also_races_with_one_before_the_step_that_enabled_it() {
    let names = ["excl A; unlink A", "excl A; unlink A"];
    check_loses(&names, Program::awaiting_names, 2, not_below());
    let locks = ["create A; lock 0; unlock 0; await-lock 0", "create A; await-lock 0"];
    check_loses(&locks, unchanged, 6, not_below());
}

/// DPOR that stays on a process from the first execution on, and cuts executions with more than `most` preemptions.
struct Cutting {
    dpor: Dpor,
    most: u32,
    preemptions: u32,
}

impl Cutting {
    fn at(most: u32, dpor: Dpor) -> Self {
        let preemptions = 0;
        Self {
            dpor,
            most,
            preemptions,
        }
    }
}

impl Scheduler for Cutting {
    fn begin(&mut self) -> Begin {
        self.preemptions = 0;
        let begin = self.dpor.begin();
        // An execution that prefers loads would be cut immediately.
        self.dpor.preference = Preference::Stay;
        begin
    }

    fn again(&mut self) {
        unreachable!("the simulated file system never fails");
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        let choice = self.dpor.choose(now);
        let stays = now.last.filter(|last| now.enabled.contains(last));
        self.preemptions += u32::from(stays.is_some_and(|stays| choice != Choice::Step(stays)));
        if self.preemptions > self.most {
            Choice::Cut
        } else {
            choice
        }
    }

    fn performed(&mut self, step: &Step) -> Result<(), Diverged> {
        self.dpor.performed(step)
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        self.dpor.completed(model)
    }

    fn covered(&self) -> Covered {
        Covered::Some
    }
}

/// The classes that were run to the end, and how many of them violate mutual exclusion.
fn classes(scheduler: &mut dyn Scheduler) -> (BTreeSet<Class>, usize) {
    let (lock, scenario) = (&FlockUnlink::CloseFirst, Scenario::cycle(3, 1));
    let (mut classes, mut violating) = (BTreeSet::new(), BTreeSet::new());
    sim::explore(lock, &scenario, scheduler, LIMITS, &mut |execution| {
        if execution.end == crate::history::End::Completed {
            let class = Class::of(3, &execution.history.steps());
            let violation = property::first_violation(&execution.history);
            if violation.is_some_and(|(property, _)| property.name() == "mutual-exclusion") {
                violating.insert(class.clone());
            }
            classes.insert(class);
        }
        ControlFlow::Continue(())
    });
    (classes, violating.len())
}

#[test]
fn cutting_dpor_at_a_preemption_bound_loses_classes_within_the_bound() {
    let (within, violating) = classes(&mut Bounded::new(1));
    let mut cutting = Cutting::at(1, Dpor::new());
    let (cut, none) = classes(&mut cutting);
    assert!(violating > 0 && none == 0 && cut.len() < within.len());
    assert!(cut.is_subset(&within));
}
