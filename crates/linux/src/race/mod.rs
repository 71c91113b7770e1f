//! Real processes, released together, on the kernel's file system; the kernel chooses what happens.
//!
//! ```text
//!            start line ─▶ (delay) ─▶ attempt ─▶ all have answered ─▶ winners release ─┐
//!                ▲   last to come: count the round that ended, prepare the next        │
//!                └─────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! | file | what |
//! |---|---|
//! | `run.rs` | one race from its directory to its report |
//! | `coordinator.rs` | the command: forks, watches, ends |
//! | `worker.rs` | a contender's rounds, in a process of its own or a thread |
//! | `board.rs` | the shared memory; `backend/phaser.rs` the lines, `pulse.rs` signs of life |
//! | `log.rs`, `class.rs`, `tally.rs`, `report.rs` | events, rounds that agree, counts, what the caller gets |
//! | `aligned.rs`, `delays.rs` | two remedies for the rarity of chance |
//! | `ground.rs`, `backend/run_directory.rs` | where it takes place, and that nothing remains |
//!
//! Deliberately judges nothing: it hands out histories and counts.

mod aligned;
mod board;
mod class;
mod coordinator;
mod delays;
mod ground;
mod log;
mod pulse;
mod report;
mod run;
mod tally;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use crate::one_store::NotShared;
use crate::run_directory::RunDirectoryError;
use crate::sys;
use crate::sys::memory::ShareError;
use crate::sys::process::ForkError;
use onewinner_core::fs::Errno;
use onewinner_core::scenario::{LEAST_PROCESSES, MOST_PROCESSES, Scenario};

pub use report::{Lost, Note, Report, Seen, Stop};
pub use run::race;

/// The most attempts of each process in one round: their events stand in shared memory.
pub const MOST_ATTEMPTS: u32 = 64;

/// How to race.
#[derive(Clone, Debug)]
pub struct RaceOptions {
    /// What each process does in a round; not [`Fault`](onewinner_core::scenario::ScenarioKind::Fault).
    pub scenario: Scenario,
    /// How many rounds.
    pub rounds: u64,
    /// How long at most; what was counted until then is reported.
    pub time_limit: Option<Duration>,
    /// How long one operation of a contender may take before it counts as hung.
    pub worker_limit: Duration,
    /// Where to race: mounts of one store, and process *i* works by way of the *i* mod *k*-th; the run gets a directory of its
    /// own in the first. The system's temporary directory, if there is none.
    pub directories: Vec<PathBuf>,
    /// Of the random delays.
    pub seed: u64,
    /// What brings the contenders together.
    pub alignment: Alignment,
    /// What the contenders are.
    pub mode: Mode,
}

impl RaceOptions {
    /// 1,000 rounds of live workers, left to chance, with 10 s for each operation.
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            rounds: 1_000,
            time_limit: None,
            worker_limit: Duration::from_secs(10),
            directories: Vec::new(),
            seed: 0,
            alignment: Alignment::Natural,
            mode: Mode::LiveWorkers,
        }
    }
}

/// What brings the contenders together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// The start line and chance: the rate is that of processes that start together.
    Natural,
    /// Random delays, so that the windows of the attempts meet in every alignment.
    Delayed,
    /// Nobody makes its call k before all that go on have come to theirs.
    Aligned,
}

impl Alignment {
    /// Delays, if there is a CPU for each of the processes: otherwise those that wait keep others from running.
    pub fn of_few(processes: usize) -> Self {
        if processes <= sys::cpus() {
            Self::Delayed
        } else {
            Self::Natural
        }
    }
}

/// What the contenders are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Processes that live for all rounds.
    LiveWorkers,
    /// Processes forked anew for each round.
    Fresh,
    /// Threads of one process, which lives for all rounds; needs the feature `threads`.
    Threads,
}

/// Why there was no race.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RaceError {
    /// Too few or too many processes.
    #[error("failed to race {0} processes: use {LEAST_PROCESSES} to {MOST_PROCESSES}")]
    Processes(usize),
    /// Too many attempts in a round.
    #[error("failed to race {0} attempts per round: use 1 to {MOST_ATTEMPTS}, and more rounds")]
    Attempts(u32),
    /// An injected error is one schedule, and a race chooses none.
    #[error("failed to race a scenario with an injected error: explore it instead")]
    Fault,
    /// The build has no thread pool.
    #[error("failed to race threads: this build has no thread pool; enable the feature `threads` of `onewinner-linux`")]
    NoThreads,
    /// No run directory.
    #[error(transparent)]
    RunDirectory(#[from] RunDirectoryError),
    /// Two directories that have nothing to do with each other: every contender would win in its own.
    #[error(
        "failed to race in {one:?} and {other:?}: what is made in one is not there in the other; name two mounts of one store"
    )]
    NotShared {
        /// The first directory.
        one: PathBuf,
        /// The other one.
        other: PathBuf,
    },
    /// No workers.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// No shared memory.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// The file system did not take what a round needs.
    #[error("failed to prepare a round in the run directory: {} ({errno}); make room, or name another directory", errno.text())]
    Unprepared {
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
    /// Workers survived SIGKILL: a call holds them in the kernel.
    #[error(
        "failed to end the workers {pids:?}, which are left: a system call holds them in the kernel, so that the file system \
         hangs; look at its server or daemon"
    )]
    Unkillable {
        /// Their numbers.
        pids: Vec<i32>,
    },
}

impl From<NotShared> for RaceError {
    fn from(NotShared { one, other }: NotShared) -> Self {
        Self::NotShared { one, other }
    }
}

impl RaceError {
    /// Whether it tells of the machine, and not of what was asked for.
    pub fn is_no_misuse(&self) -> bool {
        match self {
            Self::Unkillable { .. } => true,
            Self::RunDirectory(error) => error.is_no_misuse(),
            _ => false,
        }
    }
}
