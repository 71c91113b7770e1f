//! Locks × directories: what a lock does on each file system, and what it costs there.
//!
//! ```text
//!  command ──a request──▶ worker ──fork──▶ (first process of its namespaces) ──fork──▶ one process for each cell ──▶ contenders
//!          ◀──columns, cells──                        makes and mounts                 races, holds in turn, measures
//! ```
//!
//! | file | what |
//! |---|---|
//! | `column.rs`, `cell.rs` | what is told, as plain data |
//! | `talk.rs` | how a command and its worker talk |
//! | `coordinator.rs` | the command's side: asks workers, and fills in what they did not tell |
//! | `worker.rs` | a process of its own, which leaves nothing |
//! | `place.rs` | directories made ready, and looked at |
//! | `measure.rs` | one cell; `in_turn.rs` who gets in while another holds, `cost.rs` what it costs, by `crate::cost` |
//! | `costs.rs` | `crate::cost` on file systems that are made |
//! | `team.rs`, `limited.rs` | processes that know each other; a process under a limit |
//!
//! Whatever touches a directory is done by a process that can be killed: a mount can hang for ever. Deliberately prints
//! nothing, and makes no claim: [`Cell::fails`] compares with what the lock declares.

mod cell;
mod column;
mod coordinator;
mod cost;
mod costs;
mod in_turn;
mod limited;
mod measure;
mod place;
mod talk;
mod team;
mod worker;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use cell::{Answer, Cell, Cost, Got, InTurn, Manner, Raced, Throughput};
pub use column::{Column, Control, Standing};
pub use coordinator::{MatrixError, Told, is_complete, run};
pub use costs::{measure_made, serve_costs};
pub use worker::serve;

/// The argument that makes the binary a worker of the matrix.
pub const WORKER: &str = "matrix-worker";
/// The argument that makes it a worker that measures costs on file systems that it makes.
pub const COSTS_WORKER: &str = "costs-worker";

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// Directories that are there; several ways to one store stand for several hosts.
    pub directories: Vec<Vec<PathBuf>>,
    /// Recipes of file systems that are made for the run.
    pub makes: Vec<String>,
    /// Locks.
    pub locks: Vec<String>,
    /// How much of everything.
    pub settings: Settings,
}

/// How much of everything a cell takes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Contenders of a race.
    pub processes: usize,
    /// Rounds that are left to chance.
    pub rounds: u64,
    /// Rounds that are aligned, and rounds in which winners release at once.
    pub other_rounds: u64,
    /// Blocks of each measurement of what it costs.
    pub blocks: u32,
    /// How long a block lasts; twice as long among contenders.
    pub slice_ms: u64,
    /// How long a cell may take.
    pub cell_ms: u64,
    /// How long one operation of a contender may take.
    pub worker_ms: u64,
    /// Of every random choice.
    pub seed: u64,
}
