//! What a reduction loses that is wrong in one place: each program is one of those that the sound one is held against.
//!
//! The sound one is held against every interleaving in `tests/portable/reduction/`, which cannot reach in here.

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

/// What the rules lose of the classes of a program, in that order of the processes, and of the first execution, in which it
/// is most.
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

fn as_it_is(program: Program) -> Program {
    program
}

/// Where the later step cannot be taken before one, nothing else is tried.
fn not_below() -> Rules {
    Rules {
        below: |_, _, _| Vec::new(),
        ..Rules::default()
    }
}

#[test]
fn not_every_race_is_with_the_last_step_in_conflict() {
    let last = Rules {
        nearest: |_, candidates| candidates.last().copied().into_iter().collect(),
        ..not_below()
    };
    check_loses(&["unlink A", "link B A", "excl B"], as_it_is, 3, last);
}

#[test]
fn old_steps_race_again_with_what_came_later() {
    let new_ones = Rules {
        looks_at: |position, old| position >= old,
        ..Rules::default()
    };
    let processes = [
        "create B; link B A",
        "create A; unlink B",
        "create B; unlink B; stat B; await-lock 0",
    ];
    check_loses(&processes, as_it_is, 39, new_ones);
}

#[test]
fn steps_with_another_between_them_are_no_race() {
    let every_pair = Rules {
        is_past: |_, _, _| false,
        nearest: |_, candidates| candidates.to_vec(),
        ..Rules::default()
    };
    let processes = ["stat A", "create A; unlink B", "excl B; rename A B"];
    check_loses(&processes, as_it_is, 11, every_pair);
}

#[test]
fn below_the_step_that_only_enabled_it_there_is_another_race() {
    let names = ["excl A; unlink A", "excl A; unlink A"];
    check_loses(&names, Program::awaiting_names, 2, not_below());
    let locks = ["create A; lock 0; unlock 0; await-lock 0", "create A; await-lock 0"];
    check_loses(&locks, as_it_is, 6, not_below());
}

/// A reduction that stays on a process from the first execution on, and drops what takes more than so many preemptions.
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
        // From the first execution on it stays on a process: one that loads first would be cut at once.
        self.dpor.order = Order::Stay;
        begin
    }

    fn again(&mut self) {
        unreachable!("the simulated world never fails");
    }

    fn choose(&mut self, now: &Now<'_>) -> Choice {
        let choice = self.dpor.choose(now);
        let stays = now.last.filter(|last| now.enabled.contains(last));
        self.preemptions += u32::from(stays.is_some_and(|stays| choice != Choice::Step(stays)));
        match self.preemptions > self.most {
            true => Choice::Cut,
            false => choice,
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

/// The classes that were run to their end, and those among them in which two hold at once.
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
fn a_bound_that_cuts_branches_of_a_reduction_loses_what_is_within_it() {
    let (within, violating) = classes(&mut Bounded::new(1));
    let mut cutting = Cutting::at(1, Dpor::new());
    let (cut, none) = classes(&mut cutting);
    assert!(violating > 0 && none == 0 && cut.len() < within.len());
    assert!(cut.is_subset(&within));
}
