//! A scheduler that tells, now and then, which share of its search is behind it.
//!
//! It changes nothing of the search, and does not know who listens.

use std::time::{Duration, Instant};

use super::{Begin, Choice, Covered, Diverged, Mismatch, Model, Now, Scheduler};
use crate::happens_before::Step;

/// How often it is told: the scheduler looks at every node of its tree.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Another scheduler, whose [`estimate`](Scheduler::estimate) is told before an execution begins.
pub struct Estimated<'a> {
    scheduler: &'a mut dyn Scheduler,
    tell: &'a mut dyn FnMut(f64),
    told: Instant,
}

impl<'a> Estimated<'a> {
    /// Chooses as `scheduler` does.
    pub fn new(scheduler: &'a mut dyn Scheduler, tell: &'a mut dyn FnMut(f64)) -> Self {
        let told = Instant::now();
        Self { scheduler, tell, told }
    }
}

impl Scheduler for Estimated<'_> {
    fn begin(&mut self) -> Begin {
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            self.scheduler.estimate().into_iter().for_each(&mut self.tell);
        }
        self.scheduler.begin()
    }

    fn again(&mut self) {
        self.scheduler.again();
    }

    fn choose(&mut self, now: &Now<'_>) -> Choice {
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
