//! The workers of one block: forked, watched, and gone at its end.
//!
//! Deliberately knows nothing of what they do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::board::{Board, Fault};
use super::unmeasured::Unmeasured;
use onewinner_linux::sys::supervisor::{IsolatedError, Supervisor, Unfinished, Watch, run_isolated};

/// The exit code of a worker that has told its fault.
const FAULTY: u8 = 1;

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
        let mut supervisor = Supervisor::default();
        for number in 0..board.parties() {
            supervisor.fork(|| match work(number) {
                Ok(()) => 0,
                Err(fault) => {
                    board.blame(fault);
                    FAULTY
                }
            })?;
        }
        let interrupted = || self.interrupted.load(Ordering::Relaxed);
        let watched = supervisor.all(&Watch::new(self.limit, &interrupted));
        if let Some(fault) = board.fault() {
            return Err(fault.into());
        }
        watched.map_err(|unfinished| match unfinished {
            Unfinished::Lost(ended) => Unmeasured::Lost(ended),
            Unfinished::Cancelled => Unmeasured::Interrupted,
            Unfinished::TimedOut => Unmeasured::Hung(self.limit),
        })
    }

    /// Has one worker do something, and hears what came of it, which has to fit in a pipe.
    pub(super) fn ask<T: Serialize + DeserializeOwned>(self, body: impl FnOnce() -> T) -> Result<T, Unmeasured> {
        let interrupted = || self.interrupted.load(Ordering::Relaxed);
        run_isolated(&Watch::new(self.limit, &interrupted), body).map_err(|error| match error {
            IsolatedError::Died { ended, .. } => Unmeasured::Lost(ended),
            IsolatedError::Interrupted => Unmeasured::Interrupted,
            IsolatedError::Fork(error) => error.into(),
            IsolatedError::Pipe(error) => error.into(),
            IsolatedError::Hung(_) | IsolatedError::Unkillable => Unmeasured::Hung(self.limit),
        })
    }
}
