//! One execution of each class: optimal dynamic partial-order reduction with wakeup trees (Abdulla, Aronis, Jonsson,
//! Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", JACM 2017).
//!
//! We depart from the paper in two ways. A footprint depends on the result of the step, so the footprint of a step that is
//! taken earlier is asked of a [`Model`]. And clocks are made anew for each execution, since nothing is kept between them
//! but the nodes on the path. Deliberately knows nothing of what a step does.

mod part;
mod races;
mod rules;
#[cfg(test)]
mod tests;
mod tree;

use super::prefer::Order;
use super::{Begin, Choice, Covered, Diverged, Mismatch, Model, Now, Scheduler};
use crate::explore::widths::Widths;
use crate::happens_before::Step;
use crate::id::ProcessId;
use part::Outside;
use races::Execution;
use rules::Rules;
use tree::WakeupTree;

pub(super) use part::{Above, Placed};
pub use part::{Came, Task};
pub(super) use tree::is_weak_initial;

/// Runs one execution of each class and blocks none.
///
/// It relies on footprints: what a step reads, read in one fixed order, must be in them as a load even if the step fails.
#[derive(Clone, Debug, Default)]
pub struct Dpor {
    /// The steps of the execution that runs or ran last, with what is to be run instead of each.
    nodes: Vec<Node>,
    rules: Rules,
    /// How many of the steps were taken before the current execution began.
    old: usize,
    /// How many of them the current execution has chosen.
    depth: usize,
    /// What of the tree is somebody else's.
    outside: Outside,
    begun: bool,
    /// How many steps were taken at the nodes that are gone.
    finished: Widths,
    /// Which process goes on where every one may, in the execution that runs.
    order: Order,
    exhausted: bool,
    /// Whether some execution could not be run to its end, or had to be given up.
    unfinished: bool,
}

/// A state on the path, and the step that leaves it.
#[derive(Clone, Debug)]
struct Node {
    /// Steps whose executions from here are explored, or would be of a class that is.
    sleep: Vec<Step>,
    /// What is to be run after the current step.
    tree: WakeupTree,
    /// The process that takes the current step.
    chosen: ProcessId,
    /// What the tree holds below the current step; it becomes the next node's.
    below: WakeupTree,
    /// The current step, once it is taken.
    taken: Option<Step>,
    /// How many steps were taken here before it.
    done: u32,
}

impl Node {
    /// The sleep set and the tree of the node that the current step leads to.
    fn next(&mut self) -> (Vec<Step>, WakeupTree) {
        let taken = self.taken.as_ref().expect("the search tells each step it takes");
        let asleep = self
            .sleep
            .iter()
            .filter(|step| !step.accesses.conflict(&taken.accesses));
        (asleep.cloned().collect(), std::mem::take(&mut self.below))
    }

    fn is_asleep(&self, process: ProcessId) -> bool {
        self.sleep.iter().any(|step| step.process == process)
    }
}

impl Dpor {
    /// Before the first execution.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the node that the last one leads to; `false` when all that is enabled sleeps.
    fn grow(&mut self, now: &Now<'_>) -> bool {
        let (sleep, tree) = self.nodes.last_mut().map(Node::next).unwrap_or_default();
        let mut node = Node {
            sleep,
            tree,
            chosen: now.enabled[0],
            below: WakeupTree::default(),
            taken: None,
            done: 0,
        };
        if let Some((process, below)) = node.tree.take_first() {
            (node.chosen, node.below) = (process, below);
        } else {
            let awake = now.enabled.iter().copied().filter(|process| !node.is_asleep(*process));
            let taken = self.nodes.iter().map(|node| node.chosen);
            let Some(chosen) = self.order.prefer(now, awake, taken) else {
                return false;
            };
            node.chosen = chosen;
        }
        self.nodes.push(node);
        true
    }
}

impl Scheduler for Dpor {
    fn begin(&mut self) -> Begin {
        self.depth = 0;
        if !std::mem::replace(&mut self.begun, true) {
            return Begin::Another;
        }
        self.order = Order::of(false);
        while self.nodes.len() > self.outside.depth {
            let node = self.nodes.last_mut().expect("there are more than none");
            node.sleep.extend(node.taken.take());
            if let Some((process, below)) = node.tree.take_first() {
                (node.chosen, node.below) = (process, below);
                node.done += 1;
                self.old = self.nodes.len() - 1;
                return Begin::Another;
            }
            let choices = node.done + 1;
            self.nodes.pop();
            self.finished.add(self.nodes.len(), choices);
        }
        self.exhausted = true;
        Begin::Exhausted
    }

    fn again(&mut self) {
        self.depth = 0;
    }

    fn choose(&mut self, now: &Now<'_>) -> Choice {
        if self.depth == self.nodes.len() && !self.grow(now) {
            self.unfinished = true;
            return Choice::Blocked;
        }
        let chosen = self.nodes[self.depth].chosen;
        if !now.enabled.contains(&chosen) {
            let reason = format!(
                "{chosen} had a step to take before, and {:?} are enabled now",
                now.enabled
            );
            return Choice::Diverged { reason };
        }
        Choice::Step(chosen)
    }

    fn performed(&mut self, step: &Step) -> Result<(), Diverged> {
        let taken = self.nodes[self.depth].taken.get_or_insert_with(|| step.clone());
        self.depth += 1;
        if taken == step {
            return Ok(());
        }
        let (process, before, now) = (step.process, &taken.accesses, &step.accesses);
        let reason = format!("the step of {process} touched {before:?} before, and {now:?} now");
        Err(Diverged { reason })
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        let steps = self.nodes.iter().filter_map(|node| node.taken.clone()).collect();
        let execution = Execution::of(steps, model.waiting(), self.rules, self.old);
        let reversals = execution.reversals(model)?;
        reversals.into_iter().for_each(|reversal| self.insert(reversal));
        Ok(())
    }

    fn unfinished(&mut self) {
        self.unfinished = true;
    }

    fn covered(&self) -> Covered {
        match self.exhausted && !self.unfinished {
            true => Covered::Everything,
            false => Covered::Some,
        }
    }

    /// A node is taken to become as wide as those before it at its depth, if it is not wider already.
    fn estimate(&self) -> Option<f64> {
        let (mut done, mut weight) = (f64::from(u8::from(self.exhausted)), 1.0);
        for (depth, node) in self.nodes.iter().enumerate().skip(self.outside.depth) {
            let known = f64::from(node.done) + 1.0 + node.tree.len() as f64;
            weight /= self.finished.mean(depth).max(known);
            done += weight * f64::from(node.done);
        }
        Some(done)
    }
}
