//! What is added to a scenario, one search for each way of adding it.
//!
//! Knows no search: `check` counts the steps at which a thing can be added.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fs::Errno;

/// How a scenario is varied; each way is a search of its own, and all of them are one configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultSweep {
    /// Not at all: one search.
    #[default]
    Nothing,
    /// One call of the first process fails, with one of [`ERRORS`].
    Error,
    /// One process is killed in place of one of its steps, and when all is over somebody attempts once more.
    Kill,
    /// The same; and in other searches two are killed.
    TwoKills,
}

/// The errors that a lock must be able to meet in any call: a bad medium, a full one, no descriptor left, a
/// forbidden one, and a signal.
pub const ERRORS: &[Errno] = &[Errno::EIO, Errno::ENOSPC, Errno::EMFILE, Errno::EACCES, Errno::EINTR];

impl FaultSweep {
    /// Whether the scenario is left as it is.
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
