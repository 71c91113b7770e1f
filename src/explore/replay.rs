//! One schedule, followed step by step.

use super::{Begin, Choice, Scheduler};
use crate::id::ProcessId;
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

    fn choose(&mut self, enabled: &[ProcessId]) -> Choice {
        let Some(&process) = self.schedule.steps().get(self.next) else {
            return Choice::Cut;
        };
        self.next += 1;
        if enabled.contains(&process) {
            return Choice::Step(process);
        }
        let names: Vec<_> = enabled.iter().map(ToString::to_string).collect();
        Choice::Diverged {
            reason: format!("{process} has no step to take; enabled: {}", names.join(" ")),
        }
    }
}
