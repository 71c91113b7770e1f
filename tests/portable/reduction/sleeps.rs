//! Processes that sleep and read a common clock: the search within a bound finds every class that needs no more preemptions,
//! where leaving a sleeper is free, and waking one before an earlier one counts as a preemption.
//!
//! Knows no file system.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::time::Duration;

use onewinner_core::access::{Accesses, Object};
use onewinner_core::explore::{Bounded, Exhaustive, Lost, Model, Move, Scheduler, SleepSets, Stop, System, search};
use onewinner_core::happens_before::{Class, Step};
use onewinner_core::id::ProcessId;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::counting::Counting;
use super::program::LIMITS;

#[derive(Clone, Copy, Debug)]
enum Op {
    Load(u32),
    Store(u32),
    Sleep(u64),
    Clock,
}

/// The processes, and what they have seen.
struct Sleepers<'a> {
    processes: &'a [Vec<Op>],
    next: Vec<usize>,
    memory: BTreeMap<u32, u64>,
    /// The time that each process has reached, in seconds.
    reached: Vec<u64>,
    /// The part of it that sleeps have moved.
    moved: Vec<u64>,
    seen: Vec<Vec<u64>>,
    steps: Vec<Step>,
}

impl<'a> Sleepers<'a> {
    fn new(processes: &'a [Vec<Op>]) -> Self {
        let count = processes.len();
        Self {
            processes,
            next: vec![0; count],
            memory: BTreeMap::new(),
            reached: vec![0; count],
            moved: vec![0; count],
            seen: vec![Vec::new(); count],
            steps: Vec::new(),
        }
    }

    fn op(&self, process: ProcessId) -> Op {
        self.processes[process.index()][self.next[process.index()]]
    }

    fn footprint(&self, process: ProcessId) -> Accesses {
        let mut accesses = Accesses::none();
        match self.op(process) {
            Op::Load(cell) => accesses.load(Object::Cell(cell)),
            Op::Store(cell) => accesses.store(Object::Cell(cell)),
            Op::Sleep(_) => accesses.store(Object::Clock(process)),
            Op::Clock => ProcessId::first(self.processes.len())
                .filter(|other| *other != process)
                .for_each(|other| accesses.load(Object::Clock(other))),
        }
        accesses
    }
}

impl Model for Sleepers<'_> {
    fn replay(&mut self, _: usize, _: &[Move]) -> Vec<Accesses> {
        Vec::new()
    }
}

impl System for Sleepers<'_> {
    fn reset(&mut self) -> Result<(), Lost> {
        *self = Self::new(self.processes);
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        let goes_on = |process: &ProcessId| self.next[process.index()] < self.processes[process.index()].len();
        processes.extend(ProcessId::first(self.processes.len()).filter(goes_on));
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        self.footprint(process)
    }

    fn wakes_at(&self, process: ProcessId) -> Option<Duration> {
        match self.op(process) {
            Op::Sleep(length) => Some(Duration::from_secs(self.reached[process.index()] + length)),
            _ => None,
        }
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let accesses = self.footprint(process);
        let me = process.index();
        let token = 1 + 100 * me as u64 + self.next[me] as u64;
        match self.op(process) {
            Op::Load(cell) => {
                let value = self.memory.get(&cell).copied().unwrap_or(0);
                self.seen[me].push(value);
            }
            Op::Store(cell) => {
                self.memory.insert(cell, token);
            }
            Op::Sleep(length) => {
                self.reached[me] += length;
                self.moved[me] = self.reached[me];
            }
            Op::Clock => {
                let moved = self.moved.iter().copied().max().unwrap_or(0);
                self.reached[me] = moved.max(self.reached[me]);
                self.seen[me].push(self.reached[me]);
            }
        }
        self.next[me] += 1;
        self.steps.push(Step {
            process,
            accesses: accesses.clone(),
        });
        Ok(accesses)
    }
}

fn random_processes(generator: &mut ChaCha8Rng) -> Vec<Vec<Op>> {
    let op = |generator: &mut dyn FnMut(u32) -> u32| match generator(6) {
        0 | 1 => Op::Load(generator(2)),
        2 => Op::Store(generator(2)),
        3 | 4 => Op::Sleep(1 + u64::from(generator(3))),
        _ => Op::Clock,
    };
    let mut below = |most: u32| generator.random_range(0..most);
    let processes = 2 + below(2);
    (0..processes)
        .map(|_| (0..1 + below(3)).map(|_| op(&mut below)).collect())
        .collect()
}

#[test]
fn what_a_process_reads_of_the_clock_follows_from_the_class() {
    let mut generator = ChaCha8Rng::seed_from_u64(21);
    for _ in 0..200 {
        let processes = random_processes(&mut generator);
        let mut outcomes: BTreeMap<Class, Vec<Vec<u64>>> = BTreeMap::new();
        let watch = &mut |world: &mut Sleepers<'_>, _, _| {
            let class = Class::of(processes.len(), &world.steps);
            let before = outcomes.entry(class).or_insert_with(|| world.seen.clone());
            assert_eq!(*before, world.seen, "{processes:?}");
            ControlFlow::Continue(())
        };
        search(&mut Sleepers::new(&processes), &mut Exhaustive::new(), LIMITS, watch);
    }
}

#[test]
fn each_level_has_the_classes_that_need_no_more_preemptions() {
    let mut generator = ChaCha8Rng::seed_from_u64(22);
    let mut beyond = 0;
    for _ in 0..200 {
        let processes = random_processes(&mut generator);
        let (mut counting, preemptions) = Counting::new();
        let mut needed: BTreeMap<Class, u32> = BTreeMap::new();
        let watch = &mut |world: &mut Sleepers<'_>, _, _| {
            let least = needed
                .entry(Class::of(processes.len(), &world.steps))
                .or_insert(u32::MAX);
            *least = preemptions.get().min(*least);
            ControlFlow::Continue(())
        };
        search(&mut Sleepers::new(&processes), &mut counting, LIMITS, watch);
        for most in 0..3 {
            let mut found = Vec::new();
            let watch = &mut |world: &mut Sleepers<'_>, _, _| {
                found.push(Class::of(processes.len(), &world.steps));
                ControlFlow::Continue(())
            };
            let searched = search(&mut Sleepers::new(&processes), &mut Bounded::new(most), LIMITS, watch);
            assert_eq!(searched.stop, Stop::Exhausted);
            let missing = needed.iter().filter(|(_, least)| **least <= most);
            let missing = missing.filter(|(class, _)| !found.contains(class)).count();
            assert_eq!(missing, 0, "{most} preemptions: {processes:?}");
            beyond += needed.values().filter(|least| **least > most).count();
        }
    }
    assert!(beyond > 300, "the bounds leave out {beyond} classes");
}

#[test]
fn a_search_with_sleep_sets_has_every_class() {
    let mut generator = ChaCha8Rng::seed_from_u64(23);
    for _ in 0..200 {
        let processes = random_processes(&mut generator);
        let classes = |scheduler: &mut dyn Scheduler| {
            let mut classes = BTreeSet::new();
            let watch = &mut |world: &mut Sleepers<'_>, _, _| {
                classes.insert(Class::of(processes.len(), &world.steps));
                ControlFlow::Continue(())
            };
            let searched = search(&mut Sleepers::new(&processes), scheduler, LIMITS, watch);
            assert_eq!(searched.stop, Stop::Exhausted);
            classes
        };
        let all = classes(&mut Exhaustive::new());
        assert!(classes(&mut SleepSets::new()) == all, "{processes:?}");
    }
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines_without_a_preemption() {
    let processes = [vec![Op::Sleep(2), Op::Store(0)], vec![Op::Sleep(1), Op::Load(0)]];
    let seen = |most| {
        let mut seen = Vec::new();
        search(
            &mut Sleepers::new(&processes),
            &mut Bounded::everywhere(most),
            LIMITS,
            &mut |world: &mut Sleepers<'_>, schedule, _| {
                seen.push((world.seen[1][0], schedule.to_string()));
                ControlFlow::Continue(())
            },
        );
        seen
    };
    // The first execution, which prefers loads, belongs to no level.
    assert!(seen(0).iter().all(|(value, _)| *value == 0), "{:?}", seen(0));
    assert!(seen(1).iter().any(|(value, _)| *value != 0), "{:?}", seen(1));
}
