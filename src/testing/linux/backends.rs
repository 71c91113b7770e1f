//! The requested backends that run real processes, as data. Runs nothing.

/// Whether the reason of an inconclusive search is that the machine forbids tracing.
pub(in crate::testing) fn forbids_tracing(reason: &str) -> bool {
    reason.starts_with(onewinner_linux::tracer::FORBIDDEN)
}

/// The requested backends that run real processes.
#[derive(Debug, Default)]
pub(in crate::testing) struct RealProcesses {
    /// Whether a search traces real processes.
    pub(super) traced: bool,
    pub(super) races: Vec<Race>,
}

/// A requested race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Race {
    pub(super) rounds: u64,
    /// Whether calls are aligned; only for a lock over `Fs`.
    pub(super) aligned: bool,
}
