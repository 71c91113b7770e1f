//! How an execution begins, kept small: a long search keeps one for each schedule that it has put off.
//!
//! Steps are few and different executions take the same ones, so that each is kept once and known by a number. Knows nothing
//! of levels or classes.

use std::collections::HashMap;
use std::sync::Arc;

use crate::happens_before::Step;
use crate::id::ProcessId;

/// All steps that were taken somewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    numbers: HashMap<Step, u32>,
}

/// An execution, by the numbers of its steps.
pub(super) type Execution = Arc<[u32]>;

impl Steps {
    /// The numbers of the steps of an execution.
    pub(super) fn number(&mut self, steps: &[Step]) -> Execution {
        steps.iter().map(|step| self.number_of(step)).collect()
    }

    fn number_of(&mut self, step: &Step) -> u32 {
        if let Some(number) = self.numbers.get(step) {
            return *number;
        }
        let number = u32::try_from(self.steps.len()).expect("the memory does not hold so many different steps");
        self.steps.push(step.clone());
        self.numbers.insert(step.clone(), number);
        number
    }
}

/// The first steps of an execution that was run, and another choice than was made there.
#[derive(Clone, Debug)]
pub(super) struct Prefix {
    /// Shared by all siblings that it has put off; none before the first execution.
    execution: Option<Execution>,
    kept: usize,
    then: Option<ProcessId>,
    /// Its share of what is to be run.
    pub(super) weight: f64,
}

impl Default for Prefix {
    /// Nothing is given: all is to be run.
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
    /// The first `kept` steps of an execution, then a step of this process; with this share of what is to be run.
    pub(super) fn new(execution: &Execution, kept: usize, then: ProcessId, weight: f64) -> Self {
        Self {
            execution: Some(Arc::clone(execution)),
            kept,
            then: Some(then),
            weight,
        }
    }

    /// How many choices are given.
    pub(super) fn len(&self) -> usize {
        self.kept + usize::from(self.then.is_some())
    }

    /// The step that was taken in this place, and must be again.
    pub(super) fn step<'a>(&self, position: usize, known: &'a Steps) -> Option<&'a Step> {
        let kept = &self.execution.as_ref()?[..self.kept];
        kept.get(position).map(|number| &known.steps[*number as usize])
    }

    /// Who goes on in this place; nobody where the execution is free to choose.
    pub(super) fn choice(&self, position: usize, known: &Steps) -> Option<ProcessId> {
        let taken = self.step(position, known).map(|step| step.process);
        taken.or(self.then.filter(|_| position == self.kept))
    }
}
