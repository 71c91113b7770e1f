//! The tree of a reduction as its keeper has it: every sequence that was inserted, also where it was run already.
//!
//! Of two siblings that run at once, the later one sleeps on what the earlier one begins with, and the earlier one leaves to
//! the later what that one begins with. So a sequence from the earlier one goes down the later one's tree as it was inserted,
//! and is dropped only at a leaf of it: there executions were free, and find it by their own races. To drop it because the
//! later one has been started would leave it to nobody.

use super::super::dpor::{Above, Placed, is_weak_initial};
use crate::happens_before::Step;

/// A node of the tree.
#[derive(Debug)]
pub(super) struct Knot {
    /// From left to right; a new one comes last, so that a position stays what it is.
    branches: Vec<Branch>,
    /// Whether executions are free here: it was a leaf when a task began with it, or lies below one.
    is_free: bool,
    /// Whether a sequence that comes to this knot needs nothing further; tests put another rule in its place.
    pub(super) covers: fn(&Self) -> bool,
}

#[derive(Debug)]
struct Branch {
    /// With the footprint that it has in this place.
    step: Step,
    knot: Knot,
}

/// The way to a knot, by the positions of branches.
pub(super) type Place = Vec<usize>;

impl Default for Knot {
    /// A leaf.
    fn default() -> Self {
        Self {
            branches: Vec::new(),
            is_free: false,
            covers: |knot| knot.is_free || knot.branches.is_empty(),
        }
    }
}

impl Knot {
    fn leaf(&self) -> Self {
        Self {
            covers: self.covers,
            ..Self::default()
        }
    }

    /// Marks every leaf that no task has begun with, and tells where it is and how executions come there.
    pub(super) fn start(&mut self) -> Vec<(Place, Vec<Placed>)> {
        let mut leaves = Vec::new();
        self.start_below(Vec::new(), &mut Vec::new(), &mut Vec::new(), &mut leaves);
        leaves
    }

    fn start_below(
        &mut self,
        mut sleep: Vec<Step>,
        place: &mut Place,
        path: &mut Vec<Placed>,
        leaves: &mut Vec<(Place, Vec<Placed>)>,
    ) {
        if self.branches.is_empty() && !self.is_free {
            self.is_free = true;
            leaves.push((place.clone(), path.clone()));
        }
        for (position, Branch { step, knot }) in self.branches.iter_mut().enumerate() {
            let asleep = sleep.iter().filter(|asleep| !asleep.accesses.conflict(&step.accesses));
            let below = asleep.cloned().collect();
            place.push(position);
            path.push(Placed {
                step: step.clone(),
                sleep: sleep.clone(),
            });
            knot.start_below(below, place, path, leaves);
            path.pop();
            place.pop();
            sleep.push(step.clone());
        }
    }

    /// Adds the steps that the executions of a task took by themselves, and makes the place theirs.
    pub(super) fn grow(&mut self, place: &mut Place, more: Vec<Step>) {
        let mut knot = self;
        for position in place.iter() {
            knot = &mut knot.branches[*position].knot;
        }
        for step in more {
            place.push(knot.branches.len());
            let mut below = knot.leaf();
            below.is_free = true;
            knot.branches.push(Branch { step, knot: below });
            knot = &mut knot.branches.last_mut().expect("it was pushed").knot;
        }
    }

    /// Inserts a sequence that the executions at this place have found.
    pub(super) fn insert(&mut self, place: &Place, Above { kept, sequence }: Above) {
        let mut knot = self;
        for position in &place[..kept] {
            knot = &mut knot.branches[*position].knot;
        }
        // The executions found it, so that no branch to the left begins with it: that would sleep in them.
        knot.insert_right_of(place[kept] + 1, sequence);
    }

    fn insert_right_of(&mut self, left: usize, mut sequence: Vec<Step>) {
        let right = self.branches.iter().skip(left);
        let begins = |branch: &Branch| is_weak_initial(&branch.step, &sequence);
        let Some(position) = right.clone().position(begins) else {
            let leaf = self.leaf();
            let path = sequence.into_iter().rev().fold(leaf, |knot, step| {
                let mut above = knot.leaf();
                above.branches.push(Branch { step, knot });
                above
            });
            self.branches.extend(path.branches);
            return;
        };
        let Branch { step, knot } = &mut self.branches[left + position];
        if let Some(taken) = sequence.iter().position(|each| each.process == step.process) {
            sequence.remove(taken);
        }
        if !sequence.is_empty() && !(knot.covers)(knot) {
            knot.insert_right_of(0, sequence);
        }
    }

    /// The share of what is known below it with which tasks have begun, every branch weighing the same.
    pub(super) fn share_started(&self) -> f64 {
        if self.branches.is_empty() {
            return f64::from(u8::from(self.is_free));
        }
        let shares = self.branches.iter().map(|branch| branch.knot.share_started());
        shares.sum::<f64>() / self.branches.len() as f64
    }

    /// Whether it is a leaf, or a task has begun with it or below it: a wrong rule in place of [`Knot::covers`].
    #[cfg(test)]
    pub(super) fn is_leaf_or_started(&self) -> bool {
        self.branches.is_empty() || self.is_started()
    }

    #[cfg(test)]
    fn is_started(&self) -> bool {
        self.is_free || self.branches.iter().any(|branch| branch.knot.is_started())
    }
}
