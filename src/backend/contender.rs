//! What one contender does: the same code in every world.
//!
//! It tells what it meets as events; calls are told by whoever performs them.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::fs::Fs;
use crate::fs::inject::{Injection, injected};
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

/// Something that a contender does.
type Deed<T> = fn(&Contender, &dyn Fs, &mut dyn FnMut(What)) -> T;

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

    /// Goes elsewhere: to a directory, and a lock, that no round has used.
    pub fn move_to(&mut self, directory: PathBuf, lock: PathBuf) {
        self.directory = directory;
        self.lock = lock;
    }

    /// Does all that the scenario asks of this process, and tells each event when it happens.
    ///
    /// A winner of *contend* still holds at the end: when all have answered is known to the backend alone, which then drops
    /// the world or calls [`release`](Self::release).
    pub fn run(&self, fs: &dyn Fs, tell: &mut dyn FnMut(What)) -> Option<Held> {
        match self.scenario.kind {
            Kind::Contend => self.attempt(fs, tell),
            Kind::Cycle { .. } => {
                match self.scenario.error.filter(|_| self.process == ProcessId(0)) {
                    Some(injection) => self.disturbed(fs, injection, tell, Self::cycles),
                    None => self.cycles(fs, tell),
                }
                None
            }
            Kind::Fault { injection } if self.process == ProcessId(0) => {
                self.disturbed(fs, injection, tell, Self::attempt)
            }
            Kind::Fault { .. } => self.attempt(fs, tell),
        }
    }

    /// Gives back what [`run`](Self::run) returned.
    pub fn release(&self, fs: &dyn Fs, held: Held, tell: &mut dyn FnMut(What)) {
        tell(What::ReleaseBegan);
        tell(match self.primitive.release(fs, &self.lock, held) {
            Ok(()) => What::Released,
            Err(error) => What::ReleaseFailed { error },
        });
    }

    /// Does something while one call fails; that call is told too.
    fn disturbed<T>(&self, fs: &dyn Fs, injection: Injection, tell: &mut dyn FnMut(What), deed: Deed<T>) -> T {
        let (tell, errno) = (RefCell::new(tell), injection.errno);
        let fs = injected(fs, injection, |call| tell.borrow_mut()(What::Injected { call, errno }));
        deed(self, &fs, &mut |what| tell.borrow_mut()(what))
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

    fn cycles(&self, fs: &dyn Fs, tell: &mut dyn FnMut(What)) {
        let rounds = match self.scenario.kind {
            Kind::Cycle { rounds } if self.scenario.probe() != Some(self.process) => rounds,
            _ => 1,
        };
        (0..rounds).for_each(|_| self.cycle(fs, tell));
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
        self.release(fs, held, tell);
    }
}
