//! M4: an attempt that does not win is *busy*, without an error or a panic.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::{AttemptResult, What};

pub(super) struct LosersResult;

impl Property for LosersResult {
    fn name(&self) -> &'static str {
        "losers-result"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Progress
    }

    fn statement(&self) -> &'static str {
        "an attempt without an injected error wins or is busy, and a holder's release succeeds"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let attempts = case.attempts();
        if case.history.disturbed.is_some() || attempts.iter().all(|attempt| attempt.decided.is_none()) {
            return Finding::NotApplicable;
        }
        for attempt in attempts {
            let met = match &attempt.result {
                // On a full disk no lock can be taken, so the error counts like an injected one.
                AttemptResult::Failed(error) if error.errno.is_scarcity() => continue,
                AttemptResult::Failed(error) => error.to_string(),
                AttemptResult::Panicked(message) => format!("a panic: {message}"),
                AttemptResult::Acquired | AttemptResult::Busy | AttemptResult::Undecided => continue,
            };
            let sentence = format!("{} neither won nor was busy, but met {met}", attempt.process);
            return Violation::found(sentence, attempt.decided);
        }
        let mut events: Vec<_> = case.history.events.iter().enumerate().collect();
        events.sort_by_key(|(position, event)| (event.process, *position));
        for (position, event) in events {
            let met = match &event.what {
                What::ReleaseFailed { error } => error.to_string(),
                What::Panicked { message } => format!("a panic: {message}"),
                _ => continue,
            };
            return Violation::found(
                format!("{} had its answer and then met {met}", event.process),
                [position],
            );
        }
        Finding::Holds
    }
}
