//! Processes over memory cells, all 0 at first: the smallest system in which a test chooses what a step reads.
//!
//! Knows no file system.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onewinner_core::access::{Accesses, Object};
use onewinner_core::explore::{Dpor, Exhaustive, Lost, Model, Move, Scheduler, Stop, System, search};
use onewinner_core::happens_before::{Class, Step};
use onewinner_core::id::ProcessId;

use super::program::LIMITS;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Load(usize),
    Store(usize),
    /// Whether either cell is stored to, in one step.
    Either(usize, usize),
}

/// What [`Op::Either`] is said to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The first cell, and the other one if that says nothing.
    InOrder,
    /// The one that decided: the other could have had any value.
    WhatDecides,
}

pub(crate) struct Cells<'a> {
    processes: &'a [&'a [Op]],
    reads: Reads,
    memory: Vec<bool>,
    next: Vec<usize>,
    /// What each process has seen.
    pub(crate) seen: Vec<Vec<bool>>,
    pub(crate) steps: Vec<Step>,
}

const CELLS: usize = 4;

impl<'a> Cells<'a> {
    pub(crate) fn new(processes: &'a [&'a [Op]], reads: Reads) -> Self {
        Self {
            processes,
            reads,
            memory: vec![false; CELLS],
            next: vec![0; processes.len()],
            seen: vec![Vec::new(); processes.len()],
            steps: Vec::new(),
        }
    }

    fn op(&self, process: ProcessId) -> Op {
        self.processes[process.index()][self.next[process.index()]]
    }

    fn footprint(&self, op: Op) -> Accesses {
        let mut accesses = Accesses::none();
        let object = |cell: usize| Object::Cell(cell as u32);
        match op {
            Op::Load(cell) => accesses.load(object(cell)),
            Op::Store(cell) => accesses.store(object(cell)),
            Op::Either(one, other) => {
                let decides = [one, other].into_iter().find(|cell| self.memory[*cell]);
                match (self.reads, decides) {
                    (Reads::WhatDecides, Some(cell)) => accesses.load(object(cell)),
                    _ if decides == Some(one) => accesses.load(object(one)),
                    _ => [one, other]
                        .map(object)
                        .into_iter()
                        .for_each(|cell| accesses.load(cell)),
                }
            }
        }
        accesses
    }

    fn take(&mut self, process: ProcessId) -> Accesses {
        let op = self.op(process);
        let accesses = self.footprint(op);
        let seen = match op {
            Op::Load(cell) => Some(self.memory[cell]),
            Op::Either(one, other) => Some(self.memory[one] || self.memory[other]),
            Op::Store(cell) => {
                self.memory[cell] = true;
                None
            }
        };
        self.seen[process.index()].extend(seen);
        self.next[process.index()] += 1;
        accesses
    }
}

impl Model for Cells<'_> {
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        let mut again = Self::new(self.processes, self.reads);
        for step in &self.steps[..kept] {
            again.take(step.process);
        }
        let moved = then.iter().map(|step| match step {
            Move::Taken(position) => again.take(self.steps[*position].process),
            Move::Waiting(_) => unreachable!("nobody waits here"),
        });
        moved.collect()
    }
}

impl System for Cells<'_> {
    fn reset(&mut self) -> Result<(), Lost> {
        *self = Self::new(self.processes, self.reads);
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        let goes_on = |process: &ProcessId| self.next[process.index()] < self.processes[process.index()].len();
        processes.extend(ProcessId::first(self.processes.len()).filter(goes_on));
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        self.footprint(self.op(process))
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let accesses = self.take(process);
        let step = Step { process, accesses };
        self.steps.push(step.clone());
        Ok(step.accesses)
    }
}

/// Classes, what the processes saw, executions, and those that were blocked.
pub(crate) type Seen = (BTreeSet<Class>, BTreeSet<Vec<Vec<bool>>>, u64, u64);

pub(crate) fn explored(mut world: Cells<'_>, scheduler: &mut dyn Scheduler) -> Seen {
    let (mut classes, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let searched = search(&mut world, scheduler, LIMITS, &mut |world: &mut Cells<'_>, _, _| {
        classes.insert(Class::of(world.processes.len(), &world.steps));
        seen.insert(world.seen.clone());
        ControlFlow::Continue(())
    });
    assert_eq!(searched.stop, Stop::Exhausted);
    (classes, seen, searched.executions, searched.blocked)
}

#[test]
fn who_loads_sees_the_store_or_not() {
    use Op::{Load, Store};
    let processes: [&[Op]; 3] = [&[Load(0)], &[Store(0)], &[Load(1), Load(0)]];
    let all = explored(Cells::new(&processes, Reads::InOrder), &mut Exhaustive::new());
    let reduced = explored(Cells::new(&processes, Reads::InOrder), &mut Dpor::new());
    assert_eq!((reduced.2, reduced.3), (4, 0));
    assert_eq!((reduced.0, reduced.1), (all.0, all.1));
}

#[test]
fn that_either_of_two_cells_explains_what_was_seen_is_no_footprint() {
    use Op::{Either, Store};
    let processes: [&[Op]; 3] = [&[Either(0, 1)], &[Store(1)], &[Store(0)]];
    let all = explored(Cells::new(&processes, Reads::InOrder), &mut Exhaustive::new());
    let reduced = explored(Cells::new(&processes, Reads::InOrder), &mut Dpor::new());
    assert_eq!((reduced.2, reduced.3, &reduced.0), (3, 0, &all.0));
    assert_eq!(reduced.1, all.1);
    // Each of the two stores hides that the other one matters.
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let wrong = orders.map(|order| {
        let processes = order.map(|process| processes[process]);
        let (classes, _, _, blocked) = explored(Cells::new(&processes, Reads::WhatDecides), &mut Dpor::new());
        (classes.len() as u64 - blocked, blocked)
    });
    assert!(wrong.contains(&(2, 1)), "{wrong:?}");
}
