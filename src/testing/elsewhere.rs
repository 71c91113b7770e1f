//! What replaces `linux/` on other systems: no real processes, the simulated file system as the default backend.

use super::options::Exploration;
use super::primitive::{Primitive, Search};
use super::report::Report;

/// No backend here runs real processes.
#[derive(Debug, Default)]
pub(super) struct RealProcesses;

/// Whether this reason is that the machine forbids tracing: nothing is traced here.
pub(super) fn forbids_tracing(_reason: &str) -> bool {
    false
}

impl Exploration<Primitive> {
    /// Runs the lock on each backend and returns the report.
    pub fn run(self) -> Report {
        let default: &[Search] = &[Self::sim_plans];
        let requested = &self.subject.searches[..];
        self.run_searches(if requested.is_empty() { default } else { requested }, 0)
    }
}
