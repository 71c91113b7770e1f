//! The circles that are still there. The list only ever gets shorter.

/// Each circle as its files, in order of their names.
pub(crate) const KNOWN: &[&[&str]] = &[&[
    "crates/check/src/counterexample.rs",
    "crates/check/src/decisive_pair.rs",
    "crates/check/src/replayer.rs",
    "crates/check/src/lib.rs",
    "crates/check/src/loom_run.rs",
    "crates/check/src/plan.rs",
    "crates/check/src/race_run.rs",
    "crates/check/src/replay.rs",
    "crates/check/src/parallel_search/mod.rs",
    "crates/check/src/plan_searches.rs",
    "crates/check/src/shrink.rs",
    "crates/check/src/progress.rs",
]];
