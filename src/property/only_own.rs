//! M7: nobody changes what the holder's acquisition put there.
//!
//! Stronger than mutual exclusion: it sees the damage before a second process believes that it holds the lock.

use super::{Finding, Property, Violation};
use crate::access::Object;
use crate::history::{Attempt, History, What};

pub(super) struct OnlyOwn;

impl Property for OnlyOwn {
    fn name(&self) -> &'static str {
        "only-own"
    }

    fn statement(&self) -> &'static str {
        "while a process holds the lock, no other process changes what its acquisition stored"
    }

    fn judge(&self, history: &History) -> Finding {
        let attempts = history.attempts();
        let holders: Vec<&Attempt> = attempts.iter().filter(|attempt| attempt.acquired()).collect();
        if holders.iter().all(|holder| holder.calls.is_empty()) {
            return Finding::NotApplicable;
        }
        let order = history.order();
        for holder in holders {
            let Some(begins) = holder.calls.last().copied() else {
                continue;
            };
            let stored = stored_by(history, holder);
            for (position, process, call, _, accesses) in history.calls() {
                let released = |ends| ends == position || order.before(ends, position);
                let while_held = !order.before(position, begins) && !holder.hold_ends().is_some_and(released);
                if process != holder.process && while_held && accesses.stores().any(|object| stored.contains(&object)) {
                    let (name, owner) = (call.name(), holder.process);
                    let sentence = format!("{process} changes, by {name}, what {owner} stored to hold the lock");
                    return Violation::found(sentence, [begins, position]);
                }
            }
        }
        Finding::Holds
    }
}

/// What the calls of the acquisition changed.
fn stored_by<'a>(history: &'a History, attempt: &Attempt) -> Vec<&'a Object> {
    let events = attempt.calls.iter().map(|&position| &history.events[position].what);
    events
        .filter_map(|what| match what {
            What::Performed { accesses, .. } => Some(accesses.stores()),
            _ => None,
        })
        .flatten()
        .collect()
}
