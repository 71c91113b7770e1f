//! Why there is no run directory, or why it stays.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::blame::Blame;

/// The longest time that a file system may take to answer.
pub const ANSWER: Duration = Duration::from_secs(10);

/// Why there is no run directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunDirectoryError {
    /// The parent does not exist.
    #[error("failed to create a run directory in {parent:?}: there is no such directory; create it, or name another")]
    Missing {
        /// The parent.
        parent: PathBuf,
    },
    /// The parent is a file.
    #[error("failed to create a run directory in {parent:?}: it is not a directory; name one")]
    NotADirectory {
        /// The parent.
        parent: PathBuf,
    },
    /// The parent may not be written to.
    #[error(
        "failed to create a run directory in {parent:?}: {source}; make it writable for this user, or name another"
    )]
    NotWritable {
        /// The parent.
        parent: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The file system is full.
    #[error("failed to create a run directory in {parent:?}: {source}; make room, or name a directory elsewhere")]
    Full {
        /// The parent.
        parent: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The file system does not answer.
    #[error(
        "failed to create a run directory in {parent:?}: its file system hangs (no answer within {} s); check its server \
         or daemon, or name another directory", ANSWER.as_secs()
    )]
    Hung {
        /// The parent.
        parent: PathBuf,
    },
    /// Anything else.
    #[error("failed to create a run directory in {parent:?}: {source}; name another directory")]
    Other {
        /// The parent.
        parent: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The file system no longer answers.
    #[error(
        "failed to remove the run directory {path:?}: its file system hangs (no answer within {} s); the next run in its \
         parent removes it", ANSWER.as_secs()
    )]
    Left {
        /// The directory.
        path: PathBuf,
    },
    /// The directory could not be removed at the end.
    #[error("failed to remove the run directory {path:?}: {source}; remove it by hand")]
    Remains {
        /// The directory.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
}

impl RunDirectoryError {
    /// Who has to act on it.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Hung { .. } | Self::Left { .. } | Self::Remains { .. } => Blame::Machine,
            Self::Missing { .. }
            | Self::NotADirectory { .. }
            | Self::NotWritable { .. }
            | Self::Full { .. }
            | Self::Other { .. } => Blame::User,
        }
    }

    pub(super) fn creating(parent: &Path) -> impl Fn(io::Error) -> Self {
        let parent = parent.to_owned();
        move |source| {
            let parent = parent.clone();
            match source.kind() {
                io::ErrorKind::NotFound => Self::Missing { parent },
                io::ErrorKind::NotADirectory => Self::NotADirectory { parent },
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Self::NotWritable { parent, source }
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { parent, source },
                _ => Self::Other { parent, source },
            }
        }
    }
}
