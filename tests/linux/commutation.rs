//! The dependency relation of `access.rs`, tested by swapping: calls that it declares independent are performed in either
//! order, on the simulated file system and on the kernel's.
//!
//! Deliberately says nothing of calls that conflict: a relation that is too wide costs time, not truth.

use std::cell::Cell;

use onewinner_core::fs::sim::State;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use super::steps::{PROCESSES, Step, WIDTH};
use super::swaps::{Relation, in_family, pairs, swap};
use crate::harness::{Test, tests};

const LONGEST_PREFIX: usize = 24;
const MOST_NEXT: usize = 8;

/// How many pairs of calls there were of each relation: a suite that swaps nothing proves nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    conflict: u32,
    apart: u32,
    shared: u32,
}

impl Tally {
    fn count(&mut self, relation: Relation) {
        match relation {
            Relation::Conflict => self.conflict += 1,
            Relation::Apart => self.apart += 1,
            Relation::Shared => self.shared += 1,
        }
    }
}

/// How bytes become a step.
type Decoder = fn([u8; WIDTH]) -> Step;

/// Swaps random next calls after random prefixes, in the simulation that starts as `first`; `and_then` gets each pair with
/// its prefix.
#[track_caller]
fn check(
    first: &State,
    decode: Decoder,
    (cases, seed): (u32, u64),
    and_then: impl Fn(Relation, &[Step], (&Step, &Step)),
) -> Tally {
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    });
    let step = || any::<[u8; WIDTH]>().prop_map(decode);
    let case = (vec(step(), 0..=LONGEST_PREFIX), vec(step(), 2..=MOST_NEXT));
    let total = Cell::new(Tally::default());
    let outcome = runner.run(&case, |(prefix, next)| {
        let mut state = first.clone();
        for step in &prefix {
            let _ = state.step(step.process, &step.call);
        }
        let mut tally = total.get();
        for (one, other) in pairs(&next) {
            let relation = swap(&state, one, other);
            tally.count(relation);
            and_then(relation, &prefix, (one, other));
        }
        total.set(tally);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("seed {seed}: {error}");
    }
    total.get()
}

fn first() -> State {
    State::new(usize::from(PROCESSES))
}

#[track_caller]
fn check_simulation(first: &State, decode: Decoder, seed: u64) {
    let Tally {
        conflict,
        apart,
        shared,
    } = check(first, decode, (12_000, seed), |_, _, _| {});
    eprintln!("{conflict} pairs conflict, {apart} touch nothing in common, {shared} only load in common");
    assert!(conflict > 1_000 && apart > 40_000 && shared > 4_000);
}

fn independent_calls_commute_in_the_simulation() {
    check_simulation(&first(), Step::from, 1);
}

fn independent_calls_commute_where_numbers_are_used_again() {
    check_simulation(&first().reusing_numbers(), Step::from, 3);
}

fn independent_calls_of_processes_and_their_children_commute() {
    check_simulation(&first(), in_family, 4);
    check_simulation(&first().reusing_numbers(), in_family, 5);
}

fn independent_calls_commute_on_the_kernel() {
    use crate::kernel::Kernel;
    use crate::swaps::swap_on;
    use crate::world::World;

    let place = std::env::temp_dir();
    let after = |prefix: &[Step]| {
        let mut kernel = Kernel::new_in(&place);
        for step in prefix {
            let _ = kernel.perform(step.process, &step.call);
        }
        kernel
    };
    let swapped = Cell::new(0);
    check(&first(), Step::from, (200, 2), |relation, prefix, (one, other)| {
        if relation != Relation::Conflict {
            swap_on(&mut after(prefix), &mut after(prefix), one, other);
            swapped.set(swapped.get() + 1);
        }
    });
    eprintln!("{} pairs swapped", swapped.get());
    assert!(swapped.get() > 1_000);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        independent_calls_commute_in_the_simulation,
        independent_calls_commute_where_numbers_are_used_again,
        independent_calls_of_processes_and_their_children_commute,
        independent_calls_commute_on_the_kernel,
    ]
}
