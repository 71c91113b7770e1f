//! M7: nobody changes what the holder's acquisition put there.
//!
//! Stronger than mutual exclusion: it sees the damage before a second process believes that it holds the lock.

use super::{Case, Finding, Property, Violation};
use crate::access::Object;
use crate::fs::call::Call;
use crate::fs::{Flock, RecordLock};
use crate::history::{Attempt, History, What};

pub(super) struct OnlyOwn;

impl Property for OnlyOwn {
    fn name(&self) -> &'static str {
        "only-own"
    }

    fn statement(&self) -> &'static str {
        "while a process holds the lock, no other process changes what its acquisition stored"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let holders = || case.attempts().iter().filter(|attempt| attempt.acquired());
        if holders().all(|holder| holder.calls.is_empty()) {
            return Finding::NotApplicable;
        }
        let calls = case.calls();
        for holder in holders() {
            let (stored, owner) = (stored_by(case.history, holder), holder.process);
            let strangers = calls.iter().filter(|(_, process, ..)| *process != owner);
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

/// Whether some order of the class puts the call of another process between the acquisition and the release.
fn held_at(case: &Case<'_>, holder: &Attempt, call: usize) -> bool {
    let earlier = holder.decided.is_none_or(|acquired| case.before(call, acquired));
    !earlier && !holder.lets_go().is_some_and(|end| case.before(end, call))
}

/// What the calls of the acquisition changed and left in place: a name that it also removed or moved away, and a lock that it
/// gave back, is nobody's.
fn stored_by<'a>(history: &'a History, attempt: &Attempt) -> Vec<&'a Object> {
    let mut stored: Vec<&Object> = Vec::new();
    for &position in &attempt.calls {
        let What::Performed { call, accesses, .. } = &history.events[position].what else {
            continue;
        };
        let given_up: Vec<&Object> = match call.itself() {
            Call::Unlink { .. } | Call::Rmdir { .. } | Call::Close { .. } => accesses.stores().collect(),
            Call::Flock { operation, .. } if *operation == Flock::Unlock => accesses.stores().collect(),
            Call::RecordLock { operation, .. } | Call::OfdLock { operation, .. }
                if *operation == RecordLock::Unlock =>
            {
                accesses.stores().collect()
            }
            // The entry that is read first is the one that is left empty.
            Call::Rename { .. } | Call::RenameNew { .. } => accesses.stores().find(is_entry).into_iter().collect(),
            _ => Vec::new(),
        };
        stored.extend(accesses.stores().filter(is_owned));
        stored.retain(|object| !given_up.contains(object));
    }
    stored
}

/// Nobody owns the numbers that an inode may get, nor who has it open.
fn is_owned(object: &&Object) -> bool {
    !matches!(**object, Object::Allocator | Object::Opens(_))
}

fn is_entry(object: &&Object) -> bool {
    matches!(object, Object::Entry(..))
}
