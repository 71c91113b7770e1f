//! M6: after a release that reported success, and with nobody else about, the next attempt wins.

use super::{Finding, Property, Violation};
use crate::history::{Attempt, AttemptResult, History};

pub(super) struct ReleaseFrees;

impl Property for ReleaseFrees {
    fn name(&self) -> &'static str {
        "release-frees"
    }

    fn statement(&self) -> &'static str {
        "when every hold was released and nobody else is acquiring, the next attempt wins"
    }

    fn judge(&self, history: &History) -> Finding {
        let attempts = history.attempts();
        if attempts.iter().all(|attempt| attempt.release.is_none()) {
            return Finding::NotApplicable;
        }
        for (position, lost) in attempts.iter().enumerate() {
            let others = || {
                attempts
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != position)
                    .map(|(_, other)| other)
            };
            let after_a_release = others().any(|other| other.release.is_some() && over(other, span(lost).0));
            if lost.result == AttemptResult::Busy && after_a_release && others().all(|other| apart(other, lost)) {
                let sentence = format!("{} was told busy although every hold had been released", lost.process);
                return Violation::found(sentence, lost.decided);
            }
        }
        Finding::Holds
    }
}

/// From the first to the last event in which the attempt can see the lock.
fn span(attempt: &Attempt) -> (usize, usize) {
    let began = attempt.calls.first().copied().unwrap_or(attempt.began);
    let decided = attempt.calls.last().copied().or(attempt.decided).unwrap_or(usize::MAX);
    (began, decided)
}

/// Whether the attempt and its hold are over before event `moment`.
fn over(attempt: &Attempt, moment: usize) -> bool {
    match (&attempt.result, &attempt.release) {
        (AttemptResult::Busy, _) => span(attempt).1 < moment,
        (AttemptResult::Acquired, Some(release)) => {
            release.succeeded
                && release
                    .calls
                    .last()
                    .copied()
                    .or(release.ended)
                    .is_some_and(|ended| ended < moment)
        }
        _ => false,
    }
}

/// Whether the other attempt had no part in what `lost` saw.
fn apart(other: &Attempt, lost: &Attempt) -> bool {
    let (began, decided) = span(lost);
    over(other, began) || span(other).0 > decided
}
