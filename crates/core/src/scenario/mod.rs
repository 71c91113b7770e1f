//! What to run, as plain data: how many processes, how often, and what a holder does while it holds the lock.
//!
//! Does not depend on backends or properties.

mod fault_sweep;
mod subject;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs::inject::Injection;
use crate::id::ProcessId;
use crate::workload::hub_sync;

pub use fault_sweep::{ERRORS, FaultSweep};
pub use subject::{EXACT, Program, ProgramKind, Subject, UnknownLock};

/// The smallest number of processes that contend.
pub const LEAST_PROCESSES: usize = 2;
/// The largest number of processes that contend: a race keeps one bit for each in a 64-bit word of shared memory.
pub const MOST_PROCESSES: usize = 64;

/// What to run, on any backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// What each process does.
    pub kind: ScenarioKind,
    /// How many processes take part.
    pub processes: usize,
    /// What a holder does between acquire and release.
    pub work: Work,
    /// The state of the lock before the first step.
    #[serde(default, skip_serializing_if = "Start::is_free")]
    pub start: Start,
    /// Which processes are killed, and when; each at most once. Only in [`ScenarioKind::Cycle`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kills: Vec<Kill>,
    /// The call of the first process that fails while the others run. Only in [`ScenarioKind::Cycle`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Injection>,
    /// Whether the lock's file becomes old once, at any moment, so that a lease expires. Only in [`ScenarioKind::Cycle`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expiry: bool,
    /// Whether a new inode gets the number of a removed one. Only on the simulated file system.
    #[serde(default, rename = "reused_numbers", skip_serializing_if = "std::ops::Not::not")]
    pub reuse_inodes: bool,
}

/// The state of the lock before the first step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// The lock is free.
    #[default]
    Free,
    /// A killed holder left a stale lock.
    Stale {
        /// The age of its files in seconds. The simulated file system only distinguishes old from new.
        age_s: u64,
    },
}

impl Start {
    /// Whether there is a stale lock.
    pub fn is_stale(self) -> bool {
        self != Self::Free
    }
}

impl Start {
    fn is_free(&self) -> bool {
        *self == Self::Free
    }
}

/// Kills one process in place of one of its steps. When all others have finished, one more process attempts: the *probe*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kill {
    /// The process to kill.
    pub victim: ProcessId,
    /// The step in whose place it is killed, counted from 0. A victim with fewer steps survives.
    pub step: u32,
}

/// What each process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScenarioKind {
    /// One attempt each. Winners hold until all attempts have a result.
    Contend,
    /// Rounds of: attempt, and after a win work and release.
    Cycle {
        /// Attempts of each process.
        rounds: u32,
    },
    /// One process attempts while one of its calls fails. Then a second process attempts without an error.
    Fault {
        /// The call of the first process that fails.
        injection: Injection,
    },
}

/// What a holder does between acquire and release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Nothing.
    #[default]
    Nothing,
    /// The sync of the original bug: load state, append entries, save state.
    HubSync,
    /// Opens the lock's file once more, and closes it.
    Reopen,
    /// Attempts to take the lock once more, in the same process.
    Reenter,
    /// Forks a child that releases the inherited lock, as a destructor would, and exits. Only on the simulated file system.
    Fork,
}

impl Scenario {
    /// One attempt each, of `processes` processes.
    pub fn contend(processes: usize) -> Self {
        Self {
            kind: ScenarioKind::Contend,
            processes,
            work: Work::Nothing,
            start: Start::Free,
            kills: Vec::new(),
            error: None,
            expiry: false,
            reuse_inodes: false,
        }
    }

    /// `rounds` attempts each, with release, of `processes` processes.
    pub fn cycle(processes: usize, rounds: u32) -> Self {
        Self {
            kind: ScenarioKind::Cycle { rounds },
            ..Self::contend(processes)
        }
    }

    /// One sync each under the lock, of `processes` processes.
    pub fn hub_sync(processes: usize) -> Self {
        Self {
            work: Work::HubSync,
            ..Self::cycle(processes, 1)
        }
    }

    /// One failing call, then a second attempt.
    pub fn fault(injection: Injection) -> Self {
        Self {
            kind: ScenarioKind::Fault { injection },
            ..Self::contend(2)
        }
    }

    /// The process that attempts after all others have finished, if one of them is killed.
    ///
    /// # Panics
    ///
    /// When there are more than 255 processes.
    pub fn probe(&self) -> Option<ProcessId> {
        let probe = u8::try_from(self.processes).expect("a scenario has at most 255 processes");
        let cycles = matches!(self.kind, ScenarioKind::Cycle { .. });
        (cycles && !self.kills.is_empty()).then_some(ProcessId(probe))
    }

    /// The process whose call gets an injected error, if there is one.
    pub fn disturbed(&self) -> Option<ProcessId> {
        let alone = matches!(self.kind, ScenarioKind::Fault { .. });
        (alone || self.error.is_some()).then_some(ProcessId(0))
    }

    /// The process that plays the clock and makes the lock's file old, if the scenario has [`expiry`](Self::expiry).
    ///
    /// # Panics
    ///
    /// When there are more than 255 processes.
    pub fn clock(&self) -> Option<ProcessId> {
        let clock = self.processes + usize::from(self.probe().is_some());
        let clock = u8::try_from(clock).expect("a scenario has at most 255 processes");
        self.expiry.then_some(ProcessId(clock))
    }

    /// The number of processes, including the probe and the clock.
    pub fn participants(&self) -> usize {
        self.processes + usize::from(self.probe().is_some()) + usize::from(self.expiry)
    }

    /// The path of the lock when the scenario runs in `directory`.
    pub fn lock(&self, directory: &Path) -> PathBuf {
        match self.work {
            Work::HubSync => hub_sync::lock_path(directory),
            Work::Nothing | Work::Reopen | Work::Reenter | Work::Fork => directory.join("lock"),
        }
    }

    /// The directories that must exist before the first step.
    pub fn directories(&self, directory: &Path) -> Vec<PathBuf> {
        match self.work {
            Work::HubSync => vec![directory.join("hub")],
            Work::Nothing | Work::Reopen | Work::Reenter | Work::Fork => Vec::new(),
        }
    }
}

/// For people, and the key of a claim in baseline files: a changed text makes old baselines invalid.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ScenarioKind::Contend => write!(f, "contend {}", self.processes)?,
            ScenarioKind::Cycle { rounds } => write!(f, "cycle {}×{rounds}", self.processes)?,
            ScenarioKind::Fault { injection } => write!(f, "fault {} in call {}", injection.errno, injection.call)?,
        }
        match self.work {
            Work::Nothing => {}
            Work::HubSync => f.write_str(", hub sync")?,
            Work::Reopen => f.write_str(", reopened")?,
            Work::Reenter => f.write_str(", reentered")?,
            Work::Fork => f.write_str(", forked")?,
        }
        match self.start {
            Start::Free => {}
            Start::Stale { age_s } => write!(f, ", stale for {age_s} s")?,
        }
        for Kill { victim, step } in &self.kills {
            write!(f, ", {victim} killed at step {}", step + 1)?;
        }
        if let Some(Injection { call, errno }) = self.error {
            write!(f, ", {errno} in call {call} of P0")?;
        }
        f.write_str(if self.expiry { ", a lease runs out" } else { "" })?;
        f.write_str(if self.reuse_inodes { ", numbers used again" } else { "" })
    }
}
