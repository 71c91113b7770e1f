//! Bounded search on programs in which processes wait, and in a system that does not repeat itself: it claims no more than it
//! has seen.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use onewinner_core::access::{Access, AccessKind, Accesses, Object};
use onewinner_core::explore::{Bounded, Covered, Exhaustive, Lost, Model, Move, RETRIES, System, search};
use onewinner_core::happens_before::Class;
use onewinner_core::id::ProcessId;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::counting::Counting;
use super::program::{LIMITS, Program, Running, explore};
use super::random::random_program;

/// More than any of these programs has.
const PREEMPTIONS: u32 = 50;

fn check(program: &Program) {
    let all = explore(Running::new(program), &mut Exhaustive::new());
    let bounded = explore(Running::new(program), &mut Bounded::new(PREEMPTIONS));
    assert!(
        bounded.classes == all.classes && bounded.replies == all.replies,
        "{} of {} classes: {program}",
        bounded.classes.len(),
        all.classes.len()
    );
}

#[test]
fn processes_meet_over_what_one_of_them_waits_for_at_the_end() {
    for first in ["create A; await-lock 0", "create A; stat A; await-lock 0"] {
        check(&Program::of("", &[first, "create A; await-lock 0"]));
    }
}

#[test]
fn preempting_at_conflicts_alone_loses_no_class_of_random_programs() {
    for seed in [11, 12] {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        (0..750).for_each(|_| check(&random_program(&mut generator)));
    }
}

/// The fewest preemptions that each class needs, by every interleaving.
fn needed(program: &Program) -> BTreeMap<Class, u32> {
    let mut needed = BTreeMap::new();
    let (mut counting, preemptions) = Counting::new();
    let mut count = |world: &mut Running<'_>, _, _| {
        let class = Class::of(program.processes.len(), &world.steps);
        let least = needed.entry(class).or_insert(u32::MAX);
        *least = preemptions.get().min(*least);
        ControlFlow::Continue(())
    };
    search(&mut Running::new(program), &mut counting, LIMITS, &mut count);
    needed
}

#[test]
fn each_level_has_exactly_the_classes_that_need_no_more_preemptions() {
    let mut generator = ChaCha8Rng::seed_from_u64(13);
    let mut beyond = 0;
    for _ in 0..250 {
        let program = random_program(&mut generator);
        let needed = needed(&program);
        for most in 0..4 {
            for mut bounded in [Bounded::new(most), Bounded::everywhere(most)] {
                let found = explore(Running::new(&program), &mut bounded).classes;
                let within = |class: &&Class| needed[*class] <= most;
                let missing = needed.keys().filter(within).filter(|class| !found.contains(*class));
                assert_eq!(missing.count(), 0, "{most} preemptions\n{program}");
                // The execution that looks first may need more.
                let more = found.iter().filter(|class| !within(class)).count();
                assert!(more <= 1, "{most} preemptions: {more} classes need more\n{program}");
                beyond += needed.len() - found.len();
            }
        }
    }
    assert!(beyond > 500, "the bounds leave out {beyond} classes");
}

/// Two processes that store one cell three times each. The first step of an execution stores another, from execution
/// `steady` on.
struct Unsteady {
    steady: u32,
    executions: u32,
    taken: Vec<ProcessId>,
}

impl Unsteady {
    fn next(&self) -> Accesses {
        let changed = self.executions > self.steady && self.taken.is_empty();
        let object = Object::Cell(u32::from(changed));
        let kind = AccessKind::Store;
        [Access { object, kind }].into_iter().collect()
    }
}

impl Model for Unsteady {
    fn replay(&mut self, _: usize, _: &[Move]) -> Vec<Accesses> {
        Vec::new()
    }
}

impl System for Unsteady {
    fn reset(&mut self) -> Result<(), Lost> {
        self.executions += 1;
        self.taken.clear();
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        let taken = |process| self.taken.iter().filter(|each| **each == process).count();
        processes.extend(ProcessId::first(2).filter(|process| taken(*process) < 3));
    }

    fn forecast(&self, _: ProcessId) -> Accesses {
        self.next()
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let accesses = self.next();
        self.taken.push(process);
        Ok(accesses)
    }
}

#[test]
fn a_prefix_that_touches_something_else_than_before_is_noticed_and_never_covered() {
    let mut world = Unsteady {
        steady: 4,
        executions: 0,
        taken: Vec::new(),
    };
    let mut executions = 0;
    let searched = search(&mut world, &mut Bounded::new(2), LIMITS, &mut |_, _, _| {
        executions += 1;
        ControlFlow::Continue(())
    });
    assert!(searched.diverged > 0, "{searched:?}");
    assert_eq!(searched.covered, Covered::Some);
    assert!(searched.failure.is_some_and(|reason| reason.contains("before")));
    let tries = u64::from(world.executions) - executions;
    assert_eq!(tries, u64::from(RETRIES) * searched.diverged, "each is tried again");
}
