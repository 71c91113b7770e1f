//! M7: no other process changes what the holder's acquisition stored.
//!
//! It is stronger than mutual exclusion: it detects the damage before a second process believes that it holds the lock.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::Attempt;

pub(super) struct OnlyOwn;

impl Property for OnlyOwn {
    fn name(&self) -> &'static str {
        "only-own"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Tidiness
    }

    fn statement(&self) -> &'static str {
        "while a process holds the lock, no other process changes what the holder stored to acquire it"
    }

    fn consequence(&self) -> &'static str {
        "what the holder wrote may be lost or replaced; the lock still excludes if nothing depends on it"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let holders = || case.attempts().iter().filter(|attempt| attempt.acquired());
        if holders().all(|holder| holder.calls.is_empty()) {
            return Finding::NotApplicable;
        }
        let calls = case.calls();
        for holder in holders() {
            let (stored, owner) = (case.stored_by(holder), holder.process);
            // The clock is not another contender.
            let strangers = calls
                .iter()
                .filter(|(_, process, ..)| *process != owner && Some(*process) != case.history.clock);
            for (at, process, name, accesses) in strangers {
                if accesses.stores().any(|object| stored.contains(&object)) && held_at(case, holder, *at) {
                    let sentence = format!("{process} changes, by {name}, what {owner} stored to hold the lock");
                    return Violation::found(sentence, holder.hold_begins().into_iter().chain([*at]));
                }
            }
        }
        Finding::Holds
    }
}

/// Whether some order of the class puts the call of another process between the acquisition and the end of the hold.
fn held_at(case: &Case<'_>, holder: &Attempt, call: usize) -> bool {
    let earlier = holder.decided.is_none_or(|acquired| case.before(call, acquired));
    !earlier && !case.is_over(holder, call)
}
