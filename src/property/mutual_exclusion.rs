//! M1: no two holds overlap.
//!
//! Two holds overlap when neither release happens before the other acquisition. Happens-before, and not the order that the
//! search ran: a class can hold a violation that no execution of it shows as two holds at one moment
//! (Abdulla et al., JACM 2017, explore one execution per class).

use super::{Finding, Property, Violation};
use crate::history::{Attempt, History, Order};

pub(super) struct MutualExclusion;

impl Property for MutualExclusion {
    fn name(&self) -> &'static str {
        "mutual-exclusion"
    }

    fn statement(&self) -> &'static str {
        "at no moment do two processes hold the lock"
    }

    fn judge(&self, history: &History) -> Finding {
        let attempts = history.attempts();
        let holds: Vec<Hold<'_>> = attempts.iter().filter_map(Hold::of).collect();
        if holds.iter().all(|hold| hold.ends.is_none()) {
            return Finding::NotApplicable;
        }
        // Without calls there is one counter, and the order of the events is the order of the instants.
        let order = history.calls().next().is_some().then(|| history.order());
        for (position, first) in holds.iter().enumerate() {
            for second in &holds[position + 1..] {
                if first.attempt.process != second.attempt.process && first.overlaps(second, order.as_ref()) {
                    let sentence = format!(
                        "{} and {} hold the lock at once",
                        first.attempt.process, second.attempt.process
                    );
                    return Violation::found(sentence, [first.begins, second.begins]);
                }
            }
        }
        Finding::Holds
    }
}

struct Hold<'a> {
    attempt: &'a Attempt,
    begins: usize,
    ends: Option<usize>,
}

impl<'a> Hold<'a> {
    fn of(attempt: &'a Attempt) -> Option<Self> {
        let begins = attempt.hold_begins()?;
        let ends = attempt.hold_ends();
        Some(Self { attempt, begins, ends })
    }

    fn overlaps(&self, other: &Self, order: Option<&Order>) -> bool {
        let over_before = |hold: &Self, next: &Self| {
            hold.ends.is_some_and(|end| match order {
                Some(order) => order.before(end, next.begins),
                None => end < next.begins,
            })
        };
        !over_before(self, other) && !over_before(other, self)
    }
}
