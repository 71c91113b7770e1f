//! The prefix of an execution in little memory: a long search keeps one for each schedule that it has queued.
//!
//! Different executions take the same few steps, so each step is stored once and referred to by number. Knows neither levels
//! nor classes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::happens_before::Step;
use crate::id::ProcessId;

/// All steps that any execution took.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    numbers: HashMap<Step, u32>,
}

/// An execution, by the numbers of its steps.
pub(super) type StepNumbers = Arc<[u32]>;

impl Steps {
    /// The numbers of the steps of an execution.
    pub(super) fn number(&mut self, steps: &[Step]) -> StepNumbers {
        steps.iter().map(|step| self.number_of(step)).collect()
    }

    fn number_of(&mut self, step: &Step) -> u32 {
        if let Some(number) = self.numbers.get(step) {
            return *number;
        }
        let number = u32::try_from(self.steps.len()).expect("memory cannot hold that many different steps");
        self.steps.push(step.clone());
        self.numbers.insert(step.clone(), number);
        number
    }
}

/// The first steps of an earlier execution, then another choice than it made.
#[derive(Clone, Debug)]
pub(super) struct Prefix {
    /// Shared by all siblings of that execution; `None` before the first one.
    execution: Option<StepNumbers>,
    kept: usize,
    then: Option<ProcessId>,
    /// Its share of the search.
    pub(super) weight: f64,
}

impl Default for Prefix {
    /// The empty prefix, which stands for the whole search.
    fn default() -> Self {
        Self {
            execution: None,
            kept: 0,
            then: None,
            weight: 1.0,
        }
    }
}

impl Prefix {
    /// The first `kept` steps of an execution, then a step of process `then`, with this share of the search.
    pub(super) fn new(execution: &StepNumbers, kept: usize, then: ProcessId, weight: f64) -> Self {
        Self {
            execution: Some(Arc::clone(execution)),
            kept,
            then: Some(then),
            weight,
        }
    }

    /// The number of choices that the prefix fixes.
    pub(super) fn len(&self) -> usize {
        self.kept + usize::from(self.then.is_some())
    }

    /// The step that the prefix fixes at this position.
    pub(super) fn step<'a>(&self, position: usize, known: &'a Steps) -> Option<&'a Step> {
        let kept = &self.execution.as_ref()?[..self.kept];
        kept.get(position).map(|number| &known.steps[*number as usize])
    }

    /// The process that the prefix fixes at this position; `None` where the execution may choose freely.
    pub(super) fn choice(&self, position: usize, known: &Steps) -> Option<ProcessId> {
        let taken = self.step(position, known).map(|step| step.process);
        taken.or(self.then.filter(|_| position == self.kept))
    }
}
