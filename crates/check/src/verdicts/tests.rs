//! Cells of locks that are known well, and of one that is declared wrong.

use super::*;
use onewinner_core::primitive::{CreateNew, StatThenWrite};

fn cell(row: &VerdictRow, id: &str) -> Cell {
    let found = row.cells.iter().find(|(each, _)| *each == id);
    found.expect("a column of that id").1.clone()
}

#[test]
fn labels_and_ids_are_unique_and_each_property_is_one_of_the_code() {
    let mut labels: Vec<_> = ladder().iter().map(|rung| rung.label).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), ladder().len());
    for name in COLUMNS.iter().flat_map(|column| column.properties) {
        assert!(property::ALL.iter().any(|each| each.name() == *name), "{name}");
    }
}

#[test]
fn the_first_two_locks_are_decided_by_two_processes_and_a_cut_search_decides_nothing() {
    let broken = row(&StatThenWrite, limits(), &AtomicBool::new(false));
    let least = |property, least| Cell::Violated { property, least };
    assert_eq!(cell(&broken, "M1"), least("at-most-one-winner", "2"));
    assert_eq!(cell(&broken, "M7"), least("only-own", "2"));
    assert_eq!(cell(&broken, "M9"), least("no-leak", "2e"));
    let sound = row(&CreateNew, limits(), &AtomicBool::new(false));
    for id in ["M1", "M10", "M3", "M4", "M6", "M7", "M9", "M11", "M12"] {
        assert!(
            matches!(cell(&sound, id), Cell::Holds { .. }),
            "{id}: {:?}",
            cell(&sound, id)
        );
    }
    let few = Limits {
        executions: 1,
        ..limits()
    };
    assert_eq!(
        cell(&row(&CreateNew, few, &AtomicBool::new(false)), "M1"),
        Cell::Undecided { cut: "2" }
    );
}

#[test]
fn a_class_that_is_declared_wrong_is_seen() {
    /// As create-new, and declared to free itself.
    struct Boastful;
    impl LockPrimitive for Boastful {
        fn name(&self) -> &'static str {
            "boastful"
        }
        fn protocol(&self) -> &'static str {
            ""
        }
        fn expectation(&self) -> onewinner_core::primitive::Expectation {
            CreateNew.expectation()
        }
        fn crash_class(&self) -> CrashClass {
            CrashClass::Auto
        }
        fn try_acquire(
            &self,
            fs: &dyn onewinner_core::fs::Fs,
            lock: &std::path::Path,
        ) -> Result<onewinner_core::primitive::Held, onewinner_core::primitive::AcquireError> {
            CreateNew.try_acquire(fs, lock)
        }
        fn release(
            &self,
            fs: &dyn onewinner_core::fs::Fs,
            lock: &std::path::Path,
            held: onewinner_core::primitive::Held,
        ) -> Result<(), onewinner_core::primitive::CallError> {
            CreateNew.release(fs, lock, held)
        }
    }
    let wrong = cell(&row(&Boastful, limits(), &AtomicBool::new(false)), "M11");
    let (property, least) = ("crash-liveness", "2×1k");
    assert_eq!(wrong, Cell::Violated { property, least });
}
