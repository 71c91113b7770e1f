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
//! | `measure.rs` | all stages, one after another |
//! | `stage.rs`, `cell.rs` | which measures run in turns; one of them |
//! | `site.rs`, `keeper.rs` | where: a directory of our own, kept by a process that may hang |
//! | `crew.rs`, `board.rs` | workers with limits; the memory that they share |
//! | `unmeasured.rs` | why something could not be measured |
//! | `alone.rs`, `hand_over.rs`, `crowd.rs`, `rounds.rs` | what a worker does in a block |
//! | `compare.rs` | two results, and whether they differ by more than noise |
//!
//! All measurements of a stage take turns, block by block, so that a machine that slows down does so for all of them. Times
//! are those of `CLOCK_MONOTONIC`, and hold the reading of the clock itself, some 30 ns. Deliberately judges nothing: whether a
//! lock excludes anybody is asked elsewhere.

mod alone;
mod board;
mod cell;
pub mod compare;
mod crew;
mod crowd;
mod hand_over;
mod keeper;
mod measure;
mod rounds;
mod row;
mod site;
mod stage;
mod unmeasured;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use onewinner_core::primitive::LockPrimitive;

pub use measure::{measure, measure_one};
pub use row::{Fairness, Measure, Row, Unit, YARDSTICK};
pub use unmeasured::Unmeasured;

use crew::Crew;

/// How many times as long a block lasts in which processes are forked or scheduled while it runs.
const LONGER: u32 = 2;

/// The most contenders of one lock.
pub const MOST_CONTENDERS: usize = onewinner_core::scenario::MOST_PROCESSES;
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
    pub places: Vec<Place>,
    /// What.
    pub measures: Vec<Measure>,
    /// How much of it.
    pub amount: Amount,
    /// How long all of it may take; what was not reached is told.
    pub time_limit: Duration,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Amount {
    /// How many blocks of each.
    pub blocks: u32,
    /// How long a block lasts, unless it has samples enough before.
    pub slice: Duration,
    /// How long a block may take beyond its slice before its workers count as hung, and how long the files of a directory
    /// may take to be made.
    pub worker_limit: Duration,
}

/// A directory, or several ways to one store: process *i* works by way of the *i* mod *k*-th.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is called in rows.
    pub name: String,
    /// The directories.
    pub ways: Vec<PathBuf>,
    /// Why nothing can be measured there, if that is known before.
    pub obstacle: Option<String>,
}

impl Place {
    /// Directories that are there.
    pub fn given(ways: Vec<PathBuf>) -> Self {
        let names: Vec<String> = ways.iter().map(|way| way.display().to_string()).collect();
        Self {
            name: names.join(","),
            ways,
            obstacle: None,
        }
    }
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// A row for each place, lock and measure; what could not be measured has one that says why.
    pub rows: Vec<Row>,
    /// What could not be removed.
    pub left: Vec<String>,
}

/// Why nothing was measured at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// A directory is missing, or is none.
    #[error("{reason}")]
    Misused {
        /// Which, and what to do.
        reason: String,
    },
}

impl Amount {
    fn crew<'a>(&self, interrupted: &'a AtomicBool) -> Crew<'a> {
        Crew {
            limit: self.slice * LONGER + self.worker_limit,
            interrupted,
        }
    }
}

/// One call of [`measure()`].
struct Run<'a> {
    options: &'a Options,
    interrupted: &'a AtomicBool,
    latest: Instant,
}

impl<'a> Run<'a> {
    fn crew(&self) -> Crew<'a> {
        self.options.amount.crew(self.interrupted)
    }

    fn crew_for(&self, limit: Duration) -> Crew<'a> {
        Crew {
            limit,
            interrupted: self.interrupted,
        }
    }

    /// Why nothing more is to be begun, if so.
    fn over(&self) -> Option<Unmeasured> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some(Unmeasured::Interrupted);
        }
        (Instant::now() >= self.latest).then_some(Unmeasured::Time)
    }
}
