//! M1: no two holds overlap.
//!
//! Two holds overlap when neither release, nor death, happens before the other acquisition. Happens-before decides, not the
//! order that was run. The search runs one execution per class (Abdulla et al., JACM 2017), and that one need not show both
//! holds at the same moment.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::Attempt;

pub(super) struct MutualExclusion;

impl Property for MutualExclusion {
    fn name(&self) -> &'static str {
        "mutual-exclusion"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Exclusion
    }

    fn statement(&self) -> &'static str {
        "no two processes hold the lock at the same time, unless a lease has expired"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let holds: Vec<Hold<'_>> = case.attempts().iter().filter_map(Hold::of).collect();
        // Single attempts without a release are judged by at-most-one-winner, which counts all winners.
        if holds.is_empty() || case.single_attempts().is_some() {
            return Finding::NotApplicable;
        }
        for (position, first) in holds.iter().enumerate() {
            for second in &holds[position + 1..] {
                let (one, other) = (first.attempt.process, second.attempt.process);
                if one != other && !first.over_before(second, case) && !second.over_before(first, case) {
                    let begin = [first, second].map(|hold| hold.attempt.hold_begins().unwrap_or(hold.begins));
                    return Violation::found(format!("{one} and {other} hold the lock at once"), begin);
                }
            }
        }
        Finding::Holds
    }
}

struct Hold<'a> {
    attempt: &'a Attempt,
    begins: usize,
}

impl<'a> Hold<'a> {
    fn of(attempt: &'a Attempt) -> Option<Self> {
        let begins = attempt.decided.filter(|_| attempt.acquired())?;
        Some(Self { attempt, begins })
    }

    fn over_before(&self, next: &Self, case: &Case<'_>) -> bool {
        case.is_over(self.attempt, next.begins)
    }
}
