//! M3: of single attempts at a free lock, without injected errors, at least one wins.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::{Attempt, AttemptResult};
use crate::id::ProcessId;

pub(super) struct AtLeastOneWinner;

impl Property for AtLeastOneWinner {
    fn name(&self) -> &'static str {
        "at-least-one-winner"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Progress
    }

    fn statement(&self) -> &'static str {
        "of several attempts at a free lock without injected errors, at least one wins"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let Some(attempts) = case
            .single_attempts()
            .filter(|_| case.history.disturbed.is_none() && !case.history.stale)
        else {
            return Finding::NotApplicable;
        };
        if attempts
            .iter()
            .any(|attempt| attempt.result == AttemptResult::Undecided || starved(attempt))
        {
            return Finding::NotApplicable;
        }
        if attempts.iter().any(Attempt::acquired) {
            return Finding::Holds;
        }
        let mut sentence = format!("none of {} attempts at a free lock won", attempts.len());
        // The reason, if an attempt gave one.
        if let Some((process, met)) = attempts.iter().find_map(reason) {
            sentence += &format!("; {process} met {met}");
        }
        Violation::found(sentence, attempts.iter().filter_map(|attempt| attempt.decided))
    }
}

/// The error of an attempt, with its process.
fn reason(attempt: &Attempt) -> Option<(ProcessId, String)> {
    let met = match &attempt.result {
        AttemptResult::Failed(error) => error.to_string(),
        AttemptResult::Panicked(message) => format!("a panic: {message}"),
        AttemptResult::Acquired | AttemptResult::Busy | AttemptResult::Undecided => return None,
    };
    Some((attempt.process, met))
}

/// An attempt on a full disk is disturbed: no lock can be taken there.
fn starved(attempt: &Attempt) -> bool {
    matches!(&attempt.result, AttemptResult::Failed(error) if error.errno.is_scarcity())
}
