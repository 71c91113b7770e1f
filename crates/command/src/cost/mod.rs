//! Measures what an acquisition costs for each lock and directory: time, throughput and fairness.
//!
//! ```text
//!  Options ─▶ Stage (measures that share directories) ─▶ blocks, in turns ─▶ Row
//!                                   │
//!                block: forked workers, one time slice, samples in shared memory
//! ```
//!
//! | file | what |
//! |---|---|
//! | `row.rs` | a measurement as data: what is reported, saved and compared |
//! | `measure.rs` | all stages, one after another |
//! | `stage.rs`, `cell.rs` | which measures run in turns; one of them |
//! | `bench_dir.rs`, `isolated_dir.rs` | the run directory, made and removed by a process that may hang |
//! | `workers.rs`, `samples.rs` | workers under a limit; the memory that they share |
//! | `unmeasured.rs` | why something could not be measured |
//! | `timed.rs`, `hand_over.rs`, `contention.rs`, `rounds.rs` | the work of one block |
//! | `compare.rs` | two results, and whether they differ by more than noise |
//!
//! The measurements of a stage take turns, block by block, so that a machine that slows down affects all of them. Times are
//! from `CLOCK_MONOTONIC` and include reading the clock, about 30 ns. Judges nothing: whether a lock excludes is checked
//! elsewhere.

mod bench_dir;
mod cell;
pub mod compare;
mod contention;
mod hand_over;
mod isolated_dir;
mod measure;
mod rounds;
mod row;
mod samples;
mod stage;
mod timed;
mod unmeasured;
mod workers;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use onewinner_core::primitive::LockPrimitive;

pub use measure::{measure, measure_one};
pub use row::{Fairness, Measure, Row, Unit, YARDSTICK};
pub use unmeasured::Unmeasured;

use workers::Workers;

/// The factor by which blocks are longer in which processes are forked or compete for the CPU.
const LONGER: u32 = 2;

/// The most contenders of one lock.
pub const MOST_CONTENDERS: usize = onewinner_core::scenario::MOST_PROCESSES;
/// The most files next to the lock.
pub const MOST_FILES: u64 = 1_000_000;
/// The deepest directory: its path must fit into `PATH_MAX`.
pub const DEEPEST: u32 = 1_000;

/// What is measured, where, and how long.
#[derive(Clone)]
pub struct Options {
    /// The locks.
    pub locks: Vec<&'static dyn LockPrimitive>,
    /// Where to measure; each measurement gets its own directory in each target.
    pub places: Vec<BenchTarget>,
    /// The measures.
    pub measures: Vec<Measure>,
    /// How much is measured.
    pub amount: Amount,
    /// The limit of the whole measurement. Rows that were not reached say so.
    pub time_limit: Duration,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Amount {
    /// The number of blocks of each measure.
    pub blocks: u32,
    /// The length of a block, unless it has enough samples before.
    pub slice: Duration,
    /// How long a block may exceed its slice before its workers count as hung, and how long making the files of a directory
    /// may take.
    pub worker_limit: Duration,
}

/// A directory, or *k* mounts of one store, of which process *i* uses number *i* mod *k*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchTarget {
    /// Its name in rows.
    pub name: String,
    /// The directories.
    pub ways: Vec<PathBuf>,
    /// Why nothing can be measured there, if that is already known.
    pub obstacle: Option<String>,
}

impl BenchTarget {
    /// A target of existing directories.
    pub fn given(ways: Vec<PathBuf>) -> Self {
        let names: Vec<String> = ways.iter().map(|way| way.display().to_string()).collect();
        Self {
            name: names.join(","),
            ways,
            obstacle: None,
        }
    }
}

/// The result of a measurement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// A row for each target, lock and measure. If it could not be measured, the row says why.
    pub rows: Vec<Row>,
    /// Directories that could not be removed, and why.
    pub left: Vec<String>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// A path does not exist or is not a directory.
    #[error("{reason}")]
    Misused {
        /// Which path, and what to do.
        reason: String,
    },
}

impl Amount {
    fn workers<'a>(&self, interrupted: &'a AtomicBool) -> Workers<'a> {
        Workers {
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
    fn workers(&self) -> Workers<'a> {
        self.options.amount.workers(self.interrupted)
    }

    fn workers_for(&self, limit: Duration) -> Workers<'a> {
        Workers {
            limit,
            interrupted: self.interrupted,
        }
    }

    /// Why nothing more may begin, if so.
    fn over(&self) -> Option<Unmeasured> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some(Unmeasured::Interrupted);
        }
        (Instant::now() >= self.latest).then_some(Unmeasured::Time)
    }
}
