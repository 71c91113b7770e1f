//! Why spec files cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// Why specs cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A path cannot be read.
    #[error("failed to read {path:?}: {source}; name a spec file or a folder of spec files")]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A key or value is wrong.
    #[error("{}:{line}: {text}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and how to fix it.
        text: String,
    },
    /// Two files have the same name.
    #[error(
        "failed to run {one:?} and {other:?} together: two specs of one run may not share a name; rename one of them"
    )]
    DuplicateName {
        /// One file.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
}

impl SpecError {
    pub(super) fn at(path: &Path, line: usize, text: String) -> Self {
        let path = path.to_owned();
        Self::Wrong { path, line, text }
    }
}
