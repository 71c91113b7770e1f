//! What is lost if a sequence is dropped because the part of the tree that it belongs to has been started.
//!
//! That nothing is lost otherwise is shown in `tests/portable/reduction/rounds.rs`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::explore::programs::cells::{Cells, Op, Reads, explored};
use crate::explore::programs::program::LIMITS;
use crate::explore::{Dpor, search};
use crate::happens_before::Class;

/// The classes that are found, and how many executions it took.
fn classes(processes: &[&[Op]], depth: usize, covers: fn(&Knot) -> bool) -> (BTreeSet<Class>, u64) {
    let mut rounds = Rounds::new(depth);
    rounds.root.covers = covers;
    let (mut classes, mut executions) = (BTreeSet::new(), 0);
    loop {
        let tasks = rounds.tasks();
        if tasks.is_empty() {
            return (classes, executions);
        }
        let came = tasks.iter().map(|task| {
            let mut world = Cells::new(processes, Reads::InOrder);
            let mut part = Dpor::of(task);
            let searched = search(&mut world, &mut part, LIMITS, &mut |world: &mut Cells<'_>, _, _| {
                classes.insert(Class::of(processes.len(), &world.steps));
                ControlFlow::Continue(())
            });
            executions += searched.executions;
            part.came(searched)
        });
        let came = came.collect();
        rounds.take(came);
    }
}

/// Processes that load and store two cells.
fn random_ops(generator: &mut ChaCha8Rng) -> Vec<Vec<Op>> {
    let processes = generator.random_range(2..=4);
    let mut op = || match (generator.random_range(0..5), generator.random_range(0..2)) {
        (0 | 1, cell) => Op::Store(cell),
        (2, cell) => Op::Either(cell, 1 - cell),
        (_, cell) => Op::Load(cell),
    };
    let mut process = |length: usize| (0..length).map(|_| op()).collect();
    (0..processes)
        .map(|process_number| process(1 + process_number % 3))
        .collect()
}

#[test]
fn a_sequence_is_not_covered_by_a_sibling_that_has_been_started() {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let mut lost = 0;
    for _ in 0..300 {
        let processes = random_ops(&mut generator);
        let processes: Vec<&[Op]> = processes.iter().map(Vec::as_slice).collect();
        let (all, ..) = explored(Cells::new(&processes, Reads::InOrder), &mut Dpor::new());
        let (found, executions) = classes(&processes, 4, Knot::default().covers);
        assert_eq!((&found, executions), (&all, all.len() as u64), "{processes:?}");
        let (found, _) = classes(&processes, 4, Knot::is_leaf_or_started);
        lost += u32::from(found.len() < all.len());
    }
    assert!(lost > 30, "{lost} of 300");
}
