//! Locks × directories: whether each lock holds on each file system, and what it costs there.
//!
//! ```text
//!  command ──a request──▶ worker ──fork──▶ (first process of its namespaces) ──fork──▶ one process for each cell ──▶ contenders
//!          ◀──columns, cells──                        makes and mounts                 races, holds in turn, measures
//! ```
//!
//! | file | what |
//! |---|---|
//! | `column.rs`, `cell.rs` | the result as plain data |
//! | `ipc.rs` | messages between the command and its worker |
//! | `coordinator.rs` | the command's side: sends requests to workers, and fills in missing cells |
//! | `worker.rs` | the worker process, which leaves nothing behind |
//! | `directories.rs` | prepares and checks directories |
//! | `measure.rs` | fills in one cell; `in_turn.rs` tries while another process holds, `cost.rs` measures the cost |
//! | `costs.rs` | `crate::cost` on file systems made for the run |
//! | `team.rs`, `cancel.rs` | processes that work together; a cancel token shared by processes |
//!
//! Every access to a directory is made by a process that can be killed, because a mount can hang for ever. Prints nothing.
//! [`Cell::fails`] compares a cell with what the lock declares.

mod cancel;
mod cell;
mod column;
mod coordinator;
mod cost;
mod costs;
mod directories;
mod in_turn;
mod ipc;
mod measure;
mod team;
mod worker;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use cell::{Answer, AttemptOutcome, Cell, Cost, InTurn, Manner, Raced, Throughput};
pub use column::{Column, ColumnState, Control};
pub use coordinator::{MatrixError, MatrixEvent, is_complete, run};
pub use costs::{measure_made, serve_costs};
pub use worker::serve;

/// The hidden argument that runs the binary as a worker of the matrix.
pub const WORKER: &str = "matrix-worker";
/// The hidden argument that runs it as a worker that measures costs on file systems that it makes.
pub const COSTS_WORKER: &str = "costs-worker";

/// The requested matrix.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Existing directories; several mounts of one store represent several hosts.
    pub directories: Vec<Vec<PathBuf>>,
    /// Names of recipes of file systems to make for the run.
    pub makes: Vec<String>,
    /// Names of locks.
    pub locks: Vec<String>,
    /// The amount of work.
    pub settings: Settings,
}

/// The amount of work for a cell.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The number of contenders of a race.
    pub processes: usize,
    /// The number of unaligned rounds.
    pub rounds: u64,
    /// The number of aligned rounds, and of rounds in which winners release immediately.
    pub other_rounds: u64,
    /// The number of blocks of each cost measure.
    pub blocks: u32,
    /// The length of a block; twice as long under contention.
    pub slice_ms: u64,
    /// The limit of a cell.
    pub cell_ms: u64,
    /// The limit of one operation of a contender.
    pub worker_ms: u64,
    /// The seed of every random choice.
    pub seed: u64,
}
