//! M2: of single attempts at a free lock, without a release, at most one wins, even if calls fail.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation, enumerate};
use crate::history::Attempt;

/// The largest number of winners that are named in the sentence.
const FEW: usize = 4;

pub(super) struct AtMostOneWinner;

impl Property for AtMostOneWinner {
    fn name(&self) -> &'static str {
        "at-most-one-winner"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Exclusion
    }

    fn statement(&self) -> &'static str {
        "of several attempts at a free lock without a release, at most one wins"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let Some(attempts) = case.single_attempts() else {
            return Finding::NotApplicable;
        };
        let winners: Vec<&Attempt> = attempts.iter().filter(|attempt| attempt.acquired()).collect();
        if winners.len() <= 1 {
            return Finding::Holds;
        }
        let mut sentence = format!("{} of {} hold the lock at once", winners.len(), attempts.len());
        if winners.len() <= FEW {
            sentence += &format!(": {}", enumerate(winners.iter().copied()));
        }
        Violation::found(sentence, winners.iter().filter_map(|winner| winner.hold_begins()))
    }
}
