//! Loads filters: [seccomp(2)](https://man7.org/linux/man-pages/man2/seccomp.2.html). Filters are built in `filter.rs`.

use seccompiler::{BpfProgram, apply_filter, sock_filter};

/// Why a filter could not be loaded.
#[derive(Debug, thiserror::Error)]
#[error("failed to load a seccomp filter: {0}; let the container allow seccomp(2), or run outside of it")]
pub struct LoadError(#[from] seccompiler::Error);

/// Loads the filters for the calling thread and everything that it starts, for ever. Sets `no_new_privs`, which the kernel
/// requires of unprivileged processes: set-uid programs lose their effect.
///
/// # Errors
///
/// When the kernel has no seccomp, or another filter forbids it.
pub fn load(filters: &[BpfProgram]) -> Result<(), LoadError> {
    Ok(filters.iter().try_for_each(|filter| apply_filter(filter))?)
}

/// Loads a filter that lets every call pass: a trial whether the kernel takes filters from the calling thread. Sets
/// `no_new_privs`, as [`load`] does.
///
/// # Errors
///
/// As [`load`].
pub fn load_one_that_allows_all() -> Result<(), LoadError> {
    let allow = sock_filter {
        code: libc::BPF_RET as u16,
        jt: 0,
        jf: 0,
        k: libc::SECCOMP_RET_ALLOW,
    };
    load(&[vec![allow]])
}
