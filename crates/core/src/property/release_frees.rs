//! M6: after a successful release, while no other process attempts, the next attempt wins.
//!
//! A violation needs an order of the class in which every attempt that may matter is over before the loser begins. A release
//! that conflicts with nothing that the loser did may come first.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::{Attempt, AttemptResult};

pub(super) struct ReleaseFrees;

impl Property for ReleaseFrees {
    fn name(&self) -> &'static str {
        "release-frees"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Progress
    }

    fn statement(&self) -> &'static str {
        "when every hold was released and no other process is acquiring, the next attempt wins"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        if case.attempts().iter().all(|attempt| attempt.release.is_none()) {
            return Finding::NotApplicable;
        }
        for lost in case.attempts() {
            if lost.result == AttemptResult::Busy && lost.decided.is_some_and(|decided| was_free(case, lost, decided)) {
                let sentence = format!("{} was busy although every hold had been released", lost.process);
                return Violation::found(sentence, lost.decided);
            }
        }
        Finding::Holds
    }
}

/// Whether `lost` may have begun when everything before it was over, including at least one release.
fn was_free(case: &Case<'_>, lost: &Attempt, decided: usize) -> bool {
    let earlier = before(case, lost, decided);
    let released = earlier.iter().any(|attempt| attempt.release.is_some());
    let apart = |attempt: &&Attempt| end(attempt).is_some_and(|end| !case.before(lost.began, end));
    released && earlier.iter().all(apart)
}

/// The attempts that must come before `lost` if none overlaps it: those with an event in its past, and in turn those with an
/// event in the past of these.
fn before<'a>(case: &'a Case<'_>, lost: &Attempt, decided: usize) -> Vec<&'a Attempt> {
    let mut rest: Vec<&Attempt> = case
        .attempts()
        .iter()
        .filter(|other| other.began != lost.began)
        .collect();
    let mut found: Vec<&Attempt> = Vec::new();
    let mut bounds = vec![decided];
    while let Some(bound) = bounds.pop() {
        let (past, others): (Vec<&Attempt>, _) = rest.into_iter().partition(|other| case.before(other.began, bound));
        rest = others;
        bounds.extend(past.iter().filter_map(|attempt| end(attempt)));
        found.extend(past);
    }
    found
}

/// The last event of an attempt that is over: it was busy, or its release succeeded.
fn end(attempt: &Attempt) -> Option<usize> {
    match (&attempt.result, &attempt.release) {
        (AttemptResult::Busy, _) => attempt.decided,
        (AttemptResult::Acquired, Some(release)) => release.ended.filter(|_| release.succeeded),
        _ => None,
    }
}
