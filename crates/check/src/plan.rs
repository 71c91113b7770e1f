//! A plan as plain data: whose lock, doing what, in which world, and what that world is.

use std::path::PathBuf;

use super::CheckError;
use super::results::Left;
use onewinner_core::backend::{BackendKind, loom};
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject, Work};
#[cfg(target_os = "linux")]
use onewinner_linux::race;

/// One run: whose lock, doing what, in which world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose lock.
    pub subject: Subject,
    /// What is run.
    pub scenario: Scenario,
    /// What is added to it, in a search for each way.
    pub fault_sweep: FaultSweep,
    /// The world, and how far to go in it.
    pub backend: Backend,
    /// The seed of every random choice.
    pub seed: u64,
    /// What is judged.
    pub judged: Judging,
}

/// A backend with its bounds.
#[derive(Clone, Debug)]
pub enum Backend {
    /// Under loom.
    Loom(loom::Bounds),
    /// On the simulated file system.
    Sim {
        /// How schedules are chosen.
        strategy: Strategy,
        /// How far to go.
        limits: Limits,
    },
    /// Real processes, stopped before each system call.
    #[cfg(target_os = "linux")]
    Traced {
        /// How schedules are chosen.
        strategy: Strategy,
        /// How far to go.
        limits: Limits,
        /// Where: mounts of one store, and process *i* works below directory *i mod k*; that for temporary files, if there is
        /// none.
        directories: Vec<PathBuf>,
    },
    /// Real processes on the kernel's file system; scenario and seed are the plan's.
    #[cfg(target_os = "linux")]
    Race(race::RaceOptions),
}

impl Plan {
    /// What is run, in words.
    pub fn configuration(&self) -> String {
        format!("{}{}", self.scenario, self.fault_sweep)
    }

    /// Refuses what the world cannot do.
    pub(super) fn refuse(&self) -> Result<(), CheckError> {
        let kind = self.backend.kind();
        let raced = kind == BackendKind::Race;
        let program = matches!(self.subject, Subject::Program(_));
        let real = kind.is_real();
        let what = match self.scenario {
            Scenario { work: Work::Fork, .. } if real => "holders that fork",
            Scenario { reuse_inodes: true, .. } if real => "inode numbers that are used again as a choice",
            Scenario {
                work: Work::Reopen | Work::Reenter,
                ..
            } if raced => "what a holder does in calls of its own",
            Scenario { expiry: true, .. } if raced || program => "a lease that runs out at any moment",
            _ => return Ok(()),
        };
        Err(CheckError::NeedsSimulation { what, backend: kind })
    }

    /// The lock that a dead holder left, if one did.
    pub(super) fn left_behind(&self) -> Left {
        match &self.subject {
            _ if !self.scenario.start.is_stale() => Left::Nothing,
            Subject::Primitive(primitive) => Left::Declared(primitive.crash_class()),
            Subject::Program(_) => Left::Undeclared,
        }
    }

    /// The lock over `Fs`, for the worlds that have no processes to run a program.
    pub(super) fn primitive(&self) -> Result<&'static dyn LockPrimitive, CheckError> {
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
    /// Which backend it is, without its bounds.
    pub fn kind(&self) -> BackendKind {
        match self {
            Self::Loom(_) => BackendKind::Loom,
            Self::Sim { .. } => BackendKind::Sim,
            #[cfg(target_os = "linux")]
            Self::Traced { .. } => BackendKind::Traced,
            #[cfg(target_os = "linux")]
            Self::Race(_) => BackendKind::Race,
        }
    }

    /// How schedules are chosen and how far the search goes, if `explore` chooses them.
    pub(super) fn search(&self) -> Option<(&Strategy, Limits)> {
        match self {
            Self::Sim { strategy, limits } => Some((strategy, *limits)),
            #[cfg(target_os = "linux")]
            Self::Traced { strategy, limits, .. } => Some((strategy, *limits)),
            _ => None,
        }
    }

    /// Whether `explore` chooses the schedules.
    pub(super) fn is_searched(&self) -> bool {
        self.search().is_some()
    }

    /// Where real processes run, if there are any, and that was asked for.
    pub(super) fn directories(&self) -> &[PathBuf] {
        match self {
            #[cfg(target_os = "linux")]
            Self::Traced { directories, .. } => directories,
            _ => &[],
        }
    }

    /// Where the schedules of this world can be followed.
    pub(super) fn follows(&self) -> BackendKind {
        match self {
            #[cfg(target_os = "linux")]
            Self::Traced { .. } => BackendKind::Traced,
            _ => BackendKind::Sim,
        }
    }

    /// What a pass in this world does not show.
    pub(super) fn blind_spots(&self) -> Vec<String> {
        let texts: &[&str] = match self {
            Self::Loom(_) | Self::Sim { .. } => {
                &["trusts the modelled file system, which the conformance tests hold against the kernel"]
            }
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
