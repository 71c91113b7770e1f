//! The workers of one block: forked, watched, and ended with the block.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::samples::{Fault, SharedSamples};
use super::unmeasured::Unmeasured;
use onewinner_linux::sys::isolated::{IsolatedError, run_isolated};
use onewinner_linux::sys::supervisor::{Supervisor, Unfinished, Watch};

/// The exit code of a worker that has recorded its fault.
const FAULTY: u8 = 1;

/// The limit of workers, and the flag that interrupts them.
#[derive(Clone, Copy)]
pub(super) struct Workers<'a> {
    pub(super) limit: Duration,
    pub(super) interrupted: &'a AtomicBool,
}

impl Workers<'_> {
    /// Forks a worker for each party of the shared memory, which does `work` with its number, and waits for all of them.
    /// Afterwards no worker is left, unless a call holds it in the kernel despite SIGKILL.
    pub(super) fn run(
        self,
        shared: &SharedSamples,
        work: impl Fn(usize) -> Result<(), Fault>,
    ) -> Result<(), Unmeasured> {
        let mut supervisor = Supervisor::default();
        for number in 0..shared.parties() {
            supervisor.fork(|| match work(number) {
                Ok(()) => 0,
                Err(fault) => {
                    shared.record_fault(fault);
                    FAULTY
                }
            })?;
        }
        let interrupted = || self.interrupted.load(Ordering::Relaxed);
        let watched = supervisor.wait_for_all(&Watch::new(self.limit, &interrupted));
        if let Some(fault) = shared.fault() {
            return Err(fault.into());
        }
        watched.map_err(|unfinished| match unfinished {
            Unfinished::Lost(ended) => Unmeasured::Lost(ended),
            Unfinished::Cancelled => Unmeasured::Interrupted,
            Unfinished::TimedOut => Unmeasured::Hung(self.limit),
        })
    }

    /// Runs `body` in one process and returns its result, which has to fit in a pipe.
    pub(super) fn run_isolated<T: Serialize + DeserializeOwned>(
        self,
        body: impl FnOnce() -> T,
    ) -> Result<T, Unmeasured> {
        let interrupted = || self.interrupted.load(Ordering::Relaxed);
        run_isolated(&Watch::new(self.limit, &interrupted), body).map_err(|error| match error {
            IsolatedError::Died { ended, .. } => Unmeasured::Lost(ended),
            IsolatedError::Interrupted => Unmeasured::Interrupted,
            IsolatedError::Fork(error) => error.into(),
            IsolatedError::Pipe(error) => error.into(),
            IsolatedError::NoResult => io::Error::from(io::ErrorKind::UnexpectedEof).into(),
            IsolatedError::Hung(_) | IsolatedError::Unkillable => Unmeasured::Hung(self.limit),
        })
    }
}
