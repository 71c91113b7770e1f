//! One execution of each class: optimal dynamic partial-order reduction with wakeup trees (Abdulla, Aronis, Jonsson,
//! Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction", JACM 2017).
//!
//! We depart from the paper in two ways. A footprint depends on the result of the step, so a [`Model`] predicts the footprint
//! of a step that is taken earlier. And each execution computes its clocks again, since only the nodes on the path are kept
//! between executions. Does not depend on what a step does.

mod races;
mod rules;
mod task;
#[cfg(test)]
mod tests;
mod tree;

use super::preference::Preference;
use super::{Begin, Choice, ChoicePoint, Covered, Diverged, Mismatch, Model, Scheduler, Searched};
use crate::explore::branching::Branching;
use crate::happens_before::Step;
use crate::id::ProcessId;
use races::{CompletedExecution, Reversal};
use rules::Rules;
use task::Boundary;
use tree::WakeupTree;

pub(super) use task::{OuterReversal, PathStep};
pub use task::{Task, TaskResult};
pub(super) use tree::is_weak_initial;

/// Runs exactly one execution of each class, without blocked executions.
///
/// It relies on complete footprints: everything that a step reads must be in them as a load, in one fixed order, even if the
/// step fails.
#[derive(Clone, Debug, Default)]
pub struct Dpor {
    /// The steps of the current or last execution, each with its alternatives.
    nodes: Vec<Node>,
    rules: Rules,
    /// How many of the steps are inherited from the previous execution.
    old: usize,
    /// How many of them the current execution has taken.
    depth: usize,
    /// Which part of the tree other tasks search.
    boundary: Boundary,
    begun: bool,
    /// Statistics of the nodes that are completely explored.
    finished: Branching,
    /// Which process the current execution prefers where it may choose freely.
    preference: Preference,
    exhausted: bool,
    /// Whether some execution was lost, cut or blocked.
    unfinished: bool,
}

/// A state on the path, and the step that leaves it.
#[derive(Clone, Debug)]
struct Node {
    /// The sleep set: steps whose executions from here are explored, or belong to a class that is explored.
    sleep: Vec<Step>,
    /// The wakeup tree: what to run after the current step.
    tree: WakeupTree,
    /// The process that takes the current step.
    chosen: ProcessId,
    /// The subtree below the current step, which becomes the tree of the next node.
    below: WakeupTree,
    /// The current step, once it is taken.
    taken: Option<Step>,
    /// How many other steps were taken here before it.
    done: u32,
}

impl Node {
    /// The sleep set and the tree of the node that the current step leads to.
    fn next(&mut self) -> (Vec<Step>, WakeupTree) {
        let taken = self.taken.as_ref().expect("the search reports each step that it takes");
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
    /// A search before its first execution.
    pub fn new() -> Self {
        Self::default()
    }

    /// The search of one subtree. Use it as any scheduler, then call [`Dpor::into_result`].
    pub fn for_task(task: &Task) -> Self {
        let nodes = task.path.iter().map(|PathStep { step, sleep }| Node {
            sleep: sleep.clone(),
            tree: WakeupTree::default(),
            chosen: step.process,
            below: WakeupTree::default(),
            taken: Some(step.clone()),
            done: 0,
        });
        Self {
            nodes: nodes.collect(),
            preference: Preference::of(task.first),
            boundary: Boundary::of(task),
            ..Self::new()
        }
    }

    /// What a task found, once its search has ended.
    pub fn into_result(self, searched: Searched) -> TaskResult {
        let taken = self.nodes.into_iter().map(|node| node.taken);
        self.boundary.into_result(taken, searched)
    }

    /// Adds a reversal, unless its executions are of classes that sleep where it begins.
    fn insert(&mut self, reversal: Reversal) {
        let node = &mut self.nodes[reversal.kept];
        if node.sleep.iter().any(|step| is_weak_initial(step, &reversal.sequence)) {
            return;
        }
        if reversal.kept < self.boundary.depth {
            self.boundary.keep(reversal);
        } else {
            node.tree.insert(reversal.sequence);
        }
    }

    /// Adds the node that the last step leads to; `false` when every enabled process sleeps.
    fn grow(&mut self, now: &ChoicePoint<'_>) -> bool {
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
            let Some(chosen) = self.preference.choose(now, awake, taken) else {
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
        self.preference = Preference::of(false);
        while self.nodes.len() > self.boundary.depth {
            let node = self.nodes.last_mut().expect("it is longer than the boundary");
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

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        if self.depth == self.nodes.len() && !self.grow(now) {
            self.unfinished = true;
            return Choice::Blocked;
        }
        Choice::repeated(self.nodes[self.depth].chosen, now.enabled)
    }

    fn performed(&mut self, step: &Step) -> Result<(), Diverged> {
        let taken = self.nodes[self.depth].taken.get_or_insert_with(|| step.clone());
        self.depth += 1;
        if taken == step {
            Ok(())
        } else {
            Err(Diverged::between(taken, step))
        }
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        let steps = self.nodes.iter().filter_map(|node| node.taken.clone()).collect();
        let execution = CompletedExecution::of(steps, model.waiting(), self.rules, self.old);
        let reversals = execution.reversals(model)?;
        reversals.into_iter().for_each(|reversal| self.insert(reversal));
        Ok(())
    }

    fn unfinished(&mut self) {
        self.unfinished = true;
    }

    fn covered(&self) -> Covered {
        if self.exhausted && !self.unfinished {
            Covered::Everything
        } else {
            Covered::Some
        }
    }

    /// Assumes that a node will have as many choices as the mean of its depth, or more if more are known.
    fn estimate(&self) -> Option<f64> {
        let (mut done, mut weight) = (f64::from(u8::from(self.exhausted)), 1.0);
        for (depth, node) in self.nodes.iter().enumerate().skip(self.boundary.depth) {
            let known = f64::from(node.done) + 1.0 + node.tree.len() as f64;
            weight /= self.finished.mean(depth).max(known);
            done += weight * f64::from(node.done);
        }
        Some(done)
    }
}
