//! What to run, as plain data: how many processes, how often, and what a holder does inside.
//!
//! Deliberately knows no backend and no property.

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

/// The fewest processes that contend.
pub const LEAST_PROCESSES: usize = 2;
/// The most processes that contend: one bit each in a 64-bit word of the race's shared memory.
pub const MOST_PROCESSES: usize = 64;

/// What is run, on whatever backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// What each process does.
    pub kind: Kind,
    /// How many processes take part.
    pub processes: usize,
    /// What a holder does between acquire and release.
    pub work: Work,
    /// What stands at the lock's name before the first step.
    #[serde(default, skip_serializing_if = "Start::is_free")]
    pub start: Start,
    /// Who is killed, and when, each process once at most; in [`Kind::Cycle`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kills: Vec<Kill>,
    /// The call of the first process that fails while the others run; in [`Kind::Cycle`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Injection>,
    /// Whether the file at the lock's name becomes old once, at any moment: a lease runs out; in [`Kind::Cycle`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expiry: bool,
    /// Whether the number of an inode that is gone is given to the next one; on the simulated file system alone.
    #[serde(default, rename = "reused_numbers", skip_serializing_if = "std::ops::Not::not")]
    pub reuse_inodes: bool,
}

/// What stands at the lock's name before the first step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Nothing.
    #[default]
    Free,
    /// What a holder left that was killed.
    Stale {
        /// How long ago its files were last changed, in seconds; the simulated file system has no times.
        age_s: u64,
    },
}

impl Start {
    /// Whether a lock was left behind.
    pub fn is_stale(self) -> bool {
        self != Self::Free
    }
}

impl Start {
    fn is_free(&self) -> bool {
        *self == Self::Free
    }
}

/// One process is killed in place of one of its steps. When all others are done, one more process attempts: the *probe*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kill {
    /// Who.
    pub victim: ProcessId,
    /// The step that it does not come to take, counted from 0. A victim with fewer steps survives.
    pub step: u32,
}

/// What each process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One attempt each; winners hold until all have answered.
    Contend,
    /// So many rounds of: attempt, and if it won: work, release.
    Cycle {
        /// Attempts of each process.
        rounds: u32,
    },
    /// One process attempts while one of its calls fails; when it is done, a second one attempts undisturbed.
    Fault {
        /// The call of the first process that fails.
        injection: Injection,
    },
}

/// What a holder does between acquire and release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Nothing: the lock alone is looked at.
    #[default]
    Nothing,
    /// The sync that the seed's lock guarded: load state, append entries, save state.
    HubSync,
    /// It opens the lock's file once more, and closes it.
    Reopen,
    /// It attempts to take the lock once more, in the same process.
    Reenter,
    /// It forks a child, which releases the lock that it believes to have inherited, as a destructor would, and exits; on the
    /// simulated file system alone.
    Fork,
}

impl Scenario {
    /// One attempt each, of `processes` processes.
    pub fn contend(processes: usize) -> Self {
        Self {
            kind: Kind::Contend,
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
            kind: Kind::Cycle { rounds },
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
            kind: Kind::Fault { injection },
            ..Self::contend(2)
        }
    }

    /// The process that attempts when all others are done, if one of them is to be killed.
    ///
    /// # Panics
    ///
    /// When there are more processes than have an id.
    pub fn probe(&self) -> Option<ProcessId> {
        let probe = u8::try_from(self.processes).expect("a scenario has at most 255 processes");
        let cycles = matches!(self.kind, Kind::Cycle { .. });
        (cycles && !self.kills.is_empty()).then_some(ProcessId(probe))
    }

    /// The process in one of whose calls an error is injected, if there is one.
    pub fn disturbed(&self) -> Option<ProcessId> {
        let alone = matches!(self.kind, Kind::Fault { .. });
        (alone || self.error.is_some()).then_some(ProcessId(0))
    }

    /// The process that stands for the clock: it makes the lock's file old, if that is to happen.
    ///
    /// # Panics
    ///
    /// When there are more processes than have an id.
    pub fn clock(&self) -> Option<ProcessId> {
        let clock = self.processes + usize::from(self.probe().is_some());
        let clock = u8::try_from(clock).expect("a scenario has at most 255 processes");
        self.expiry.then_some(ProcessId(clock))
    }

    /// How many processes there are, the probe and the clock among them.
    pub fn participants(&self) -> usize {
        self.processes + usize::from(self.probe().is_some()) + usize::from(self.expiry)
    }

    /// Where the lock is when the scenario runs in `directory`.
    pub fn lock(&self, directory: &Path) -> PathBuf {
        match self.work {
            Work::HubSync => hub_sync::lock_path(directory),
            Work::Nothing | Work::Reopen | Work::Reenter | Work::Fork => directory.join("lock"),
        }
    }

    /// The directories that must be there before the first step.
    pub fn directories(&self, directory: &Path) -> Vec<PathBuf> {
        match self.work {
            Work::HubSync => vec![directory.join("hub")],
            Work::Nothing | Work::Reopen | Work::Reenter | Work::Fork => Vec::new(),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Contend => write!(f, "contend {}", self.processes)?,
            Kind::Cycle { rounds } => write!(f, "cycle {}×{rounds}", self.processes)?,
            Kind::Fault { injection } => write!(f, "fault {} in call {}", injection.errno, injection.call)?,
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
