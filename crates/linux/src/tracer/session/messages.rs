//! The lines between `explore` and its worker: one request, then the answers.

use std::path::PathBuf;

use onewinner_core::explore::{Searched, Strategy};
use onewinner_core::history::Execution;
use onewinner_core::scenario::{Program, Scenario};
use serde::{Deserialize, Serialize};

/// How a reason begins when the machine does not let processes be traced.
pub const FORBIDDEN: &str = "failed to trace a process";

/// What a worker is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) subject: Asked,
    pub(crate) scenario: Scenario,
    pub(crate) strategy: Strategy,
    pub(crate) executions: u64,
    pub(crate) steps: usize,
    pub(crate) time_ms: u64,
    /// A directory of the run; the same one by another way, if contenders are divided between several.
    pub(crate) roots: Vec<PathBuf>,
    /// The process that asks.
    pub(crate) parent: u32,
}

/// Whose lock: a primitive by its name, for a test may know some that are not in the catalogue.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Asked {
    Primitive(String),
    Program(Program),
}

/// A line of its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Line {
    Execution(Execution),
    /// Which share of the search is behind it, as far as can be told.
    Share(f64),
    /// What was not seen so far, or not done as it was asked for: all of it, whenever there is more.
    Notes(Vec<String>),
    /// The search is over.
    Done(Searched),
    /// There was no search, for this reason.
    Refused(String),
}
