//! Which configurations are run when nobody asks for a particular one.
//!
//! Small is weak: some protocols hold with 2 processes and one round each, and break with 3, or with 2 rounds. So the
//! preset is several configurations.

use crate::scenario::{Scenario, Start, Vary};

/// The configurations that `explore` runs on the simulated file system: contention, cycles, a lock that a dead holder left, a
/// process killed at each of its steps, and an error in each call.
pub fn simulated() -> Vec<(Scenario, Vary)> {
    vec![
        (Scenario::contend(3), Vary::Nothing),
        (Scenario::cycle(3, 1), Vary::Nothing),
        (Scenario::cycle(2, 2), Vary::Nothing),
        stale(),
        kills(),
        faults(),
    ]
}

/// Those of them that `explore` runs with real processes: contention and cycles.
#[cfg(feature = "kernel")]
pub fn traced() -> Vec<(Scenario, Vary)> {
    let plain = |(scenario, vary): &(Scenario, Vary)| vary.is_nothing() && !scenario.start.is_stale();
    simulated().into_iter().filter(plain).collect()
}

/// The age of the lock that a dead holder left, in seconds: none is claimed to be younger.
const STALE_AGE_S: u64 = 3_600;

/// A cycle that finds the lock of a holder that is dead.
pub fn stale() -> (Scenario, Vary) {
    let start = Start::Stale { age_s: STALE_AGE_S };
    let scenario = Scenario {
        start,
        ..Scenario::cycle(3, 1)
    };
    (scenario, Vary::Nothing)
}

/// A cycle in which one process is killed.
pub fn kills() -> (Scenario, Vary) {
    (Scenario::cycle(3, 1), Vary::Kill)
}

/// Two attempts, with an error in each call that the first makes.
pub fn faults() -> (Scenario, Vary) {
    (Scenario::contend(2), Vary::Error)
}
