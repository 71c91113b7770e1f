//! A scheduler that reports its progress now and then.
//!
//! It does not change the search.

use std::time::{Duration, Instant};

use super::{Begin, Choice, ChoicePoint, Covered, Diverged, Mismatch, Model, Scheduler};
use crate::happens_before::Step;

/// How often progress is reported. An estimate visits every node of the tree.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Wraps a scheduler and reports its [`estimate`](Scheduler::estimate) before an execution begins.
pub struct Estimated<'a> {
    scheduler: &'a mut dyn Scheduler,
    tell: &'a mut dyn FnMut(f64),
    reported_at: Instant,
}

impl<'a> Estimated<'a> {
    /// Chooses as `scheduler` does, and calls `tell` with the completed share.
    pub fn new(scheduler: &'a mut dyn Scheduler, tell: &'a mut dyn FnMut(f64)) -> Self {
        let reported_at = Instant::now();
        Self {
            scheduler,
            tell,
            reported_at,
        }
    }
}

impl Scheduler for Estimated<'_> {
    fn begin(&mut self) -> Begin {
        if self.reported_at.elapsed() >= TELL_EVERY {
            self.reported_at = Instant::now();
            self.scheduler.estimate().into_iter().for_each(&mut self.tell);
        }
        self.scheduler.begin()
    }

    fn again(&mut self) {
        self.scheduler.again();
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        self.scheduler.choose(now)
    }

    fn performed(&mut self, step: &Step) -> Result<(), Diverged> {
        self.scheduler.performed(step)
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        self.scheduler.completed(model)
    }

    fn unfinished(&mut self) {
        self.scheduler.unfinished();
    }

    fn covered(&self) -> Covered {
        self.scheduler.covered()
    }

    fn estimate(&self) -> Option<f64> {
        self.scheduler.estimate()
    }
}
