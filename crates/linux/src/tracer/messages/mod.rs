//! The lines of JSON between a session and its worker.

use std::collections::BTreeSet;
use std::path::PathBuf;

use onewinner_core::explore::{Limits, Searched, Strategy};
use onewinner_core::history::Execution;
use onewinner_core::scenario::{Program, Scenario};
use serde::{Deserialize, Serialize};

use crate::tracer::error::Refusal;
use crate::tracer::system::polling::EndlessPoll;

/// A line to the worker. [`Open`](Self::Open) comes first; each search is answered to its end before the next.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    Open(Opening),
    Search(SearchRequest),
    /// Ends the search that runs. Between two searches it does nothing.
    Stop,
}

/// What holds for all searches of a session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) subject: SubjectName,
    /// The directory of the run; the same one through each mount, if contenders are divided between several.
    pub(crate) roots: Vec<PathBuf>,
    /// The process of the session.
    pub(crate) parent: u32,
    /// The CPU that the worker stays on; the one where it starts if there is none.
    pub(crate) cpu: Option<usize>,
}

/// One search.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SearchRequest {
    pub(crate) scenario: Scenario,
    pub(crate) strategy: Strategy,
    /// Whether it may end early to watch a path that contenders share.
    pub(crate) grows: bool,
    /// What other workers know of the polls of the program.
    pub(crate) endless: BTreeSet<EndlessPoll>,
    executions: u64,
    steps: usize,
    time_ms: u64,
}

impl SearchRequest {
    pub(crate) fn new(
        (scenario, strategy, limits): (&Scenario, &Strategy, Limits),
        grows: bool,
        endless: &BTreeSet<EndlessPoll>,
    ) -> Self {
        Self {
            grows,
            endless: endless.clone(),
            scenario: scenario.clone(),
            strategy: strategy.clone(),
            executions: limits.executions,
            steps: limits.steps,
            time_ms: u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            executions: self.executions,
            steps: self.steps,
            time: std::time::Duration::from_millis(self.time_ms),
        }
    }
}

/// Whose lock is searched: a primitive by its name, for a test may define some that are not in the catalogue.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum SubjectName {
    Primitive(String),
    Program(Program),
}

/// A line from the worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Execution(Execution),
    /// The estimated share of the search that is done.
    Share(f64),
    /// Contenders share a path that is not watched: another search will watch it. [`Done`](Self::Done) comes next.
    Superseded,
    /// What was not observed so far, or not done as requested: all of it, whenever there is more.
    Notes(Vec<String>),
    /// The worker still runs: it sends this when an execution takes long.
    Alive,
    /// The polls of the program that the worker knows to be endless. [`Done`](Self::Done) comes next.
    Endless(BTreeSet<EndlessPoll>),
    /// The search is over.
    Done(Searched),
    /// There is no search, and the worker ends.
    Refused(Refusal),
}
