//! What an acquisition costs: for each lock and directory, in time and in fairness.
//!
//! ```text
//!  Options ─▶ Stage (measures that share directories) ─▶ blocks, in turns ─▶ Row
//!                                   │
//!                block: forked workers, a slice of time each, samples in shared memory
//! ```
//!
//! | file | what |
//! |---|---|
//! | `row.rs` | a measurement as data: what is reported, saved and compared |
//! | `stage.rs` | which measures run in turns, and where |
//! | `crew.rs`, `board.rs` | workers with limits; the memory that they share |
//! | `alone.rs`, `hand_over.rs`, `crowd.rs`, `rounds.rs` | what a worker does in a block |
//! | `compare.rs` | two results, and whether they differ by more than noise |
//!
//! All measurements of a stage take turns, block by block, so that a machine that slows down does so for all of them. Times
//! are those of `CLOCK_MONOTONIC`, and hold the reading of the clock itself, some 30 ns. Deliberately judges nothing: whether a
//! lock excludes anybody is asked elsewhere.

mod alone;
mod board;
pub mod compare;
mod crew;
mod crowd;
mod hand_over;
mod rounds;
mod row;
mod stage;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::backend::race::run_directory::{RunDirectory, RunDirectoryError};
use crate::primitive::LockPrimitive;
use crate::sys::machine;

pub use crew::Unmeasured;
pub use row::{Fairness, Measure, Row, Unit, YARDSTICK};

use stage::{Site, Stage};

/// The most contenders of one lock.
pub const MOST_CONTENDERS: usize = crate::scenario::MOST_PROCESSES;
/// The most files beside the lock.
pub const MOST_FILES: u64 = 1_000_000;
/// The deepest directory: its path must fit into `PATH_MAX`.
pub const DEEPEST: u32 = 1_000;

/// What is measured, where, and how long.
#[derive(Clone)]
pub struct Options {
    /// The locks.
    pub locks: Vec<&'static dyn LockPrimitive>,
    /// Where; each measurement gets a directory of its own in each.
    pub directories: Vec<PathBuf>,
    /// What.
    pub measures: Vec<Measure>,
    /// How many blocks of each.
    pub blocks: u32,
    /// How long a block lasts, unless it has samples enough before.
    pub slice: Duration,
    /// How long all of it may take; what was not reached is told.
    pub time_limit: Duration,
    /// How long a block may take beyond its slice before its workers count as hung, and how long the files of a directory
    /// may take to be made.
    pub worker_limit: Duration,
}

/// Why nothing was measured at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// A directory is missing or not writable.
    #[error(transparent)]
    RunDirectory(#[from] RunDirectoryError),
}

/// Measures, and tells `progress` of each block which share is behind it and what comes.
///
/// The calling process must have a single thread, because it forks. `interrupted` ends it early, with what was measured so far.
/// Afterwards no process and no file is left.
///
/// # Errors
///
/// When a directory takes no run directory. What else could not be measured is a row that says why.
pub fn measure(
    options: &Options,
    interrupted: &AtomicBool,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Vec<Row>, CostError> {
    let mut sites = Vec::new();
    for directory in &options.directories {
        let (run, _swept) = RunDirectory::create(directory)?;
        let kind = machine::file_system(directory).map_or_else(|_| "unknown".to_owned(), |found| found.kind);
        sites.push(Site::new(directory.clone(), kind, run));
    }
    let run = Run {
        options,
        interrupted,
        latest: Instant::now() + options.time_limit,
    };
    let stages = Stage::all(&options.measures);
    let total = stages.len().max(1) as f64;
    let mut rows = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        let mut told = |share: f64, what: &str| progress((number as f64 + share) / total, what);
        rows.extend(stage.run(&run, &sites, &mut told));
    }
    for site in sites {
        site.close()?;
    }
    Ok(rows)
}

/// One call of [`measure`].
struct Run<'a> {
    options: &'a Options,
    interrupted: &'a AtomicBool,
    latest: Instant,
}

impl Run<'_> {
    /// Why nothing more is to be begun, if so.
    fn over(&self) -> Option<Unmeasured> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some(Unmeasured::Interrupted);
        }
        (Instant::now() >= self.latest).then_some(Unmeasured::Time)
    }
}
