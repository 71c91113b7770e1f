//! One execution of each class, depth first, with sleep sets (Godefroid, "Partial-Order Methods for the Verification of Concurrent
//! Systems", LNCS 1032, 1996, chapter 5).
//!
//! After an execution, each other choice at each of its steps is tried. A choice that was tried sleeps: below the later ones it is
//! not taken until a step conflicts with it, because taking it earlier led to an equivalent execution. An execution in which only
//! sleeping processes are left is given up as redundant.
//!
//! - A process that touches nothing contended next takes its step alone: no other process meets it there, whatever comes first.
//!   Contended is what several processes touch and at least one stores. When an object is found to be contended, the steps on it
//!   that were taken alone get their alternatives. If there are such steps in what is searched already, the search starts again.
//! - The search asks nothing of a model, so it also works for programs that have none. For that it begins executions that are
//!   redundant, which `dpor` does not: many, if processes take many contended steps.

use super::conflicts::Conflicts;
use super::preference::Preference;
use super::{Begin, Choice, ChoicePoint, Covered, Diverged, Mismatch, Model, Scheduler};
use crate::access::Accesses;
use crate::happens_before::Step;
use crate::id::ProcessId;

/// Runs exactly one execution of each class, and gives up others when they turn out to be equivalent to one.
#[derive(Clone, Debug, Default)]
pub struct SleepSets {
    /// The steps of the current or last execution, each with its alternatives.
    nodes: Vec<Node>,
    /// How many of them the current execution has taken.
    depth: usize,
    begun: bool,
    /// Which process the current execution prefers where it may choose freely.
    preference: Preference,
    alone: StepsAlone,
    conflicts: Conflicts,
    /// What the steps touched that were taken alone and are not on the path any more, or that slept and would have been.
    touched_alone: Accesses,
    /// Whether some of that is contended now.
    outdated: bool,
    exhausted: bool,
    /// Whether some execution was lost or cut.
    unfinished: bool,
}

/// Which steps are taken without alternatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum StepsAlone {
    /// Those that touch nothing contended.
    #[default]
    Uncontended,
    /// None: the reference for the shorter search.
    None,
}

/// A state on the path, and the step that leaves it.
#[derive(Clone, Debug)]
struct Node {
    /// The steps that sleep here. They have the footprint with which they were performed, which is exact as long as they sleep.
    sleep: Vec<Step>,
    /// The processes whose steps are still to be taken here.
    left: Vec<ProcessId>,
    /// If the step is taken alone: the processes that are awake too.
    others: Vec<ProcessId>,
    /// How many processes could be chosen here.
    choices: usize,
    /// The process that takes the current step.
    chosen: ProcessId,
    /// The current step, once it is taken.
    taken: Option<Step>,
}

impl SleepSets {
    /// A search before its first execution.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, but trying each choice at each step: the reference that the shorter search is tested against. It runs no class
    /// twice to its end.
    pub fn everywhere() -> Self {
        Self {
            alone: StepsAlone::None,
            ..Self::new()
        }
    }

    /// What several processes touched, in all executions so far.
    pub(super) fn into_conflicts(self) -> Conflicts {
        self.conflicts
    }

    /// The steps that sleep after the last one.
    fn asleep(&self) -> Vec<Step> {
        let Some(Node { sleep, taken, .. }) = self.nodes.last() else {
            return Vec::new();
        };
        let taken = taken.as_ref().expect("the search reports each step that it takes");
        let asleep = sleep.iter().filter(|step| !step.accesses.conflict(&taken.accesses));
        asleep.cloned().collect()
    }

    /// Adds the node that the last step leads to; `false` if everything from there is equivalent to what was run.
    fn grow(&mut self, now: &ChoicePoint<'_>) -> bool {
        let sleep = self.asleep();
        let is_asleep = |process: ProcessId| sleep.iter().any(|step| step.process == process);
        let awake = now.enabled.iter().copied().filter(|process| !is_asleep(*process));
        let alone = now.enabled.iter().copied();
        let alone = { alone }.find(|process| self.is_taken_alone(*process, now));
        if let Some(asleep) = sleep.iter().find(|step| Some(step.process) == alone) {
            self.touched_alone.extend(&asleep.accesses);
            return false;
        }
        let taken = self.nodes.iter().map(|node| node.chosen);
        let Some(chosen) = alone.or_else(|| self.preference.choose(now, awake.clone(), taken)) else {
            return false;
        };
        let others = awake.filter(|process| *process != chosen).collect();
        let (left, others) = match alone {
            Some(_) => (Vec::new(), others),
            None => (others, Vec::new()),
        };
        self.nodes.push(Node {
            choices: 1 + left.len(),
            sleep,
            left,
            others,
            chosen,
            taken: None,
        });
        true
    }

    fn is_taken_alone(&self, process: ProcessId, now: &ChoicePoint<'_>) -> bool {
        self.alone == StepsAlone::Uncontended && !self.conflicts.touch(&now.forecast(process))
    }

    /// Takes note of what the steps of the current execution touched, and of what processes `waiting` for something would.
    fn learn(&mut self, waiting: &[Step]) {
        let steps: Vec<Step> = self.nodes.iter().filter_map(|node| node.taken.clone()).collect();
        let grown = self.conflicts.learn(&steps) | self.conflicts.learn(waiting);
        if !grown {
            return;
        }
        self.outdated = self.conflicts.touch(&self.touched_alone);
        let conflicts = &self.conflicts;
        let is_contended = |node: &&mut Node| {
            node.taken
                .as_ref()
                .is_some_and(|taken| conflicts.touch(&taken.accesses))
        };
        for node in self.nodes.iter_mut().filter(is_contended) {
            node.choices += node.others.len();
            node.left.append(&mut node.others);
        }
    }

    /// Leaves the last node, below which everything is searched.
    fn leave(&mut self) {
        let left = self.nodes.pop();
        let alone = left.filter(|node| !node.others.is_empty());
        if let Some(taken) = alone.and_then(|node| node.taken) {
            self.touched_alone.extend(&taken.accesses);
        }
    }
}

impl Scheduler for SleepSets {
    fn begin(&mut self) -> Begin {
        self.depth = 0;
        self.preference = Preference::of(!self.begun);
        if !self.begun || self.outdated {
            self.begun = true;
            self.outdated = false;
            self.touched_alone = Accesses::none();
            self.nodes.clear();
            return Begin::Another;
        }
        while let Some(node) = self.nodes.last_mut() {
            if let Some(next) = node.left.pop() {
                node.sleep.extend(node.taken.take());
                node.chosen = next;
                return Begin::Another;
            }
            self.leave();
        }
        self.exhausted = true;
        Begin::Exhausted
    }

    fn again(&mut self) {
        self.depth = 0;
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        if self.depth == self.nodes.len() && !self.grow(now) {
            self.learn(&[]);
            return Choice::Redundant;
        }
        let process = self.nodes[self.depth].chosen;
        self.depth += 1;
        Choice::repeated(process, now.enabled)
    }

    fn performed(&mut self, step: &Step) -> Result<(), Diverged> {
        let node = &mut self.nodes[self.depth - 1];
        if let Some(before) = node.taken.as_ref().filter(|before| *before != step) {
            return Err(Diverged::between(before, step));
        }
        node.taken = Some(step.clone());
        Ok(())
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        // A process that waits at the end contends for what it waits for, although it has taken no step there.
        self.learn(&model.waiting());
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

    fn estimate(&self) -> Option<f64> {
        let (mut done, mut weight) = (f64::from(u8::from(self.exhausted)), 1.0);
        for node in &self.nodes {
            weight /= node.choices as f64;
            // What is left, and the current choice, are not done.
            done += weight * (node.choices - node.left.len() - 1) as f64;
        }
        Some(done)
    }
}
