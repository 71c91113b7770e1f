//! The outcome of an execution, small enough to count.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{AttemptResult, History, What};

/// How many attempts won, lost and failed: a row of a table of outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Outcome {
    /// Attempts that acquired the lock.
    pub winners: u32,
    /// Attempts that were *busy*.
    pub busy: u32,
    /// Attempts, work and releases that ended with an error or a panic.
    pub errors: u32,
    /// Entries that the workload wrote more than once; `None` without the workload.
    pub duplicates: Option<u64>,
}

impl Outcome {
    /// The outcome of this history.
    pub fn of(history: &History) -> Self {
        let mut outcome = Self::default();
        for attempt in history.attempts() {
            match attempt.result {
                AttemptResult::Acquired => outcome.winners += 1,
                AttemptResult::Busy => outcome.busy += 1,
                AttemptResult::Failed(_) | AttemptResult::Panicked(_) => outcome.errors += 1,
                AttemptResult::Undecided => {}
            }
        }
        let later_errors = history
            .events
            .iter()
            .filter(|event| matches!(event.what, What::WorkFailed { .. } | What::ReleaseFailed { .. }));
        outcome.errors += u32::try_from(later_errors.count()).unwrap_or(u32::MAX);
        outcome.duplicates = history.snapshots.last().and_then(|snapshot| snapshot.duplicates);
        outcome
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.winners == 1 { "" } else { "s" };
        write!(f, "{} winner{plural}, {} busy", self.winners, self.busy)?;
        if self.errors > 0 {
            write!(f, ", {} failed", self.errors)?;
        }
        match self.duplicates {
            None => Ok(()),
            Some(1) => f.write_str(", 1 duplicated entry"),
            Some(count) => write!(f, ", {count} duplicated entries"),
        }
    }
}
