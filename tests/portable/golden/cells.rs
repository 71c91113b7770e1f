//! Processes that load and store memory cells: no footprint depends on a result here.
//!
//! `readers` and `lastzero` also stand in Nidhugg's test suite with these trace counts.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Mutex;

use onewinner_core::access::{Accesses, Object};
use onewinner_core::explore::{
    Covered, Dpor, Ended, Exhaustive, Lost, Model, Move, Scheduler, Split, Stop, System, search, search_in_parallel,
};
use onewinner_core::happens_before::{Class, Step};
use onewinner_core::id::ProcessId;

use super::LIMITS;

/// A process over memory cells: from the values that it loaded so far to its next step.
type Script = fn(me: usize, processes: usize, loaded: &[u32]) -> Option<Access>;

enum Access {
    Load(usize),
    Store(usize, u32),
}

impl Access {
    fn footprint(&self) -> Accesses {
        let mut accesses = Accesses::none();
        match *self {
            Self::Load(cell) => accesses.load(Object::Cell(cell as u32)),
            Self::Store(cell, _) => accesses.store(Object::Cell(cell as u32)),
        }
        accesses
    }
}

/// Processes that load and store memory cells, all 0 at first.
struct Cells {
    script: Script,
    memory: Vec<u32>,
    loaded: Vec<Vec<u32>>,
    taken: Vec<u32>,
    steps: Vec<Step>,
}

impl Cells {
    fn new(processes: usize, cells: usize, script: Script) -> Self {
        Self {
            script,
            memory: vec![0; cells],
            loaded: vec![Vec::new(); processes],
            taken: vec![0; processes],
            steps: Vec::new(),
        }
    }

    /// The next access of a process; a store is one that it has not made yet.
    fn next(&self, process: usize) -> Option<Access> {
        let stores_made = self.taken[process] as usize - self.loaded[process].len();
        match (self.script)(process, self.loaded.len(), &self.loaded[process]) {
            Some(Access::Store(..)) if stores_made > 0 => None,
            next => next,
        }
    }
}

/// A cell is touched in the same way in every order.
impl Model for Cells {
    fn replay(&mut self, _: usize, then: &[Move]) -> Vec<Accesses> {
        then.iter()
            .map(|step| match step {
                Move::Taken(position) => self.steps[*position].accesses.clone(),
                Move::Waiting(_) => unreachable!("no step of these scripts waits"),
            })
            .collect()
    }
}

impl System for Cells {
    fn reset(&mut self) -> Result<(), Lost> {
        *self = Self::new(self.loaded.len(), self.memory.len(), self.script);
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        processes.extend(ProcessId::first(self.loaded.len()).filter(|process| self.next(process.index()).is_some()));
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        self.next(process.index()).expect("enabled").footprint()
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let me = process.index();
        let access = self.next(me).expect("enabled");
        match access {
            Access::Load(cell) => self.loaded[me].push(self.memory[cell]),
            Access::Store(cell, value) => self.memory[cell] = value,
        }
        let accesses = access.footprint();
        self.taken[me] += 1;
        self.steps.push(Step {
            process,
            accesses: accesses.clone(),
        });
        Ok(accesses)
    }
}

fn check_cells(processes: usize, cells: usize, script: Script, interleavings: u64, classes: usize) {
    let world = || Cells::new(processes, cells, script);
    let all = (interleavings, classes);
    assert_eq!(count_cells(world(), &mut Exhaustive::new()), all);
    assert_eq!(count_cells(world(), &mut Dpor::new()), (classes as u64, classes));
    let (executions, found) = (Mutex::new(0), Mutex::new(BTreeSet::new()));
    let searched = search_in_parallel(Split { depth: 3, threads: 2 }, LIMITS, &|task, limits| {
        let mut part = Dpor::for_task(task);
        let searched = search(&mut world(), &mut part, limits, &mut |world: &mut Cells, _, _| {
            let class = Class::of(processes, &world.steps);
            found.lock().expect("nobody panics").insert(class);
            ControlFlow::Continue(())
        });
        *executions.lock().expect("nobody panics") += searched.executions;
        part.into_result(searched)
    });
    let found = (executions.into_inner(), found.into_inner());
    let (executions, found) = (found.0.expect("nobody panics"), found.1.expect("nobody panics"));
    let counted = (searched.covered, executions, found.len());
    assert_eq!(counted, (Covered::Everything, classes as u64, classes), "in rounds");
}

/// Executions and classes.
fn count_cells(mut world: Cells, scheduler: &mut dyn Scheduler) -> (u64, usize) {
    let mut seen = BTreeSet::new();
    let searched = search(&mut world, scheduler, LIMITS, &mut |world: &mut Cells, _, ended| {
        assert_eq!(ended, Ended::Completed);
        seen.insert(Class::of(world.loaded.len(), &world.steps));
        ControlFlow::Continue(())
    });
    assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
    (searched.executions, seen.len())
}

#[test]
fn readers_see_the_store_or_not() {
    for (readers, interleavings, classes) in [(1, 2, 2), (2, 6, 4), (3, 24, 8), (4, 120, 16)] {
        let script: Script = |me, _, loaded| match (me, loaded) {
            (0, _) => Some(Access::Store(0, 1)),
            (_, []) => Some(Access::Load(0)),
            _ => None,
        };
        check_cells(readers + 1, 1, script, interleavings, classes);
    }
}

#[test]
fn writers_are_all_ordered() {
    for (writers, count) in [(1, 2), (2, 6), (3, 24)] {
        let script: Script = |me, _, loaded| match (me, loaded) {
            (0, []) => Some(Access::Load(0)),
            (0, _) => None,
            (writer, _) => Some(Access::Store(0, writer as u32)),
        };
        check_cells(writers + 1, 1, script, count, count as usize);
    }
}

#[test]
fn lastzero_scans_down_while_others_count_up() {
    for (writers, interleavings, classes) in [(1, 3, 2), (2, 35, 5), (3, 920, 12), (4, 44_300, 28)] {
        let script: Script = |me, processes, loaded| match (me, loaded) {
            // Scans from cell N down until it reads 0.
            (0, loaded) if loaded.last() == Some(&0) || loaded.len() == processes => None,
            (0, loaded) => Some(Access::Load(processes - 1 - loaded.len())),
            (writer, []) => Some(Access::Load(writer - 1)),
            (writer, loaded) => Some(Access::Store(writer, loaded[0] + 1)),
        };
        check_cells(writers + 1, writers + 1, script, interleavings, classes);
    }
}
