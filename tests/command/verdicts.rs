//! The table of verdicts in `specs/README.md` is the one that is computed, and says of each lock what the lock declares.
//!
//! Every configuration of the ladder is searched to its end on the simulated file system, for every lock.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use crate::harness::{Test, tests, workspace};
use onewinner_check::verdicts::{self, Cell, VerdictRow};
use onewinner_command::report;
use onewinner_core::primitive::{self, Expectation};

/// What stands around the table in the document.
const BEGIN: &str = "<!-- onewinner list --verdicts --markdown -->\n";
const END: &str = "<!-- end -->\n";

/// One test, because the table takes a minute to compute.
fn the_computed_table_is_complete_as_declared_and_as_documented() {
    let rows = verdicts::rows(primitive::ALL, verdicts::limits(), &AtomicBool::new(false), &|_| {});
    every_search_is_complete(&rows);
    each_lock_violates_what_it_declares_and_nothing_else(&rows);
    the_document_has_the_table(&rows);
}

fn the_document_has_the_table(rows: &[VerdictRow]) {
    let path = workspace().join("specs/README.md");
    let document = std::fs::read_to_string(path).expect("a file of the package");
    let (_, rest) = document.split_once(BEGIN).expect("the table has a beginning");
    let (written, _) = rest.split_once(END).expect("the table has an end");
    let mut computed = Vec::new();
    report::verdicts::markdown(&mut computed, rows).expect("memory takes it");
    let computed = String::from_utf8(computed).expect("it is text");
    let differs = written
        .trim()
        .lines()
        .zip(computed.trim().lines())
        .find(|(one, other)| one != other);
    assert!(
        differs.is_none() && written.trim().lines().count() == computed.trim().lines().count(),
        "specs/README.md has {:?} and computed is {:?}; put there what `onewinner list --verdicts --markdown` prints",
        differs.map(|(written, _)| written),
        differs.map(|(_, computed)| computed)
    );
}

fn every_search_is_complete(rows: &[VerdictRow]) {
    let open = rows.iter().filter(|row| row.is_undecided()).map(|row| row.lock);
    assert_eq!(open.collect::<Vec<_>>(), Vec::<&str>::new());
}

fn each_lock_violates_what_it_declares_and_nothing_else(rows: &[VerdictRow]) {
    for (row, lock) in rows.iter().zip(primitive::ALL) {
        let violated = row.cells.iter().filter_map(|(_, cell)| match cell {
            Cell::Violated { property, .. } => Some(*property),
            _ => None,
        });
        let declared: BTreeSet<&str> = lock.violates().iter().copied().collect();
        assert_eq!(violated.collect::<BTreeSet<_>>(), declared, "{}", row.lock);
        let lets_two_in = declared.contains("mutual-exclusion") || declared.contains("at-most-one-winner");
        let claimed = lock.expectation() == Expectation::SeveralWinners;
        assert_eq!(lets_two_in, claimed, "{}", row.lock);
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![the_computed_table_is_complete_as_declared_and_as_documented: "searches every lock for minutes"]
}
