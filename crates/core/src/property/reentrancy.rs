//! M12: a second attempt of the process that holds the lock is busy.
//!
//! No lock here nests. A lock that is granted twice does not exclude other threads, libraries or plug-ins of the process.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::What;

pub(super) struct Reentrancy;

impl Property for Reentrancy {
    fn name(&self) -> &'static str {
        "reentrancy"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Tidiness
    }

    fn statement(&self) -> &'static str {
        "a holder that attempts again does not acquire the lock a second time"
    }

    fn consequence(&self) -> &'static str {
        "two parts of one process can hold the lock at the same time"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let mut events: Vec<_> = case.history.events.iter().enumerate().collect();
        events.sort_by_key(|(position, event)| (event.process, *position));
        let mut again = false;
        for (position, event) in events {
            let What::Reentered { granted } = event.what else {
                continue;
            };
            again = true;
            if granted {
                return Violation::found(
                    format!("{} is granted the lock that it holds", event.process),
                    [position],
                );
            }
        }
        if again { Finding::Holds } else { Finding::NotApplicable }
    }
}
