//! The workers of one block: forked, watched, and gone at its end.
//!
//! Deliberately knows nothing of what they do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::board::{Board, Fault};
use crate::fs::Errno;
use crate::sys::memory::ShareError;
use crate::sys::process::{Ended, ForkError, KILL_LIMIT, Worker};

/// How often workers are looked at: seldom enough not to take part in what is measured.
const POLL: Duration = Duration::from_millis(1);
/// The exit code of a worker that has told its fault.
const FAULTY: u8 = 1;

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
    #[error("an attempt fails: {} ({errno}); this file system may not have what the lock needs", errno.text())]
    Attempt {
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
    /// A release failed.
    #[error("a release fails: {} ({errno}); this file system may not have what the lock needs", errno.text())]
    Release {
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
    /// A file beside the lock failed.
    #[error("files beside the lock cannot be made: {} ({errno}); ask for fewer, or make room", errno.text())]
    Ground {
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
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

/// How long workers may take, and who may end them.
#[derive(Clone, Copy)]
pub(super) struct Crew<'a> {
    pub(super) limit: Duration,
    pub(super) interrupted: &'a AtomicBool,
}

impl Crew<'_> {
    /// Forks a worker for each party of the board, each of which does `work` with its number; waits until all have ended.
    /// However it ends, no worker is left, unless a call holds it in the kernel even beyond SIGKILL.
    pub(super) fn run(self, board: &Board, work: impl Fn(usize) -> Result<(), Fault>) -> Result<(), Unmeasured> {
        let deadline = Instant::now() + self.limit;
        // Dropped on any way out, all are killed.
        let mut workers = Workers(Vec::with_capacity(board.parties()));
        for number in 0..board.parties() {
            workers.0.push(Worker::fork(|| match work(number) {
                Ok(()) => 0,
                Err(fault) => {
                    board.blame(fault);
                    FAULTY
                }
            })?);
        }
        loop {
            let ends: Vec<Option<Ended>> = workers.0.iter_mut().map(Worker::ended).collect();
            if let Some(fault) = board.fault() {
                return Err(fault.into());
            }
            if let Some(lost) = ends.iter().flatten().find(|ended| **ended != Ended::Exited(0)) {
                return Err(Unmeasured::Lost(*lost));
            }
            if ends.iter().all(Option::is_some) {
                return Ok(());
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Unmeasured::Interrupted);
            }
            if Instant::now() >= deadline {
                return Err(Unmeasured::Hung(self.limit));
            }
            std::thread::sleep(POLL);
        }
    }
}

struct Workers(Vec<Worker>);

impl Drop for Workers {
    /// All are killed before the first is waited for: one that waits for another would not end by itself.
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Worker::kill);
        let deadline = Instant::now() + KILL_LIMIT;
        self.0.iter_mut().for_each(|worker| {
            worker.gone_by(deadline);
        });
    }
}
