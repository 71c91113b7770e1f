//! Which calls stop a traced process: a seccomp filter, loaded once and inherited by all that comes from the process.
//!
//! [seccomp(2)](https://man7.org/linux/man-pages/man2/seccomp.2.html), `SECCOMP_RET_TRACE`. A call that is not in the list of
//! the allowed stops the caller for its tracer, and fails with `ENOSYS` without one. A call by the conventions of another
//! architecture kills the caller: its numbers would be misread.

use std::collections::BTreeMap;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
#[error("failed to load a seccomp filter: {0}; allow seccomp(2) in the container, or run outside of it")]
pub struct FilterError(#[from] seccompiler::Error);

/// A filter that was compiled and not loaded.
pub struct Filter(BpfProgram);

impl Filter {
    /// One that allows these calls, by number, and stops at all others.
    ///
    /// # Errors
    ///
    /// When the list is too long for a filter.
    pub fn allowing(numbers: &[i64]) -> Result<Self, FilterError> {
        let rules: BTreeMap<i64, Vec<_>> = numbers.iter().map(|number| (*number, Vec::new())).collect();
        let filter = SeccompFilter::new(rules, SeccompAction::Trace(0), SeccompAction::Allow, own_architecture());
        let program: Result<BpfProgram, _> = filter.and_then(TryInto::try_into);
        Ok(Self(program.map_err(seccompiler::Error::Backend)?))
    }

    /// Loads it for the calling thread, for ever.
    ///
    /// # Errors
    ///
    /// When the kernel has no seccomp, or another filter forbids it.
    pub fn load(&self) -> Result<(), FilterError> {
        Ok(apply_filter(&self.0)?)
    }
}

fn own_architecture() -> TargetArch {
    match cfg!(target_arch = "aarch64") {
        true => TargetArch::aarch64,
        false => TargetArch::x86_64,
    }
}
