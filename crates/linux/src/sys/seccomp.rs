//! Loading filters: [seccomp(2)](https://man7.org/linux/man-pages/man2/seccomp.2.html). Knows no call; see `filter.rs`.

use seccompiler::{BpfProgram, apply_filter};

/// Why there is no filter.
#[derive(Debug, thiserror::Error)]
#[error("failed to load a seccomp filter: {0}; let the container allow seccomp(2), or run outside of it")]
pub struct LoadError(#[from] seccompiler::Error);

/// Loads the filters for the calling thread and all that comes from it, for ever. It forgoes new privileges, as whoever has
/// none must who loads a filter: set-uid programs lose their power.
///
/// # Errors
///
/// When the kernel has no seccomp, or another filter forbids it.
pub fn load(filters: &[BpfProgram]) -> Result<(), LoadError> {
    Ok(filters.iter().try_for_each(|filter| apply_filter(filter))?)
}
