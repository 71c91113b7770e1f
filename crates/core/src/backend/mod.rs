//! The backends that run a lock. Each produces [`Execution`](crate::history::Execution)s.
//!
//! | backend | the file system | processes are | next step chosen by | a pass means |
//! |---|---|---|---|---|
//! | `loom` | modelled, on loom's types | loom threads | loom | every schedule within loom's bounds |
//! | `sim` | simulated, in memory | coroutines | `explore` | every schedule, or one of each class |
//! | `traced` | the kernel's | real processes, stopped before each call | `explore` | every schedule, or one of each class, on this kernel and mount |
//! | `race` | the kernel's | real processes, released together | the kernel | none seen in N rounds; rate below x at 95 % |
//!
//! All run the same [`contender`]. No backend judges what it observed. `traced` and `race` are in `onewinner-linux`.

pub mod contender;
#[cfg(feature = "loom")]
pub mod loom;
pub mod sim;

use std::fmt;

use serde::{Deserialize, Serialize};

/// The backend that ran a lock, as reports and files name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackendKind {
    /// loom on a model of the file system.
    Loom,
    /// The simulated file system.
    Sim,
    /// Real processes, stopped before each system call.
    Traced,
    /// Real processes that start together; the kernel chooses the schedule.
    Race,
}

impl BackendKind {
    /// The name in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loom => "loom",
            Self::Sim => "sim",
            Self::Traced => "traced",
            Self::Race => "race",
        }
    }

    /// Whether [`explore`](crate::explore) chooses the schedules. Only then can an execution be blocked or lost.
    pub fn is_explored(self) -> bool {
        matches!(self, Self::Sim | Self::Traced)
    }

    /// Whether contenders are real processes on the kernel's file system.
    pub fn is_real(self) -> bool {
        matches!(self, Self::Traced | Self::Race)
    }
}

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
