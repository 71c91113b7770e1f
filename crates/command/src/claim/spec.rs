//! A spec: a lock and the claims on it.

use std::path::{Path, PathBuf};

use super::expected::Expected;
use super::front_matter::Evidence;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};

/// One spec file.
#[derive(Debug)]
pub struct Spec {
    /// The file.
    pub path: PathBuf,
    /// The file name without its extension, unique in a run.
    pub name: String,
    /// The lock.
    pub subject: Subject,
    /// The line that names the lock.
    pub line: usize,
    /// At least one claim.
    pub claims: Vec<Claim>,
}

/// One claim.
#[derive(Debug)]
pub struct Claim {
    /// The line of `expect`.
    pub line: usize,
    /// The value of `expect`.
    pub expected: Expected,
    /// The scenario to run.
    pub scenario: Scenario,
    /// The faults that are injected into it.
    pub fault_sweep: FaultSweep,
    /// The backends that check the claim, without duplicates.
    pub evidence: Vec<Evidence>,
    /// The limits of searches and races.
    pub budget: Budget,
}

/// The limits of searches and races. They are counts, not seconds, so a verdict does not depend on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The most executions of a search.
    pub executions: Option<u64>,
    /// The rounds of a race.
    pub rounds: Option<u64>,
}

impl Spec {
    /// The folder of the file. Programs run in it.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }
}

impl Claim {
    /// Describes the scenario with its injected faults.
    pub fn configuration(&self) -> String {
        format!("{}{}", self.scenario, self.fault_sweep)
    }

    /// Identifies the claim in its spec.
    pub fn key(&self) -> String {
        format!("{}: {}", self.expected, self.configuration())
    }
}
