//! M5: *busy* means that another process holds or wants the lock, and nothing else.
//!
//! A missing directory, a full disk or an unsupported lock is an error. If the lock reports *busy* instead, its user waits
//! forever for a holder that does not exist.

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
        "an attempt is busy only if another process did something that the attempt could see"
    }

    fn consequence(&self) -> &'static str {
        "a user may wait for a holder that does not exist"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        // The holder that left a stale lock is not among the events.
        if case.history.stale {
            return Finding::NotApplicable;
        }
        let mut applies = false;
        let mut earlier = None;
        for attempt in case.attempts() {
            let first = earlier.replace(attempt.process) != Some(attempt.process);
            // Later attempts may find what the process itself left.
            if attempt.result != AttemptResult::Busy || !first || attempt.calls.is_empty() {
                continue;
            }
            applies = true;
            if !saw_another(case, attempt) {
                let sentence = format!(
                    "{} was busy although no other process had done anything",
                    attempt.process
                );
                return Violation::found(sentence, attempt.decided);
            }
        }
        if applies {
            Finding::Holds
        } else {
            Finding::NotApplicable
        }
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
