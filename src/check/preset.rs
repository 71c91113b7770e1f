//! Which configurations are run when nobody asks for a particular one.
//!
//! Small is weak: some protocols hold with 2 processes and one round each, and break with 3, or with 2 rounds. So the
//! preset is several configurations.

use crate::scenario::{Scenario, Vary};

/// The configurations that `explore` runs on the simulated file system: contention, cycles, and an error in each call.
pub fn simulated() -> Vec<(Scenario, Vary)> {
    vec![
        (Scenario::contend(3), Vary::Nothing),
        (Scenario::cycle(3, 1), Vary::Nothing),
        (Scenario::cycle(2, 2), Vary::Nothing),
        faults(),
    ]
}

/// Two attempts, with an error in each call that the first makes.
pub fn faults() -> (Scenario, Vary) {
    (Scenario::contend(2), Vary::Error)
}
