//! The property of the hub-sync workload: no entry is written twice.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};

pub(super) struct NoDuplicates;

impl Property for NoDuplicates {
    fn name(&self) -> &'static str {
        "no-duplicates"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Exclusion
    }

    fn statement(&self) -> &'static str {
        "entries that holders write under the lock are written once"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let Some(duplicates) = case.history.snapshots.last().and_then(|snapshot| snapshot.duplicates) else {
            return Finding::NotApplicable;
        };
        match duplicates {
            0 => Finding::Holds,
            1 => Violation::found("1 entry was written twice".to_owned(), []),
            _ => Violation::found(format!("{duplicates} entries were written more than once"), []),
        }
    }
}
