//! A spec: whose lock, and what is claimed of it.
//!
//! Runs nothing, and does not know whether a program is there.

use std::path::{Path, PathBuf};

use super::expected::Expected;
use super::front_matter::Evidence;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};

/// One spec file.
#[derive(Debug)]
pub struct Spec {
    /// The file.
    pub path: PathBuf,
    /// Its name without the ending; no two specs of a run share one.
    pub name: String,
    /// Whose lock.
    pub subject: Subject,
    /// The line that names it.
    pub line: usize,
    /// What is claimed of it; at least one.
    pub claims: Vec<Claim>,
}

/// One claim.
#[derive(Debug)]
pub struct Claim {
    /// The line that says what is expected.
    pub line: usize,
    /// What is expected.
    pub expected: Expected,
    /// What is run.
    pub scenario: Scenario,
    /// What is added to it.
    pub fault_sweep: FaultSweep,
    /// Where it is to be shown; each once.
    pub evidence: Vec<Evidence>,
    /// How far.
    pub budget: Budget,
}

/// How far searches and races go; never in seconds, so that a verdict does not depend on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Executions of a search.
    pub executions: Option<u64>,
    /// Rounds of a race.
    pub rounds: Option<u64>,
}

impl Spec {
    /// The folder of the file: programs run there.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }
}

impl Claim {
    /// What is run, in words.
    pub fn configuration(&self) -> String {
        format!("{}{}", self.scenario, self.fault_sweep)
    }

    /// What tells it from the other claims of its spec.
    pub fn key(&self) -> String {
        format!("{}: {}", self.expected, self.configuration())
    }
}
