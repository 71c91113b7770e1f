//! Shows which classes are lost if a sequence is dropped because its subtree has been started.
//!
//! That the real rule loses nothing is tested in `tests/portable/reduction/rounds.rs`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::explore::programs::cells::{Cells, Op, Reads, explored};
use crate::explore::programs::program::LIMITS;
use crate::explore::{Dpor, search};
use crate::happens_before::Class;

/// The classes that are found, and the number of executions.
fn classes(processes: &[&[Op]], depth: usize, covers: fn(&Node) -> bool) -> (BTreeSet<Class>, u64) {
    let mut rounds = ParallelSearch::new(depth);
    rounds.root.covers = covers;
    let (mut classes, mut executions) = (BTreeSet::new(), 0);
    loop {
        let tasks = rounds.tasks();
        if tasks.is_empty() {
            return (classes, executions);
        }
        let results = tasks.iter().map(|task| {
            let mut system = Cells::new(processes, Reads::InOrder);
            let mut part = Dpor::for_task(task);
            let searched = search(&mut system, &mut part, LIMITS, &mut |system: &mut Cells<'_>, _, _| {
                classes.insert(Class::of(processes.len(), &system.steps));
                ControlFlow::Continue(())
            });
            executions += searched.executions;
            part.into_result(searched)
        });
        let results = results.collect();
        rounds.merge(results);
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
        let (found, executions) = classes(&processes, 4, Node::default().covers);
        assert_eq!((&found, executions), (&all, all.len() as u64), "{processes:?}");
        let (found, _) = classes(&processes, 4, Node::is_leaf_or_started);
        lost += u32::from(found.len() < all.len());
    }
    assert!(lost > 30, "{lost} of 300");
}
