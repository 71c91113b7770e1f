//! Runs a lock over `Fs`, by default on the simulated file system.

use super::super::options::Exploration;
use super::super::primitive::{Primitive, Search};
use super::super::report::Report;
use super::backends::RealProcesses;

impl Exploration<Primitive> {
    /// Runs the lock on each backend and returns the report.
    pub fn run(self) -> Report {
        let RealProcesses = self.subject.real;
        let default: &[Search] = &[Self::sim_plans];
        let requested = &self.subject.searches[..];
        self.run_searches(if requested.is_empty() { default } else { requested }, 0)
    }
}
