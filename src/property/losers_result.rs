//! M4: who does not win is told *busy*, and nothing else.

use super::{Finding, Property, Violation};
use crate::history::{AttemptResult, History, What};

pub(super) struct LosersResult;

impl Property for LosersResult {
    fn name(&self) -> &'static str {
        "losers-result"
    }

    fn statement(&self) -> &'static str {
        "an undisturbed attempt that does not win is told that the lock is held, and a holder's release succeeds"
    }

    fn judge(&self, history: &History) -> Finding {
        if history.disturbed.is_some() {
            return Finding::NotApplicable;
        }
        for attempt in history.attempts() {
            let met = match &attempt.result {
                // On a full disk no lock can be taken: that disturbs an attempt as an injected error does.
                AttemptResult::Failed(error) if error.errno.is_scarcity() => continue,
                AttemptResult::Failed(error) => error.to_string(),
                AttemptResult::Panicked(message) => format!("a panic: {message}"),
                AttemptResult::Acquired | AttemptResult::Busy | AttemptResult::Undecided => continue,
            };
            let sentence = format!("{} neither won nor was told busy, but met {met}", attempt.process);
            return Violation::found(sentence, attempt.decided);
        }
        for (position, event) in history.events.iter().enumerate() {
            let met = match &event.what {
                What::ReleaseFailed { error } => error.to_string(),
                What::Panicked { message } => format!("a panic: {message}"),
                _ => continue,
            };
            return Violation::found(format!("{} held the lock and met {met}", event.process), [position]);
        }
        Finding::Holds
    }
}
