//! Why something could not be measured, and what the user can do.

use std::io;
use std::time::Duration;

use super::board::Fault;
use onewinner_core::fs::Errno;
use onewinner_linux::sys::memory::ShareError;
use onewinner_linux::sys::process::{Ended, ForkError};

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unmeasured {
    /// A free lock was not given.
    #[error(
        "nobody has the lock, and an attempt is told that it is held; look for what an earlier holder leaves behind"
    )]
    Busy,
    /// A lock that was held was given.
    #[error("a process has the lock, and another gets it too; ask `onewinner race` whether it excludes anybody here")]
    GotIn,
    /// An attempt failed.
    #[error("an attempt fails: {} ({errno}); {}", errno.text(), advice(*errno))]
    Attempt {
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
    /// A release failed.
    #[error("a release fails: {} ({errno}); {}", errno.text(), advice(*errno))]
    Release {
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
    /// The directory that the measure needs failed.
    #[error("its directory cannot be made ready: {} ({errno}); {}", errno.text(), advice(*errno))]
    Ground {
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
    /// The files beside the lock took too long.
    #[error("{made} of {wanted} files were made in {limit:?}; give more time with --worker-time, or ask for fewer")]
    Slow {
        /// How many were made.
        made: u64,
        /// How many were asked for.
        wanted: u64,
        /// In what time.
        limit: Duration,
    },
    /// The directory is not there any more, or gives nothing but errors.
    #[error("the directory cannot be reached any more: {} ({errno}); look whether its mount is still there", errno.text())]
    Vanished {
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
    /// The directory does not answer.
    #[error("the directory does not answer: it was not looked at after {0:?}; look at its mount, and at who serves it")]
    Silent(Duration),
    /// There is nothing to measure in, for this reason.
    #[error("{0}")]
    Refused(String),
    /// Nobody got the lock.
    #[error("nobody won in {0:?}; look for what is left behind when several meet")]
    NobodyWon(Duration),
    /// Not one sample came in the time.
    #[error("not one sample in {0:?}; give more time with --slice")]
    NoSample(Duration),
    /// A worker did not come to an end.
    #[error("not over after {0:?}; a call may hang on this file system")]
    Hung(Duration),
    /// A worker died.
    #[error("a worker ended with {0}; look at the kernel's log")]
    Lost(Ended),
    /// A race could not be run.
    #[error("the race did not run: {0}")]
    Race(String),
    /// The whole command's time.
    #[error("the time was over before; raise --time, or ask for less")]
    Time,
    /// The user.
    #[error("interrupted before")]
    Interrupted,
    /// No worker.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// No shared memory.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// A worker was not heard.
    #[error("failed to hear of a worker: {0}; raise `ulimit -n`")]
    Pipe(#[from] io::Error),
}

fn advice(errno: Errno) -> &'static str {
    match errno {
        Errno::ENOSPC | Errno::EDQUOT => "make room, or ask for fewer --files",
        Errno::ENAMETOOLONG => "ask for less --depth, or name a directory with a shorter path",
        Errno::EACCES | Errno::EROFS => "make it writable for this user, or name another directory",
        Errno::EMFILE => "raise `ulimit -n`",
        _ => "this file system may not have what the lock needs",
    }
}

impl From<Fault> for Unmeasured {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy => Self::Busy,
            Fault::GotIn => Self::GotIn,
            Fault::Attempt(errno) => Self::Attempt { errno },
            Fault::Release(errno) => Self::Release { errno },
            Fault::Ground(errno) => Self::Ground { errno },
        }
    }
}

impl Unmeasured {
    /// Whether nothing went wrong, but there was no more time for it.
    pub(super) fn is_merely_ended(&self) -> bool {
        matches!(self, Self::Time | Self::Interrupted)
    }
}
