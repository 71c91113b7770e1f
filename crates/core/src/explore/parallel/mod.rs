//! Parallel search: DPOR in rounds, for several workers. The owner of the tree gives out subtrees as tasks and merges their results.
//!
//! In each round, every leaf of the tree that has not been run is one task. A worker runs the executions of its subtree alone.
//! It returns the reversals that belong above the subtree. They are merged after the round, in the order of the tasks, so the
//! search depends on neither the number of workers nor their speed. Does not depend on threads or processes: see
//! `threads.rs`.

#[cfg(test)]
mod tests;
mod threads;
mod tree;

use super::Covered;
use super::dpor::{Task, TaskResult};
use tree::{Node, NodePath};

pub use threads::{AfterRound, ObservedTaskSearch, Split, TaskSearch, search_in_parallel, search_in_parallel_observed};

/// The upper part of the search tree. Workers search the subtrees below it.
#[derive(Debug)]
pub struct ParallelSearch {
    root: Node,
    depth: usize,
    /// The places of this round's tasks in the tree.
    places: Vec<NodePath>,
    rounds: u32,
    exhausted: bool,
    unfinished: bool,
}

impl ParallelSearch {
    /// A search before its first round. The tree is split down to `depth` steps: a larger depth makes more tasks and rounds.
    pub fn new(depth: usize) -> Self {
        Self {
            root: Node::default(),
            depth,
            places: Vec::new(),
            rounds: 0,
            exhausted: false,
            unfinished: false,
        }
    }

    /// The tasks of the next round; empty when everything was run.
    ///
    /// # Panics
    ///
    /// When the results of the previous round were not merged.
    pub fn tasks(&mut self) -> Vec<Task> {
        assert!(self.places.is_empty(), "a round is merged before the next begins");
        let leaves = self.root.start();
        let first = self.rounds == 0;
        self.rounds += 1;
        self.exhausted = leaves.is_empty();
        let (places, paths): (Vec<_>, Vec<_>) = leaves.into_iter().unzip();
        self.places = places;
        let depth = self.depth;
        paths.into_iter().map(|path| Task { path, depth, first }).collect()
    }

    /// Merges the results of all tasks of the round, in the order of the tasks.
    ///
    /// # Panics
    ///
    /// When the number of results differs from the number of tasks.
    pub fn merge(&mut self, results: Vec<TaskResult>) {
        assert_eq!(results.len(), self.places.len(), "each task has a result");
        for (mut place, result) in std::mem::take(&mut self.places).into_iter().zip(results) {
            self.unfinished |= result.searched.covered != Covered::Everything;
            self.root.grow(&mut place, result.more);
            for above in result.above {
                self.root.insert(&place, above);
            }
        }
    }

    /// The number of rounds that have begun.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// The completed share of the search: see [`Scheduler::estimate`](super::Scheduler::estimate).
    pub fn estimate(&self) -> f64 {
        self.root.share_started()
    }

    /// What has been covered so far.
    pub fn covered(&self) -> Covered {
        if self.exhausted && !self.unfinished {
            Covered::Everything
        } else {
            Covered::Some
        }
    }
}
