//! A subtree of the search as plain data: the task that a worker gets, and the result that it returns.
//!
//! The executions of a subtree begin with given steps. Reversals that belong above it are returned to the owner of the whole
//! tree. Knows neither workers nor the rest of the tree.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::races::Reversal;
use crate::explore::Searched;
use crate::happens_before::{Digest, HappensBefore, Step};

/// The executions that begin with the given steps, except those of classes that another task runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub(in crate::explore) path: Vec<PathStep>,
    /// The subtree begins after this many steps, or after the path if that is longer. What belongs above is returned.
    pub(in crate::explore) depth: usize,
    /// Whether this task runs the first execution of the search.
    pub(in crate::explore) first: bool,
}

/// A step on the path to a subtree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::explore) struct PathStep {
    pub(in crate::explore) step: Step,
    /// The sleep set of the node where it is taken.
    pub(in crate::explore) sleep: Vec<Step>,
}

/// What a task found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResult {
    /// The steps between the end of the path and the subtree, which the task chose freely.
    pub(in crate::explore) more: Vec<Step>,
    /// What must be run above the subtree, in the order found, without duplicates.
    pub(in crate::explore) above: Vec<OuterReversal>,
    /// What the search of the task did.
    pub searched: Searched,
}

/// How an execution continues that leaves the path of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::explore) struct OuterReversal {
    /// After this many of its steps.
    pub(in crate::explore) kept: usize,
    pub(in crate::explore) sequence: Vec<Step>,
}

/// Where a subtree begins, and the reversals found that belong above it.
#[derive(Clone, Debug, Default)]
pub(super) struct Boundary {
    /// How many steps lie outside the subtree: no alternative to them is run here.
    pub(super) depth: usize,
    /// How many of them were given as the path.
    given: usize,
    above: Vec<OuterReversal>,
    known: HashSet<(usize, Digest)>,
}

impl Boundary {
    /// The boundary of a task.
    pub(super) fn of(task: &Task) -> Self {
        Self {
            depth: task.depth.max(task.path.len()),
            given: task.path.len(),
            ..Self::default()
        }
    }

    /// Keeps a reversal, unless one of the same class was found at the same place.
    ///
    /// Only the same class counts. A sequence that another one covers here may not be covered elsewhere, where that other one
    /// is left to a third.
    pub(super) fn keep(&mut self, Reversal { kept, sequence }: Reversal) {
        let width = sequence.iter().map(|step| step.process.index() + 1).max();
        let order = HappensBefore::of(width.unwrap_or(0), &sequence);
        let class = order.digests(&sequence).last().unwrap_or_default();
        if self.known.insert((kept, class)) {
            self.above.push(OuterReversal { kept, sequence });
        }
    }

    /// The result of the task; `taken` are the steps of the last execution.
    pub(super) fn into_result(self, taken: impl Iterator<Item = Option<Step>>, searched: Searched) -> TaskResult {
        TaskResult {
            more: taken.take(self.depth).skip(self.given).map_while(|step| step).collect(),
            above: self.above,
            searched,
        }
    }
}
