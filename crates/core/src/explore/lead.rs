//! One schedule, followed where it can be: whoever turns two steps round does not know what becomes of the rest.

use super::prefer::Order;
use super::{Begin, Choice, Covered, Now, Scheduler};
use crate::schedule::Schedule;

/// Runs one execution along a schedule: it leaves out steps that cannot be taken, and goes on to the end behind the last,
/// staying on the process.
#[derive(Clone, Debug)]
pub struct Lead {
    schedule: Schedule,
    next: usize,
    begun: bool,
}

impl Lead {
    /// Follows `schedule`.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            next: 0,
            begun: false,
        }
    }
}

impl Scheduler for Lead {
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
        while let Some(process) = self.schedule.steps().get(self.next) {
            self.next += 1;
            if now.enabled.contains(process) {
                return Choice::Step(*process);
            }
        }
        let process = Order::Stay.prefer(now, now.enabled.iter().copied(), std::iter::empty());
        Choice::Step(process.expect("a scheduler is asked while somebody is enabled"))
    }

    fn covered(&self) -> Covered {
        Covered::Some
    }
}
