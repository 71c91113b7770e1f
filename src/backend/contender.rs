//! What one contender does: the same code in every world.
//!
//! It tells what it meets as events; calls are told by whoever performs them.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::fs::Fs;
use crate::fs::inject::injected;
use crate::history::What;
use crate::id::ProcessId;
use crate::primitive::{AcquireError, Held, LockPrimitive};
use crate::scenario::{Kind, Scenario, Work};
use crate::workload::hub_sync;

/// One process of a scenario, ready to run.
#[derive(Clone)]
pub struct Contender {
    primitive: &'static dyn LockPrimitive,
    scenario: Scenario,
    directory: PathBuf,
    lock: PathBuf,
    process: ProcessId,
}

impl Contender {
    /// The contender `process` of `scenario` in `directory`.
    pub fn new(
        primitive: &'static dyn LockPrimitive,
        scenario: &Scenario,
        directory: &Path,
        process: ProcessId,
    ) -> Self {
        Self {
            primitive,
            scenario: scenario.clone(),
            directory: directory.to_owned(),
            lock: scenario.lock(directory),
            process,
        }
    }

    /// Which process this is.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Does all that the scenario asks of this process, and tells each event when it happens.
    pub fn run(&self, fs: &dyn Fs, tell: &mut dyn FnMut(What)) {
        match self.scenario.kind {
            // The lock is never given back: a winner holds until all have answered.
            Kind::Contend => {
                let _held = self.attempt(fs, tell);
            }
            Kind::Cycle { rounds } => {
                for _ in 0..rounds {
                    self.cycle(fs, tell);
                }
            }
            Kind::Fault { injection } if self.process == ProcessId(0) => {
                let tell = RefCell::new(tell);
                let errno = injection.errno;
                let fs = injected(fs, injection, |call| tell.borrow_mut()(What::Injected { call, errno }));
                let _held = self.attempt(&fs, &mut |what| tell.borrow_mut()(what));
            }
            Kind::Fault { .. } => {
                let _held = self.attempt(fs, tell);
            }
        }
    }

    fn attempt(&self, fs: &dyn Fs, tell: &mut dyn FnMut(What)) -> Option<Held> {
        tell(What::AcquireBegan);
        match self.primitive.try_acquire(fs, &self.lock) {
            Ok(held) => {
                tell(What::Acquired);
                Some(held)
            }
            Err(AcquireError::Busy) => {
                tell(What::Busy);
                None
            }
            Err(AcquireError::Failed(error)) => {
                tell(What::Failed { error });
                None
            }
        }
    }

    fn cycle(&self, fs: &dyn Fs, tell: &mut dyn FnMut(What)) {
        let Some(held) = self.attempt(fs, tell) else {
            return;
        };
        match self.scenario.work {
            Work::Nothing => {}
            Work::HubSync => tell(
                match hub_sync::work(fs, &self.directory, &hub_sync::source(hub_sync::DEFAULT_ENTRIES)) {
                    Ok(synced) => What::Worked {
                        appended: synced.appended,
                    },
                    Err(error) => What::WorkFailed {
                        error: error.to_string(),
                    },
                },
            ),
        }
        tell(What::ReleaseBegan);
        tell(match self.primitive.release(fs, &self.lock, held) {
            Ok(()) => What::Released,
            Err(error) => What::ReleaseFailed { error },
        });
    }
}
