//! One schedule, followed step by step.

use super::{Begin, Choice, Covered, Now, Scheduler};
use crate::schedule::Schedule;

/// Runs one execution along a schedule; steps beyond its end are not taken.
#[derive(Clone, Debug)]
pub struct Replay {
    schedule: Schedule,
    next: usize,
    begun: bool,
}

impl Replay {
    /// Follows `schedule`.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            next: 0,
            begun: false,
        }
    }
}

impl Scheduler for Replay {
    fn begin(&mut self) -> Begin {
        if self.begun {
            return Begin::Exhausted;
        }
        self.begun = true;
        Begin::Another
    }

    fn again(&mut self) {
        self.next = 0;
    }

    fn choose(&mut self, now: &Now<'_>) -> Choice {
        let Some(&process) = self.schedule.steps().get(self.next) else {
            return Choice::Cut;
        };
        self.next += 1;
        if now.enabled.contains(&process) {
            return Choice::Step(process);
        }
        let names: Vec<_> = now.enabled.iter().map(ToString::to_string).collect();
        Choice::Diverged {
            reason: format!("{process} has no step to take; enabled: {}", names.join(" ")),
        }
    }

    fn covered(&self) -> Covered {
        Covered::Some
    }
}
