//! A part of the tree as plain data: what a worker is told, and what it tells when it is done.
//!
//! The executions of a part begin with given steps. Reversals that belong above it are handed back, for whoever keeps the
//! tree. Knows neither workers nor the rest of the tree.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::races::Reversal;
use super::tree::{WakeupTree, is_weak_initial};
use super::{Dpor, Node};
use crate::explore::Searched;
use crate::explore::prefer::Order;
use crate::happens_before::{Digest, HappensBefore, Step};

/// The executions that begin with some steps, as far as nobody else runs one of their class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub(in crate::explore) path: Vec<Placed>,
    /// The part begins behind so many steps, or behind the path if that is longer: what belongs above is handed back.
    pub(in crate::explore) depth: usize,
    /// Whether no execution has been run before.
    pub(in crate::explore) first: bool,
}

/// A step in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::explore) struct Placed {
    pub(in crate::explore) step: Step,
    /// What sleeps where it is taken.
    pub(in crate::explore) sleep: Vec<Step>,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// The steps between the end of the path and the part, which were free.
    pub(in crate::explore) more: Vec<Step>,
    /// What is to be run above the part, in the order in which it was found; nothing twice.
    pub(in crate::explore) above: Vec<Above>,
    /// What its search did.
    pub searched: Searched,
}

/// How an execution goes on that leaves the path of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::explore) struct Above {
    /// After so many of its steps.
    pub(in crate::explore) kept: usize,
    pub(in crate::explore) sequence: Vec<Step>,
}

/// What a search of a part keeps besides its own tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Outside {
    /// How many steps are not the part's: nothing is run instead of them.
    pub(super) depth: usize,
    /// How many of them were given.
    given: usize,
    above: Vec<Above>,
    known: HashSet<(usize, Digest)>,
}

impl Outside {
    /// Keeps a reversal, unless one of the same class was found there.
    ///
    /// Nothing less than the same class will do: a sequence that another one covers here is not covered where that one, in
    /// its turn, is left to a third.
    pub(super) fn keep(&mut self, Reversal { kept, sequence }: Reversal) {
        let width = sequence.iter().map(|step| step.process.index() + 1).max();
        let order = HappensBefore::of(width.unwrap_or(0), &sequence);
        let class = order.digests(&sequence).last().unwrap_or_default();
        if self.known.insert((kept, class)) {
            self.above.push(Above { kept, sequence });
        }
    }
}

impl Dpor {
    /// The search of one part of the tree. It is used as any scheduler; then [`Dpor::came`] tells what came of it.
    pub fn of(task: &Task) -> Self {
        let nodes = task.path.iter().map(|Placed { step, sleep }| Node {
            sleep: sleep.clone(),
            tree: WakeupTree::default(),
            chosen: step.process,
            below: WakeupTree::default(),
            taken: Some(step.clone()),
            done: 0,
        });
        Self {
            nodes: nodes.collect(),
            order: Order::of(task.first),
            outside: Outside {
                depth: task.depth.max(task.path.len()),
                given: task.path.len(),
                ..Outside::default()
            },
            ..Self::new()
        }
    }

    /// What came of a task whose search is over.
    pub fn came(self, searched: Searched) -> Came {
        let Outside {
            depth, given, above, ..
        } = self.outside;
        let more = self.nodes.into_iter().take(depth).skip(given);
        Came {
            more: more.map_while(|node| node.taken).collect(),
            above,
            searched,
        }
    }

    /// Takes in a reversal, unless its executions are of classes that sleep where it begins.
    pub(super) fn insert(&mut self, reversal: Reversal) {
        let node = &mut self.nodes[reversal.kept];
        if node.sleep.iter().any(|step| is_weak_initial(step, &reversal.sequence)) {
            return;
        }
        if reversal.kept < self.outside.depth {
            self.outside.keep(reversal);
        } else {
            node.tree.insert(reversal.sequence);
        }
    }
}
