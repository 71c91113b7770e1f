//! Why spec files cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// Why the specs cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A path names nothing that can be read.
    #[error("failed to read {path:?}: {source}; name a spec, or a folder of specs")]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
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
        /// What is wrong, and what to do.
        text: String,
    },
    /// Two files have one name.
    #[error("failed to tell {one:?} from {other:?}: two specs of one run may not share a name; rename one")]
    Twins {
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
