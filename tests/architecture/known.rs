//! The circles that are still there. The list only ever gets shorter.

/// Each circle as its files, in order of their names.
pub(crate) const KNOWN: &[&[&str]] = &[
    &[
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
    ],
    &[
        "crates/core/src/explore/dpor/mod.rs",
        "crates/core/src/explore/dpor/part.rs",
    ],
    &[
        "crates/core/src/property/at_least_one_winner.rs",
        "crates/core/src/property/at_most_one_winner.rs",
        "crates/core/src/property/crash_liveness.rs",
        "crates/core/src/property/descriptor_independence.rs",
        "crates/core/src/property/fork_independence.rs",
        "crates/core/src/property/honest_busy.rs",
        "crates/core/src/property/losers_result.rs",
        "crates/core/src/property/mod.rs",
        "crates/core/src/property/mutual_exclusion.rs",
        "crates/core/src/property/no_duplicates.rs",
        "crates/core/src/property/no_leak.rs",
        "crates/core/src/property/only_own.rs",
        "crates/core/src/property/place.rs",
        "crates/core/src/property/reentrancy.rs",
        "crates/core/src/property/release_frees.rs",
    ],
];
