//! Which steps of a completed execution race, and which executions reverse them.
//!
//! A step races with an earlier one of another process when they conflict and nothing else orders them (Abdulla et al.,
//! JACM 2017, definition 3.3). Does not depend on the tree or the sleep sets.

use super::super::{Mismatch, Model, Move};
use super::rules::{Rules, Tried};
use crate::happens_before::{HappensBefore, Step};

/// A completed execution.
pub(super) struct CompletedExecution {
    steps: Vec<Step>,
    /// Steps that wait at the end. They race as if they had been taken.
    waiting: Vec<Step>,
    order: HappensBefore,
    rules: Rules,
    /// How many of the steps are inherited from the previous execution.
    old: usize,
}

/// A step that may race with earlier ones.
#[derive(Clone, Copy)]
struct Later<'a> {
    /// Its position; the end of the execution if it waits.
    position: usize,
    step: &'a Step,
    again: Move,
}

/// The beginning of an execution that reverses a race.
#[derive(Debug)]
pub(super) struct Reversal {
    /// How many steps are kept.
    pub(super) kept: usize,
    /// The steps after them, with exact footprints: those that do not happen after the earlier step, then the later one.
    pub(super) sequence: Vec<Step>,
}

impl CompletedExecution {
    pub(super) fn of(steps: Vec<Step>, waiting: Vec<Step>, rules: Rules, old: usize) -> Self {
        let width = steps.iter().map(|step| step.process.index() + 1).max();
        let order = HappensBefore::of(width.unwrap_or(0), &steps);
        Self {
            steps,
            waiting,
            order,
            rules,
            old,
        }
    }

    /// The reversals of all races.
    pub(super) fn reversals(&self, model: &mut dyn Model) -> Result<Vec<Reversal>, Mismatch> {
        let mut found = Vec::new();
        let looks_at = |(position, _): &(usize, &Step)| (self.rules.looks_at)(*position, self.old);
        for (position, step) in self.steps.iter().enumerate().filter(looks_at) {
            let again = Move::Taken(position);
            self.reversals_with(Later { position, step, again }, model, &mut found)?;
        }
        for step in &self.waiting {
            let (position, again) = (self.steps.len(), Move::Waiting(step.process));
            self.reversals_with(Later { position, step, again }, model, &mut found)?;
        }
        Ok(found)
    }

    fn reversals_with(
        &self,
        later: Later<'_>,
        model: &mut dyn Model,
        found: &mut Vec<Reversal>,
    ) -> Result<(), Mismatch> {
        let mut candidates = self.conflicting(later);
        loop {
            let mut tried = Tried::default();
            for earlier in (self.rules.nearest)(&self.order, &candidates) {
                match self.reverse(earlier, later, model)? {
                    Some(reversal) => {
                        tried.reversed.push(earlier);
                        found.push(reversal);
                    }
                    None => tried.only_enabled.push(earlier),
                }
            }
            if tried.only_enabled.is_empty() {
                return Ok(());
            }
            candidates = (self.rules.below)(&self.order, &candidates, &tried);
        }
    }

    /// The steps that conflict with a later one, except those that happen before an earlier step of its process.
    fn conflicting(&self, later: Later<'_>) -> Vec<usize> {
        let Step { process, accesses } = later.step;
        let previous = (0..later.position)
            .rev()
            .find(|&step| self.steps[step].process == *process);
        (0..later.position)
            .filter(|&earlier| self.steps[earlier].process != *process)
            .filter(|&earlier| !previous.is_some_and(|previous| (self.rules.is_past)(&self.order, earlier, previous)))
            .filter(|&earlier| self.steps[earlier].accesses.conflict(accesses))
            .collect()
    }

    /// The reversal of two steps; `None` when the later one cannot be taken before the earlier one.
    ///
    /// The model predicts its footprint, because a call that fails after the earlier step may succeed, and store, before it. A
    /// search that keeps the old footprint misses classes.
    fn reverse(&self, earlier: usize, later: Later<'_>, model: &mut dyn Model) -> Result<Option<Reversal>, Mismatch> {
        let positions: Vec<usize> = (earlier + 1..self.steps.len())
            .filter(|&step| step != later.position && !self.order.before(earlier, step))
            .collect();
        let moves = positions.iter().copied().map(Move::Taken).chain([later.again]);
        let moves: Vec<_> = moves.collect();
        let footprints = model.replay(earlier, &moves);
        let mut others = positions.iter().zip(&footprints);
        if let Some((&step, _)) = others.find(|&(&step, accesses)| *accesses != self.steps[step].accesses) {
            return Err(Mismatch { step });
        }
        if footprints.len() < moves.len() {
            return Ok(None);
        }
        let processes = positions.into_iter().map(|step| self.steps[step].process);
        let step = |(process, accesses)| Step { process, accesses };
        Ok(Some(Reversal {
            kept: earlier,
            sequence: processes
                .chain([later.step.process])
                .zip(footprints)
                .map(step)
                .collect(),
        }))
    }
}
