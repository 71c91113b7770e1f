//! Wakeup trees: the sequences of steps with which a node's further executions begin (Abdulla, Aronis, Jonsson, Sagonas,
//! "Source Sets", JACM 2017, section 6).
//!
//! Does not depend on executions or on how a sequence was found.

use crate::happens_before::Step;
use crate::id::ProcessId;

/// An ordered tree. Each path from the root to a leaf begins executions of classes that no other path leads to.
#[derive(Clone, Debug, Default)]
pub(super) struct WakeupTree {
    branches: Vec<Branch>,
}

#[derive(Clone, Debug)]
struct Branch {
    /// The step, with the footprint that it has at this place.
    step: Step,
    below: WakeupTree,
}

impl WakeupTree {
    /// Removes the leftmost branch: its process and the tree below it.
    pub(super) fn take_first(&mut self) -> Option<(ProcessId, Self)> {
        if self.branches.is_empty() {
            return None;
        }
        let Branch { step, below } = self.branches.remove(0);
        Some((step.process, below))
    }

    /// The number of branches.
    pub(super) fn len(&self) -> usize {
        self.branches.len()
    }

    /// Adds a path for executions of the classes that `sequence` begins, unless there is one.
    pub(super) fn insert(&mut self, mut sequence: Vec<Step>) {
        let mut tree = self;
        while let Some(position) = tree
            .branches
            .iter()
            .position(|branch| is_weak_initial(&branch.step, &sequence))
        {
            let Branch { step, below } = &mut tree.branches[position];
            if let Some(taken) = sequence.iter().position(|each| each.process == step.process) {
                sequence.remove(taken);
            }
            // An execution through a leaf chooses freely afterwards, and finds the rest by its own races.
            if sequence.is_empty() || below.branches.is_empty() {
                return;
            }
            tree = below;
        }
        let path = sequence.into_iter().rev().fold(Self::default(), |below, step| Self {
            branches: vec![Branch { step, below }],
        });
        tree.branches.extend(path.branches);
    }
}

/// Whether `step` is a weak initial of `sequence`: some execution that begins with `step` is of a class that `sequence` begins.
pub(in crate::explore) fn is_weak_initial<'a>(
    step: &Step,
    sequence: impl IntoIterator<Item = &'a Step, IntoIter: Clone>,
) -> bool {
    let sequence = sequence.into_iter();
    let own = sequence
        .clone()
        .find(|each| each.process == step.process)
        .unwrap_or(step);
    sequence
        .take_while(|each| each.process != step.process)
        .all(|each| !each.accesses.conflict(&own.accesses))
}
