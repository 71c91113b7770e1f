//! M5: *busy* is said of a lock that somebody else has or wants, and of nothing else.
//!
//! A directory that is missing, a full disk, a lock that the file system does not know are errors: who says *busy* then waits
//! for ever for a holder who does not exist.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::{Attempt, AttemptResult};

pub(super) struct HonestBusy;

impl Property for HonestBusy {
    fn name(&self) -> &'static str {
        "honest-busy"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Tidiness
    }

    fn statement(&self) -> &'static str {
        "an attempt is told busy only if another process did something that it could see"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        // Whoever left the lock behind was there before the first event.
        if case.history.stale {
            return Finding::NotApplicable;
        }
        let mut told = false;
        let mut earlier = None;
        for attempt in case.attempts() {
            let first = earlier.replace(attempt.process) != Some(attempt.process);
            // Later attempts may meet what the process itself has left.
            if attempt.result != AttemptResult::Busy || !first || attempt.calls.is_empty() {
                continue;
            }
            told = true;
            if !saw_another(case, attempt) {
                let sentence = format!(
                    "{} was told busy although nobody else had done anything",
                    attempt.process
                );
                return Violation::found(sentence, attempt.decided);
            }
        }
        if told { Finding::Holds } else { Finding::NotApplicable }
    }
}

/// Whether a call of another process happens before one of the attempt.
fn saw_another(case: &Case<'_>, attempt: &Attempt) -> bool {
    let others = case
        .history
        .calls()
        .filter(|(_, process, ..)| *process != attempt.process);
    let mut others = others.map(|(position, ..)| position);
    others.any(|other| attempt.calls.iter().any(|own| case.before(other, *own)))
}
