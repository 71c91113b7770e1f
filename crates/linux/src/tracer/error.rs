//! Why there is no search with real processes, or no end of it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::program::re_exec::ReExecError;
use crate::blame::Blame;
use crate::one_store::NotShared;
use crate::run_directory::{ANSWER, RunDirectoryError};

/// How a reason begins when the machine does not let processes be traced.
pub const FORBIDDEN: &str = "failed to trace a process";

/// Why there is no search, or no end of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TracerError {
    /// The tracer does not do this.
    #[error("failed to trace {what}: it is not supported; {instead}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// There is no directory for the run.
    #[error(transparent)]
    RunDirectory(#[from] RunDirectoryError),
    /// Two directories show different files, so every contender would win in its own.
    #[error(
        "failed to contend in {one:?} and {other:?}: a file made in one does not appear in the other; name two mounts of one store"
    )]
    NotShared {
        /// The first directory.
        one: PathBuf,
        /// The other one.
        other: PathBuf,
    },
    /// A directory has a name that cannot be sent to the worker.
    #[error("failed to explore in {directory:?}: its path is not UTF-8; name another directory")]
    NotText {
        /// The directory.
        directory: PathBuf,
    },
    /// The worker process could not be started, or its pipes failed.
    #[error("failed to run a worker process: {0}; look at `ulimit -u`")]
    Worker(#[from] io::Error),
    /// This machine does not let a worker trace.
    #[error(transparent)]
    Unavailable(Unavailable),
    /// The worker could not begin to search.
    #[error(transparent)]
    Refused(Refusal),
    /// A thread that runs no test of libtest explores the lock of a test.
    #[error(transparent)]
    NoTest(#[from] ReExecError),
    /// A test was executed again as a worker, and did not reach its exploration.
    #[error(
        "failed to enter the test again: {why}; explore from the body of a `#[test]` itself, and do nothing before it \
         that another process of the same test cannot do; it printed:\n{printed}"
    )]
    NotEntered {
        /// What it did instead.
        why: NotEntered,
        /// The end of what it printed.
        printed: String,
    },
    /// The file system stopped answering.
    #[error(
        "failed to explore to the end: the file system of {directory:?} does not answer within {} s, so it hangs; look at its \
         server or daemon", ANSWER.as_secs()
    )]
    Hung {
        /// The directory of the run.
        directory: PathBuf,
    },
    /// The worker ended, or stopped answering, before the search was over.
    #[error("failed to explore to the end: the worker process was lost ({0}); run it again")]
    Lost(WorkerLoss),
}

/// Why tracing is unavailable on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// The kernel refuses ptrace(2): Yama, a container's filter.
    #[error(
        "{FORBIDDEN}: {error}; let the container allow ptrace (`--cap-add=SYS_PTRACE`), or set kernel.yama.ptrace_scope to 1 or less"
    )]
    PtraceForbidden {
        /// What the kernel says.
        error: String,
    },
    /// The kernel refuses the filter that stops contenders.
    #[error("{FORBIDDEN}: seccomp(2) is refused; let the container allow seccomp(2), or run outside of it")]
    SeccompRefused,
    /// The process that starts contenders could not be made.
    #[error("{FORBIDDEN}: the process that starts contenders failed ({reason}); look at `ulimit -u` and `ulimit -n`")]
    NoZygote {
        /// What happened.
        reason: String,
    },
}

/// Why a worker could not begin to search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// See [`Unavailable`].
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The worker has no lock of this name.
    #[error(
        "failed to find the lock {name}: the worker does not know it; run the worker from the binary that defines the lock"
    )]
    UnknownLock {
        /// The name.
        name: String,
    },
    /// The command line of the program starts nothing. The text names the next step.
    #[error("{0}")]
    Program(String),
    /// The worker could not prepare itself or the search.
    #[error("failed to {step}: {error}; run it again")]
    Preparation {
        /// What it could not do.
        step: String,
        /// Why.
        error: String,
    },
}

/// What a test did that was executed again and did not reach its exploration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotEntered {
    /// It ended.
    #[error("it ended before its exploration")]
    Ended,
    /// It printed more than any test should.
    #[error("it printed more than {} KiB before its exploration", .bytes / 1024)]
    PrintedTooMuch {
        /// The limit, in bytes.
        bytes: usize,
    },
    /// It did not arrive in time.
    #[error("it did not reach its exploration within {} s", .0.as_secs())]
    TooLate(Duration),
}

/// How a worker was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerLoss {
    /// It ended.
    #[error("it ended in the middle of its answer")]
    Ended,
    /// It sent nothing for far longer than any of its own limits.
    #[error("it sent nothing for {} s", .0.as_secs())]
    Silent(Duration),
    /// It sent a line that is no answer.
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
}

impl From<NotShared> for TracerError {
    fn from(NotShared { one, other }: NotShared) -> Self {
        Self::NotShared { one, other }
    }
}

impl From<Refusal> for TracerError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(unavailable) => Self::Unavailable(unavailable),
            refusal => Self::Refused(refusal),
        }
    }
}

impl TracerError {
    /// Who has to act on it.
    pub fn blame(&self) -> Blame {
        match self {
            Self::RunDirectory(error) => error.blame(),
            Self::Unavailable(_)
            | Self::Refused(_)
            | Self::NoTest(_)
            | Self::Lost(_)
            | Self::Worker(_)
            | Self::NotEntered { .. }
            | Self::Hung { .. } => Blame::Machine,
            Self::Unsupported { .. } | Self::NotShared { .. } | Self::NotText { .. } => Blame::User,
        }
    }
}
