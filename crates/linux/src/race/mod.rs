//! Real processes that start together on the kernel's file system; the kernel chooses the schedule.
//!
//! ```text
//!            start line ─▶ (delay) ─▶ attempt ─▶ all have answered ─▶ winners release ─┐
//!                ▲   last to arrive: count the round that ended, prepare the next      │
//!                └─────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! | file | what |
//! |---|---|
//! | `run.rs` | one race from its directory to its report |
//! | `coordinator.rs` | the command's side: forks, watches and ends the workers |
//! | `worker.rs` | the rounds of a contender, in a separate process or a thread |
//! | `shared_state.rs`, `heartbeat.rs` | the shared memory; whether a contender makes progress |
//! | `log.rs`, `class.rs`, `shared_counters.rs`, `report.rs` | events, classes of equal rounds, counts, the result |
//! | `aligned.rs`, `delays.rs` | two ways to make contenders meet more often |
//! | `round_dirs.rs` | the directory and the lock of each round |
//!
//! Judges nothing: it returns histories and counts.

mod aligned;
mod class;
mod coordinator;
mod delays;
mod heartbeat;
mod log;
mod report;
mod round_dirs;
mod run;
mod shared_counters;
mod shared_state;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use crate::blame::Blame;
use crate::one_store::NotShared;
use crate::run_directory::RunDirectoryError;
use crate::sys;
use crate::sys::memory::ShareError;
use crate::sys::process::ForkError;
use onewinner_core::fs::Errno;
use onewinner_core::scenario::{LEAST_PROCESSES, MOST_PROCESSES, Scenario};

pub use report::{Lost, Note, Report, Seen, Stop};
pub use run::race;

/// The most attempts of each process in one round: their events are kept in shared memory.
pub const MOST_ATTEMPTS: u32 = 64;

/// How to race.
#[derive(Clone, Debug)]
pub struct RaceOptions {
    /// What each process does in a round; not [`Fault`](onewinner_core::scenario::ScenarioKind::Fault).
    pub scenario: Scenario,
    /// How many rounds.
    pub rounds: u64,
    /// The longest time; the rounds counted until then are reported.
    pub time_limit: Option<Duration>,
    /// How long one operation of a contender may take before it counts as hung.
    pub worker_limit: Duration,
    /// Mounts of one store: of *k* mounts, process *i* uses number *i* mod *k*. The run gets its own directory in the first.
    /// Empty for the system's temporary directory.
    pub directories: Vec<PathBuf>,
    /// The seed of the random delays.
    pub seed: u64,
    /// How contenders are made to meet.
    pub alignment: Alignment,
    /// Whether contenders are processes or threads.
    pub mode: Mode,
}

impl RaceOptions {
    /// 1,000 unaligned rounds of live workers, with a limit of 10 s for each operation.
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

/// How contenders are made to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Only the start line: the failure rate is that of processes that start together.
    Natural,
    /// Random delays, so that the attempts overlap in every alignment.
    Delayed,
    /// No process makes its call k before all others have reached theirs.
    Aligned,
}

impl Alignment {
    /// Delays if there is a CPU for each process; otherwise processes that wait keep others from running.
    pub fn default_for(processes: usize) -> Self {
        if processes <= sys::cpus() {
            Self::Delayed
        } else {
            Self::Natural
        }
    }
}

/// Whether contenders are processes or threads.
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
    /// An injected error needs a chosen schedule, and a race chooses none.
    #[error("failed to race a scenario with an injected error: explore it instead")]
    Fault,
    /// The build has no thread pool.
    #[error("failed to race threads: this build has no thread pool; enable the feature `threads` of `onewinner-linux`")]
    NoThreads,
    /// No run directory.
    #[error(transparent)]
    RunDirectory(#[from] RunDirectoryError),
    /// Two unrelated directories: every contender would win in its own.
    #[error(
        "failed to race in {one:?} and {other:?}: a file made in one does not show in the other; name two mounts of one store"
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
    /// There is no shared memory.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// The directory of a round could not be made.
    #[error("failed to prepare a round in the run directory: {} ({errno}); make room, or name another directory", errno.text())]
    Unprepared {
        /// The kernel's error.
        #[source]
        errno: Errno,
    },
    /// Workers survived SIGKILL: a call holds them in the kernel.
    #[error(
        "failed to end the workers {pids:?}, which are left: a system call holds them in the kernel, so the file system \
         hangs; check its server or daemon"
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
    /// Who has to act on it.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Unkillable { .. } => Blame::Machine,
            Self::RunDirectory(error) => error.blame(),
            // Fewer processes or another directory help even where the machine lacks something.
            Self::Processes(_)
            | Self::Attempts(_)
            | Self::Fault
            | Self::NoThreads
            | Self::NotShared { .. }
            | Self::Fork(_)
            | Self::Share(_)
            | Self::Unprepared { .. } => Blame::User,
        }
    }
}
