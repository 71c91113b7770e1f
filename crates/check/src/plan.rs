//! Plans: a lock, a scenario and a backend, as plain data.

use std::path::PathBuf;

use super::error::CheckError;
use onewinner_core::backend::BackendKind;
#[cfg(feature = "loom")]
use onewinner_core::backend::loom;
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject, Work};
#[cfg(target_os = "linux")]
use onewinner_linux::race;

/// One run: a lock, a scenario and a backend.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The lock.
    pub subject: Subject,
    /// The scenario.
    pub scenario: Scenario,
    /// The faults to inject, each in a search of its own.
    pub fault_sweep: FaultSweep,
    /// The backend, with its limits.
    pub backend: Backend,
    /// The seed of every random choice.
    pub seed: u64,
    /// The properties to judge.
    pub judged: Judging,
}

/// A backend with its limits.
#[derive(Clone, Debug)]
pub enum Backend {
    /// loom.
    #[cfg(feature = "loom")]
    Loom(loom::Bounds),
    /// The simulated file system.
    Sim {
        /// How schedules are chosen.
        strategy: Strategy,
        /// The limits of the search.
        limits: Limits,
    },
    /// Real processes, stopped before each system call.
    #[cfg(target_os = "linux")]
    Traced {
        /// How schedules are chosen.
        strategy: Strategy,
        /// The limits of the search.
        limits: Limits,
        /// Mounts of one store: process *i* works below directory *i mod k*. If empty, the directory for temporary files.
        directories: Vec<PathBuf>,
    },
    /// Real processes that start together; the plan's scenario and seed replace those of the options.
    #[cfg(target_os = "linux")]
    Race(race::RaceOptions),
}

/// What decides whether a lock has exactly one winner: for a lock over `Fs` all properties, because its spec claims them.
pub fn judging(subject: &Subject) -> Judging {
    match subject {
        Subject::Primitive(_) => Judging::All,
        Subject::Program(_) => Judging::ExactlyOneWinner,
    }
}

impl Plan {
    /// Describes the scenario with its injected faults.
    pub fn configuration(&self) -> String {
        format!("{}{}", self.scenario, self.fault_sweep)
    }

    /// Refuses a scenario that the backend does not support.
    pub(crate) fn check_supported(&self) -> Result<(), CheckError> {
        let kind = self.backend.kind();
        let raced = kind == BackendKind::Race;
        let program = matches!(self.subject, Subject::Program(_));
        let real = kind.is_real();
        let what = match self.scenario {
            Scenario { work: Work::Fork, .. } if real => "holders that fork",
            Scenario { reuse_inodes: true, .. } if real => "a choice of reused inode numbers",
            Scenario {
                work: Work::Reopen | Work::Reenter,
                ..
            } if raced => "a workload of the holder",
            Scenario { expiry: true, .. } if raced || program => "a lease that expires at any moment",
            _ => return Ok(()),
        };
        Err(CheckError::NeedsSimulation { what, backend: kind })
    }

    /// The lock over `Fs`, for backends without processes.
    pub(crate) fn primitive(&self) -> Result<&'static dyn LockPrimitive, CheckError> {
        match &self.subject {
            Subject::Primitive(primitive) => Ok(*primitive),
            Subject::Program(program) => Err(CheckError::NeedsProcesses {
                line: program.line.clone(),
                backend: self.backend.kind(),
            }),
        }
    }
}

impl Backend {
    /// The kind, without limits.
    pub fn kind(&self) -> BackendKind {
        match self {
            #[cfg(feature = "loom")]
            Self::Loom(_) => BackendKind::Loom,
            Self::Sim { .. } => BackendKind::Sim,
            #[cfg(target_os = "linux")]
            Self::Traced { .. } => BackendKind::Traced,
            #[cfg(target_os = "linux")]
            Self::Race(_) => BackendKind::Race,
        }
    }

    /// The strategy and limits, if `explore` chooses the schedules.
    pub(crate) fn search(&self) -> Option<(&Strategy, Limits)> {
        match self {
            Self::Sim { strategy, limits } => Some((strategy, *limits)),
            #[cfg(target_os = "linux")]
            Self::Traced { strategy, limits, .. } => Some((strategy, *limits)),
            _ => None,
        }
    }

    /// Whether `explore` chooses the schedules.
    pub(crate) fn is_searched(&self) -> bool {
        self.search().is_some()
    }

    /// The directories for real processes; empty for the default.
    pub(crate) fn directories(&self) -> &[PathBuf] {
        match self {
            #[cfg(target_os = "linux")]
            Self::Traced { directories, .. } => directories,
            _ => &[],
        }
    }

    /// The backend that replays the schedules of this one.
    pub(crate) fn replays_on(&self) -> BackendKind {
        match self {
            #[cfg(target_os = "linux")]
            Self::Traced { .. } => BackendKind::Traced,
            _ => BackendKind::Sim,
        }
    }

    /// What a pass on this backend does not show.
    pub(crate) fn blind_spots(&self) -> Vec<String> {
        const MODELLED: &str = "trusts the modelled file system, which the conformance tests compare with the kernel";
        let texts: &[&str] = match self {
            #[cfg(feature = "loom")]
            Self::Loom(_) => &[MODELLED],
            Self::Sim { .. } => &[MODELLED],
            #[cfg(target_os = "linux")]
            Self::Traced { .. } => {
                &["takes a system call as atomic; on this kernel and file system, while nobody else uses the directory"]
            }
            #[cfg(target_os = "linux")]
            Self::Race(_) => {
                &["samples: what was not seen may still happen; rounds are correlated, so the bound is nominal"]
            }
        };
        texts.iter().map(ToString::to_string).collect()
    }
}
