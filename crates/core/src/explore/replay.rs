//! One schedule, followed step by step.

use super::preference::Preference;
use super::{Begin, Choice, ChoicePoint, Covered, Scheduler};
use crate::schedule::Schedule;

/// Runs one execution along a schedule.
#[derive(Clone, Debug)]
pub struct Replay {
    schedule: Schedule,
    mode: Mode,
    next: usize,
    begun: bool,
}

/// What happens where the schedule cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// A step that its process cannot take is a divergence. The execution ends with the schedule.
    Strict,
    /// A step that its process cannot take is left out. After the last step the execution continues to its end.
    Guided,
}

impl Replay {
    /// Follows `schedule` exactly: diverges at a step that cannot be taken, and ends after the last one.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            mode: Mode::Strict,
            next: 0,
            begun: false,
        }
    }

    /// Follows `schedule` where possible: leaves out steps that cannot be taken, and after the last one continues to the end,
    /// staying on the same process.
    ///
    /// For schedules that were edited: after two steps have changed places, later steps may not exist any more.
    pub fn guided(schedule: Schedule) -> Self {
        Self {
            mode: Mode::Guided,
            ..Self::new(schedule)
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

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        while let Some(&process) = self.schedule.steps().get(self.next) {
            self.next += 1;
            if now.can_step(process) {
                return Choice::Step(process);
            }
            if self.mode == Mode::Strict {
                let names: Vec<_> = now.enabled.iter().map(ToString::to_string).collect();
                let reason = format!("{process} has no step to take; enabled: {}", names.join(" "));
                return Choice::Diverged { reason };
            }
        }
        if self.mode == Mode::Strict {
            return Choice::Cut;
        }
        let process = Preference::Stay.choose(now, now.enabled.iter().copied(), std::iter::empty());
        Choice::Step(process.expect("a scheduler is asked while a process is enabled"))
    }

    fn covered(&self) -> Covered {
        Covered::Some
    }
}
