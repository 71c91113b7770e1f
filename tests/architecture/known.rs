//! The circles that are still there. The list only ever gets shorter.

/// Each circle as its files, in order of their names.
pub(crate) const KNOWN: &[&[&str]] = &[&[
    "crates/check/src/counterexample.rs",
    "crates/check/src/decisive.rs",
    "crates/check/src/follow.rs",
    "crates/check/src/lib.rs",
    "crates/check/src/modelled.rs",
    "crates/check/src/plan.rs",
    "crates/check/src/raced.rs",
    "crates/check/src/replay.rs",
    "crates/check/src/rounds/mod.rs",
    "crates/check/src/searches.rs",
    "crates/check/src/shown.rs",
    "crates/check/src/watch.rs",
]];
