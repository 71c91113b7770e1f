//! Why something could not be measured, and what the user can do.

use std::io;
use std::time::Duration;

use super::samples::Fault;
use onewinner_core::fs::Errno;
use onewinner_linux::sys::memory::ShareError;
use onewinner_linux::sys::process::{Ended, ForkError};

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unmeasured {
    /// An attempt at a free lock returned busy.
    #[error("the lock is free, but an attempt returned busy; check which files an earlier holder leaves behind")]
    Busy,
    /// An attempt at a held lock succeeded.
    #[error("two processes hold the lock at the same time; run `onewinner race` to check whether it excludes here")]
    GotIn,
    /// An attempt failed.
    #[error("an attempt fails: {} ({errno}); {}", errno.text(), advice(*errno))]
    Attempt {
        /// The kernel's error.
        #[source]
        errno: Errno,
    },
    /// A release failed.
    #[error("a release fails: {} ({errno}); {}", errno.text(), advice(*errno))]
    Release {
        /// The kernel's error.
        #[source]
        errno: Errno,
    },
    /// The directory of the measure could not be prepared.
    #[error("failed to prepare the directory: {} ({errno}); {}", errno.text(), advice(*errno))]
    Directory {
        /// The kernel's error.
        #[source]
        errno: Errno,
    },
    /// The files next to the lock took too long.
    #[error("{made} of {wanted} files were made in {limit:?}; raise --worker-time, or lower --files")]
    Slow {
        /// How many were made.
        made: u64,
        /// How many were requested.
        wanted: u64,
        /// The time limit.
        limit: Duration,
    },
    /// The directory has vanished or returns only errors.
    #[error("the directory cannot be reached any more: {} ({errno}); check whether it is still mounted", errno.text())]
    Vanished {
        /// The kernel's error.
        #[source]
        errno: Errno,
    },
    /// The directory does not answer.
    #[error(
        "the directory does not answer: no answer within {0:?}; check its mount and the server or daemon behind it"
    )]
    Silent(Duration),
    /// There is no directory to measure in, for this reason.
    #[error("{0}")]
    Refused(String),
    /// No process acquired the lock.
    #[error("no process acquired the lock in {0:?}; check which files contenders leave behind")]
    NobodyWon(Duration),
    /// There was no sample within the time.
    #[error("no sample within {0:?}; raise --slice")]
    NoSample(Duration),
    /// A worker did not end.
    #[error("not finished after {0:?}; a call may hang on this file system")]
    Hung(Duration),
    /// A worker died.
    #[error("a worker ended with {0}; check the kernel log")]
    Lost(Ended),
    /// A race could not be run.
    #[error("the race did not run: {0}")]
    Race(String),
    /// The time of the whole command was over.
    #[error("not reached within the time; raise --time, or measure less")]
    Time,
    /// The user interrupted the command.
    #[error("not reached before the interrupt")]
    Interrupted,
    /// A worker could not be forked.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// There is no shared memory.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// The output of a worker could not be read.
    #[error("failed to read the output of a worker: {0}; raise `ulimit -n`")]
    Pipe(#[from] io::Error),
}

fn advice(errno: Errno) -> &'static str {
    match errno {
        Errno::ENOSPC | Errno::EDQUOT => "make room, or lower --files",
        Errno::ENAMETOOLONG => "lower --depth, or name a directory with a shorter path",
        Errno::EACCES | Errno::EROFS => "make it writable for this user, or name another directory",
        Errno::EMFILE => "raise `ulimit -n`",
        _ => "this file system may not support what the lock needs",
    }
}

impl From<Fault> for Unmeasured {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy => Self::Busy,
            Fault::GotIn => Self::GotIn,
            Fault::Attempt(errno) => Self::Attempt { errno },
            Fault::Release(errno) => Self::Release { errno },
            Fault::Directory(errno) => Self::Directory { errno },
        }
    }
}

impl Unmeasured {
    /// Whether nothing failed, but the time was over.
    pub(super) fn is_out_of_time(&self) -> bool {
        matches!(self, Self::Time | Self::Interrupted)
    }
}
