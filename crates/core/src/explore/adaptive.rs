//! Everything if that is little, or else what few preemptions reach.
//!
//! The first executions search completely, with sleep sets. Their tree shows how many would follow (Knuth, "Estimating the Efficiency
//! of Backtrack Programs", Mathematics of Computation 1975). If they are too many, a bounded search takes over, and knows from
//! them what is contended.

use super::{Begin, Bounded, Choice, ChoicePoint, Covered, Diverged, Mismatch, Model, Scheduler, SleepSets};
use crate::happens_before::Step;

/// The number of executions before which an estimate says little.
const TO_ESTIMATE: u64 = 32;
/// By what factor an early estimate is seldom too high.
const TOO_HIGH: f64 = 10.0;

/// Searches completely if that takes at most a given number of executions, and within a bound on preemptions otherwise.
#[derive(Clone, Debug)]
pub struct Adaptive {
    /// The most executions of the complete search.
    most: u64,
    preemptions: u32,
    /// The executions that the complete search has begun.
    begun: u64,
    search: Search,
}

/// The search that runs.
#[derive(Clone, Debug)]
enum Search {
    Complete(SleepSets),
    Bounded(Bounded),
}

impl Adaptive {
    /// A complete search of at most `most` executions, or one with at most `preemptions` preemptions.
    pub fn new(most: u64, preemptions: u32) -> Self {
        Self {
            most,
            preemptions,
            begun: 0,
            search: Search::Complete(SleepSets::new()),
        }
    }

    /// Whether the complete search has become too long, or is expected to.
    fn is_too_long(&self) -> bool {
        let Search::Complete(complete) = &self.search else {
            return false;
        };
        let share = complete.estimate().unwrap_or(0.0);
        let expected = self.begun as f64 / share.max(f64::MIN_POSITIVE);
        self.begun >= self.most || self.begun >= TO_ESTIMATE && expected > TOO_HIGH * self.most as f64
    }

    fn search(&mut self) -> &mut dyn Scheduler {
        match &mut self.search {
            Search::Complete(complete) => complete,
            Search::Bounded(bounded) => bounded,
        }
    }
}

impl Scheduler for Adaptive {
    fn begin(&mut self) -> Begin {
        let begins = self.search().begin();
        if begins == Begin::Exhausted || !self.is_too_long() {
            self.begun += 1;
            return begins;
        }
        if let Search::Complete(complete) = &mut self.search {
            let conflicts = std::mem::take(complete).into_conflicts();
            self.search = Search::Bounded(Bounded::knowing(conflicts, self.preemptions));
        }
        self.search().begin()
    }

    fn again(&mut self) {
        self.search().again();
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        self.search().choose(now)
    }

    fn performed(&mut self, step: &Step) -> Result<(), Diverged> {
        self.search().performed(step)
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        self.search().completed(model)
    }

    fn unfinished(&mut self) {
        self.search().unfinished();
    }

    fn covered(&self) -> Covered {
        match &self.search {
            Search::Complete(complete) => complete.covered(),
            Search::Bounded(bounded) => bounded.covered(),
        }
    }

    fn estimate(&self) -> Option<f64> {
        match &self.search {
            Search::Complete(complete) => complete.estimate(),
            Search::Bounded(bounded) => bounded.estimate(),
        }
    }
}
