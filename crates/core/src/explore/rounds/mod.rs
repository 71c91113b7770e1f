//! A reduction in rounds, for several workers: whoever keeps the tree hands out its parts, and takes in what came of them.
//!
//! In each round every leaf of the tree that has not been run is one task. A worker runs the executions of its part alone, and
//! hands back the reversals that belong above it; these are taken in when the round is over, in the order of the tasks. So what
//! is run depends on neither the number of workers nor their speed. Deliberately knows neither threads nor processes: see
//! `threads.rs`.

#[cfg(test)]
mod tests;
mod threads;
mod tree;

use super::Covered;
use super::dpor::{Came, Task};
use tree::{Knot, Place};

pub use threads::{HeardWork, Heed, Split, Work, in_rounds, in_rounds_heard};

/// The tree, down to where workers have theirs.
#[derive(Debug)]
pub struct Rounds {
    root: Knot,
    depth: usize,
    /// Where the tasks of this round stand.
    places: Vec<Place>,
    rounds: u32,
    exhausted: bool,
    unfinished: bool,
}

impl Rounds {
    /// Before the first round. The tree is split down to so many steps: the more, the more tasks and rounds.
    pub fn new(depth: usize) -> Self {
        Self {
            root: Knot::default(),
            depth,
            places: Vec::new(),
            rounds: 0,
            exhausted: false,
            unfinished: false,
        }
    }

    /// The tasks of the next round; none when everything was run.
    ///
    /// # Panics
    ///
    /// When what came of the round before was not taken in.
    pub fn tasks(&mut self) -> Vec<Task> {
        assert!(self.places.is_empty(), "a round is taken in before the next begins");
        let leaves = self.root.start();
        let first = self.rounds == 0;
        self.rounds += 1;
        self.exhausted = leaves.is_empty();
        let (places, paths): (Vec<_>, Vec<_>) = leaves.into_iter().unzip();
        self.places = places;
        let depth = self.depth;
        paths.into_iter().map(|path| Task { path, depth, first }).collect()
    }

    /// Takes in what came of all tasks of the round, in their order.
    ///
    /// # Panics
    ///
    /// When there are more or fewer than tasks.
    pub fn take(&mut self, came: Vec<Came>) {
        assert_eq!(came.len(), self.places.len(), "each task came to something");
        for (mut place, came) in std::mem::take(&mut self.places).into_iter().zip(came) {
            self.unfinished |= came.searched.covered != Covered::Everything;
            self.root.grow(&mut place, came.more);
            for above in came.above {
                self.root.insert(&place, above);
            }
        }
    }

    /// How many rounds have begun.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Which share of the search is behind it: see [`Scheduler::estimate`](super::Scheduler::estimate).
    pub fn estimate(&self) -> f64 {
        self.root.share_started()
    }

    /// What has been covered so far.
    pub fn covered(&self) -> Covered {
        match self.exhausted && !self.unfinished {
            true => Covered::Everything,
            false => Covered::Some,
        }
    }
}
