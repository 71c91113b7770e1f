//! Fault sweeps: which faults are added to a scenario, in one search for each fault.
//!
//! Knows no search: `check` counts the steps where a fault can be added.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fs::Errno;

/// The faults to add to a scenario. Each fault is a search of its own; together they are one configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultSweep {
    /// No fault: one search.
    #[default]
    Nothing,
    /// One call of the first process fails with one of [`ERRORS`].
    Error,
    /// One process is killed in place of one of its steps. After all others have finished, one more process attempts.
    Kill,
    /// As [`Kill`](Self::Kill), and in further searches two processes are killed.
    TwoKills,
}

/// The errors that a lock must handle in any call: an I/O error, a full disk, no free descriptor, no permission, and a signal.
pub const ERRORS: &[Errno] = &[Errno::EIO, Errno::ENOSPC, Errno::EMFILE, Errno::EACCES, Errno::EINTR];

impl FaultSweep {
    /// Whether no fault is added.
    pub fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

impl fmt::Display for FaultSweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Error => f.write_str(", an error in one call"),
            Self::Kill => f.write_str(", one killed"),
            Self::TwoKills => f.write_str(", one or two killed"),
        }
    }
}
