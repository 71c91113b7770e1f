//! The upper part of the search tree: every sequence that was inserted, including those that were already run.
//!
//! Two siblings that run in parallel share the work: the later one sleeps on the first step of the earlier one, and the earlier
//! one leaves to the later what begins with the later's first step. So a sequence from the earlier sibling goes down the tree of
//! the later one as it was inserted. It is dropped only at a leaf, where executions chose freely and find it by their own races.
//! If it were dropped because the later sibling has been started, no task would run it.

use super::super::dpor::{OuterReversal, PathStep, is_weak_initial};
use crate::happens_before::Step;

/// A node of the tree.
#[derive(Debug)]
pub(super) struct Node {
    /// From left to right. New branches are appended, so positions stay valid.
    branches: Vec<Branch>,
    /// Whether executions choose freely here: it was a leaf when a task began with it, or lies below such a leaf.
    is_free: bool,
    /// Whether a sequence that reaches this node needs nothing further. Tests replace this rule.
    pub(super) covers: fn(&Self) -> bool,
}

#[derive(Debug)]
struct Branch {
    /// The step, with the footprint that it has at this place.
    step: Step,
    node: Node,
}

/// The path to a node, as positions of branches.
pub(super) type NodePath = Vec<usize>;

impl Default for Node {
    /// A leaf.
    fn default() -> Self {
        Self {
            branches: Vec::new(),
            is_free: false,
            covers: |node| node.is_free || node.branches.is_empty(),
        }
    }
}

impl Node {
    fn leaf(&self) -> Self {
        Self {
            covers: self.covers,
            ..Self::default()
        }
    }

    /// Marks every leaf that has not been started. Returns the place of each and the steps to it.
    pub(super) fn start(&mut self) -> Vec<(NodePath, Vec<PathStep>)> {
        let mut leaves = Vec::new();
        self.start_below(Vec::new(), &mut Vec::new(), &mut Vec::new(), &mut leaves);
        leaves
    }

    fn start_below(
        &mut self,
        mut sleep: Vec<Step>,
        place: &mut NodePath,
        path: &mut Vec<PathStep>,
        leaves: &mut Vec<(NodePath, Vec<PathStep>)>,
    ) {
        if self.branches.is_empty() && !self.is_free {
            self.is_free = true;
            leaves.push((place.clone(), path.clone()));
        }
        for (position, Branch { step, node }) in self.branches.iter_mut().enumerate() {
            let asleep = sleep.iter().filter(|asleep| !asleep.accesses.conflict(&step.accesses));
            let below = asleep.cloned().collect();
            place.push(position);
            path.push(PathStep {
                step: step.clone(),
                sleep: sleep.clone(),
            });
            node.start_below(below, place, path, leaves);
            path.pop();
            place.pop();
            sleep.push(step.clone());
        }
    }

    /// Adds the steps that the executions of a task chose freely, and extends the place by them.
    pub(super) fn grow(&mut self, place: &mut NodePath, more: Vec<Step>) {
        let mut node = self;
        for position in place.iter() {
            node = &mut node.branches[*position].node;
        }
        for step in more {
            place.push(node.branches.len());
            let mut below = node.leaf();
            below.is_free = true;
            node.branches.push(Branch { step, node: below });
            node = &mut node.branches.last_mut().expect("it was pushed").node;
        }
    }

    /// Inserts a sequence that the executions at this place found.
    pub(super) fn insert(&mut self, place: &NodePath, OuterReversal { kept, sequence }: OuterReversal) {
        let mut node = self;
        for position in &place[..kept] {
            node = &mut node.branches[*position].node;
        }
        // No branch to the left begins with it, because that step would sleep in the executions that found it.
        node.insert_right_of(place[kept] + 1, sequence);
    }

    fn insert_right_of(&mut self, left: usize, mut sequence: Vec<Step>) {
        let right = self.branches.iter().skip(left);
        let begins = |branch: &Branch| is_weak_initial(&branch.step, &sequence);
        let Some(position) = right.clone().position(begins) else {
            let leaf = self.leaf();
            let path = sequence.into_iter().rev().fold(leaf, |node, step| {
                let mut above = node.leaf();
                above.branches.push(Branch { step, node });
                above
            });
            self.branches.extend(path.branches);
            return;
        };
        let Branch { step, node } = &mut self.branches[left + position];
        if let Some(taken) = sequence.iter().position(|each| each.process == step.process) {
            sequence.remove(taken);
        }
        if !sequence.is_empty() && !(node.covers)(node) {
            node.insert_right_of(0, sequence);
        }
    }

    /// The share of the known tree below it that tasks have started, with every branch weighing the same.
    pub(super) fn share_started(&self) -> f64 {
        if self.branches.is_empty() {
            return f64::from(u8::from(self.is_free));
        }
        let shares = self.branches.iter().map(|branch| branch.node.share_started());
        shares.sum::<f64>() / self.branches.len() as f64
    }

    /// Whether it is a leaf, or a task has begun with it or below it: a wrong rule to replace [`Node::covers`].
    #[cfg(test)]
    pub(super) fn is_leaf_or_started(&self) -> bool {
        self.branches.is_empty() || self.is_started()
    }

    #[cfg(test)]
    fn is_started(&self) -> bool {
        self.is_free || self.branches.iter().any(|branch| branch.node.is_started())
    }
}
