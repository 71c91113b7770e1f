//! Identifiers that every stage shares.
//!
//! Does not depend on calls or locks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A contender, counted from 0 in the order of the scenario.
///
/// It is not a pid of the kernel: depending on the backend, it is a coroutine, a loom thread, or a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessId(pub u8);

impl ProcessId {
    /// The dead process that left a stale lock before the first step.
    pub const GONE: Self = Self(u8::MAX);

    /// The id as an index into a table of processes.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The first `count` ids, in order.
    ///
    /// # Panics
    ///
    /// When `count` exceeds 255. Scenarios have far fewer processes.
    pub fn first(count: usize) -> impl DoubleEndedIterator<Item = Self> + Clone {
        let count = u8::try_from(count).expect("a scenario has at most 255 processes");
        (0..count).map(Self)
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}", self.0)
    }
}

/// A text that is not a process id.
#[derive(Debug, thiserror::Error)]
#[error("failed to read `{0}` as a process: expected `P` and a number up to 255, as in `P0`")]
pub struct ParseProcessIdError(String);

impl FromStr for ProcessId {
    type Err = ParseProcessIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('P')
            .and_then(|digits| digits.parse().ok())
            .map(Self)
            .ok_or_else(|| ParseProcessIdError(text.to_owned()))
    }
}
