//! Every interleaving, with the preemptions of each: the reference for a search within a bound.

use std::cell::Cell;
use std::rc::Rc;

use onewinner_core::explore::{Begin, Choice, ChoicePoint, Covered, Exhaustive, Scheduler};
use onewinner_core::id::ProcessId;

/// Every interleaving, with how often a process was left that could have gone on. A sleeper is left for free, and one that is woken
/// before an earlier one counts.
pub(super) struct Counting {
    all: Exhaustive,
    preemptions: Rc<Cell<u32>>,
}

impl Counting {
    /// With the preemptions of the present interleaving.
    pub(super) fn new() -> (Self, Rc<Cell<u32>>) {
        let preemptions = Rc::new(Cell::new(0));
        let all = Exhaustive::new();
        let shared = Rc::clone(&preemptions);
        (Self { all, preemptions }, shared)
    }
}

impl Scheduler for Counting {
    fn begin(&mut self) -> Begin {
        self.preemptions.set(0);
        self.all.begin()
    }

    fn again(&mut self) {
        unreachable!("nothing is lost here");
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        let choice = self.all.choose(now);
        let Choice::Step(process) = choice else {
            return choice;
        };
        let awake = |last: &ProcessId| now.enabled.contains(last) && now.wakes_at(*last).is_none();
        let leaves = now.last.filter(awake).is_some_and(|last| last != process);
        let early = now.wakes_out_of_turn(process);
        self.preemptions
            .set(self.preemptions.get() + u32::from(leaves || early));
        choice
    }

    fn covered(&self) -> Covered {
        self.all.covered()
    }
}
