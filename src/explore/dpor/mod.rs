//! One execution of each class: optimal dynamic partial-order reduction with wakeup trees (Abdulla, Aronis, Jonsson,
//! Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", JACM 2017).
//!
//! We depart from the paper in two ways. A footprint depends on the result of the step, so the footprint of a step that is
//! taken earlier is asked of a [`Model`]. And clocks are made anew for each execution, since nothing is kept between them
//! but the nodes on the path. Deliberately knows nothing of what a step does.

mod races;
mod rules;
#[cfg(test)]
mod tests;
mod tree;

use super::prefer::Order;
use super::{Begin, Choice, Covered, Diverged, Mismatch, Model, Now, Scheduler};
use crate::happens_before::Step;
use crate::id::ProcessId;
use races::{Execution, Reversal};
use rules::Rules;
use tree::{WakeupTree, is_weak_initial};

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
    /// How many executions have begun.
    begun: u64,
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
        };
        if let Some((process, below)) = node.tree.take_first() {
            (node.chosen, node.below) = (process, below);
        } else {
            let awake = now.enabled.iter().copied().filter(|process| !node.is_asleep(*process));
            let Some(chosen) = Order::of(self.begun == 1).prefer(now, awake) else {
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
        self.begun += 1;
        if self.begun == 1 {
            return Begin::Another;
        }
        while let Some(node) = self.nodes.last_mut() {
            node.sleep.extend(node.taken.take());
            if let Some((process, below)) = node.tree.take_first() {
                (node.chosen, node.below) = (process, below);
                self.old = self.nodes.len() - 1;
                return Begin::Another;
            }
            self.nodes.pop();
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
        for Reversal { kept, sequence } in execution.reversals(model)? {
            let node = &mut self.nodes[kept];
            if !node.sleep.iter().any(|step| is_weak_initial(step, &sequence)) {
                node.tree.insert(sequence);
            }
        }
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
}
