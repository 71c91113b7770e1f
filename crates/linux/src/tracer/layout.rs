//! Where an execution takes place in the directories of a run.
//!
//! Deliberately creates and removes nothing.

use std::path::{Path, PathBuf};

use onewinner_core::id::ProcessId;

/// The number of the first execution's directory. Later executions use the same one, unless mounts could confuse the two.
pub(crate) const FIRST_DIRECTORY: u32 = 0;

/// The directory of the execution with this number, below each of the `roots`.
pub(crate) fn execution_directories(roots: &[PathBuf], number: u32) -> Vec<PathBuf> {
    roots.iter().map(|root| execution_directory(root, number)).collect()
}

/// The directory of the execution with this number, as this contender sees it: contender *i* works in the *i* mod *k*-th root.
pub(crate) fn contender_directory(roots: &[PathBuf], process: ProcessId, number: u32) -> PathBuf {
    execution_directory(&roots[process.index() % roots.len()], number)
}

fn execution_directory(root: &Path, number: u32) -> PathBuf {
    root.join(format!("tree-{number}"))
}
