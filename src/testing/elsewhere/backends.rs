//! The backends that run real processes: none.

/// No backend here runs real processes.
#[derive(Debug, Default)]
pub(in crate::testing) struct RealProcesses;

/// Whether this reason is that the machine forbids tracing: never, because this system has no tracer.
pub(in crate::testing) fn forbids_tracing(_reason: &str) -> bool {
    false
}
