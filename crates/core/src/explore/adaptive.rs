//! Everything if that is little, or else what few preemptions reach.
//!
//! The first executions search completely, with sleep sets. Their tree shows how many would follow (Knuth, "Estimating the Efficiency
//! of Backtrack Programs", Mathematics of Computation 1975). If they are too many, a bounded search takes over, and knows from
//! them what is contended. When a process was seen to poll, one execution is patient with it, as that of a bounded search.

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
    /// Whether a process has polled in an execution.
    polled: bool,
    patience: Patience,
}

/// Whether an execution was patient with processes that poll.
#[derive(Clone, Debug)]
enum Patience {
    NotYet,
    /// It is the current or last one.
    Now(Box<Bounded>),
    Was,
}

/// The search that runs.
#[derive(Clone, Debug)]
enum Search {
    Complete(SleepSets),
    Bounded(Box<Bounded>),
}

impl Adaptive {
    /// A complete search of at most `most` executions, or one with at most `preemptions` preemptions.
    pub fn new(most: u64, preemptions: u32) -> Self {
        Self {
            most,
            preemptions,
            begun: 0,
            search: Search::Complete(SleepSets::new()),
            polled: false,
            patience: Patience::NotYet,
        }
    }

    /// A complete search, whatever it takes.
    pub fn complete() -> Self {
        Self::new(u64::MAX, 0)
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

    /// The search that the current execution belongs to.
    fn search(&mut self) -> &mut dyn Scheduler {
        match (&mut self.patience, &mut self.search) {
            (Patience::Now(patient), _) => &mut **patient,
            (_, Search::Complete(complete)) => complete,
            (_, Search::Bounded(bounded)) => &mut **bounded,
        }
    }
}

impl Scheduler for Adaptive {
    fn begin(&mut self) -> Begin {
        self.patience = match std::mem::replace(&mut self.patience, Patience::Was) {
            Patience::NotYet if self.polled => Patience::Now(Box::new(Bounded::patient())),
            Patience::NotYet => Patience::NotYet,
            Patience::Now(_) | Patience::Was => Patience::Was,
        };
        if matches!(self.patience, Patience::Now(_)) {
            return Begin::Another;
        }
        let begins = self.search().begin();
        if begins == Begin::Exhausted || !self.is_too_long() {
            self.begun += 1;
            return begins;
        }
        if let Search::Complete(complete) = &mut self.search {
            let conflicts = std::mem::take(complete).into_conflicts();
            let was_patient = matches!(self.patience, Patience::Was);
            let bounded = Bounded::knowing(conflicts, was_patient, self.preemptions);
            self.search = Search::Bounded(Box::new(bounded));
            // The bounded search is patient itself.
            self.patience = Patience::Was;
        }
        self.search().begin()
    }

    fn again(&mut self) {
        self.search().again();
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        self.polled |= !now.polling.is_empty();
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
