//! M14: a holder that opens and closes the lock's file does not lose the lock.
//!
//! Record locks of a process have this problem: closing any descriptor of the inode releases them
//! ([fcntl_locking(2)](https://man7.org/linux/man-pages/man2/F_SETLK.2const.html)).

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::fs::call::Call;

pub(super) struct DescriptorIndependence;

impl Property for DescriptorIndependence {
    fn name(&self) -> &'static str {
        "descriptor-independence"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Tidiness
    }

    fn statement(&self) -> &'static str {
        "a holder that closes another descriptor does not release its lock"
    }

    fn consequence(&self) -> &'static str {
        "code of the same process that opens and closes the file releases the lock without a word"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let mut closed = false;
        for holder in case.attempts() {
            let stored = case.stored_by(holder);
            for (position, call, accesses) in case.calls_inside(holder) {
                if !matches!(call, Call::Close { .. }) {
                    continue;
                }
                closed = true;
                if accesses.stores().any(|object| stored.contains(&object)) {
                    let holder = holder.process;
                    return Violation::found(
                        format!("{holder} closes another descriptor, and gives its lock back by that"),
                        [position],
                    );
                }
            }
        }
        if closed { Finding::Holds } else { Finding::NotApplicable }
    }
}
