//! M13: a child that the holder forks does not release the lock, whatever it does before it exits.
//!
//! A child shares the open file descriptions of its parent, and the locks that belong to them
//! ([fork(2)](https://man7.org/linux/man-pages/man2/fork.2.html), [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html));
//! and it knows the names of all files. So a destructor that runs in the child releases the lock of the parent.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::fs::call::Call;

pub(super) struct ForkIndependence;

impl Property for ForkIndependence {
    fn name(&self) -> &'static str {
        "fork-independence"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Tidiness
    }

    fn statement(&self) -> &'static str {
        "a child of the holder that releases and exits does not release the holder's lock"
    }

    fn consequence(&self) -> &'static str {
        "a child that the holder forks can release the lock of its parent"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let mut forked = false;
        for holder in case.attempts() {
            let stored = case.stored_by(holder);
            for (position, call, accesses) in case.calls_inside(holder) {
                let Call::InChild { made } = call else { continue };
                forked = true;
                if accesses.stores().any(|object| stored.contains(&object)) {
                    let (holder, call) = (holder.process, made.name());
                    return Violation::found(
                        format!("a child of {holder} gives the lock of its parent back, by {call}"),
                        [position],
                    );
                }
            }
        }
        if forked { Finding::Holds } else { Finding::NotApplicable }
    }
}
