//! What one contender does: the same code in every backend.
//!
//! It reports its operations as events. The backend records the calls.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::fs::inject::{Injection, injected};
use crate::fs::{Fs, Mode, OpenFlags};
use crate::history::What;
use crate::id::ProcessId;
use crate::primitive::{AcquireError, Held, LockPrimitive};
use crate::scenario::{Scenario, ScenarioKind, Work};
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

/// A part of a contender's behaviour.
type Behaviour<T> = fn(&Contender, &dyn Fs, &mut dyn FnMut(What)) -> T;

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

    /// Moves to the directory and lock of a new round.
    pub fn move_to(&mut self, directory: PathBuf, lock: PathBuf) {
        self.directory = directory;
        self.lock = lock;
    }

    /// Runs this process of the scenario, and passes each event to `tell` when it happens.
    ///
    /// A winner of *contend* still holds afterwards, and its [`Held`] is returned. Only the backend knows when all attempts have a
    /// result. It then calls [`release`](Self::release), or drops the file system.
    pub fn run(&self, fs: &dyn Fs, tell: &mut dyn FnMut(What)) -> Option<Held> {
        if self.scenario.clock() == Some(self.process) {
            // An absent file does not become old.
            let _absent = fs.expire(&self.lock);
            return None;
        }
        match self.scenario.kind {
            ScenarioKind::Contend => self.attempt(fs, tell),
            ScenarioKind::Cycle { .. } => {
                match self.scenario.error.filter(|_| self.process == ProcessId(0)) {
                    Some(injection) => self.disturbed(fs, injection, tell, Self::cycles),
                    None => self.cycles(fs, tell),
                }
                None
            }
            ScenarioKind::Fault { injection } if self.process == ProcessId(0) => {
                self.disturbed(fs, injection, tell, Self::attempt)
            }
            ScenarioKind::Fault { .. } => self.attempt(fs, tell),
        }
    }

    /// Releases the lock that [`run`](Self::run) acquired.
    pub fn release(&self, fs: &dyn Fs, held: Held, tell: &mut dyn FnMut(What)) {
        tell(What::ReleaseBegan);
        tell(match self.primitive.release(fs, &self.lock, held) {
            Ok(()) => What::Released,
            Err(error) => What::ReleaseFailed { error },
        });
    }

    /// Runs `behaviour` while one call fails, and reports that call too.
    fn disturbed<T>(
        &self,
        fs: &dyn Fs,
        injection: Injection,
        tell: &mut dyn FnMut(What),
        behaviour: Behaviour<T>,
    ) -> T {
        let (tell, errno) = (RefCell::new(tell), injection.errno);
        let fs = injected(fs, injection, |call| tell.borrow_mut()(What::Injected { call, errno }));
        behaviour(self, &fs, &mut |what| tell.borrow_mut()(what))
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
            ScenarioKind::Cycle { rounds } if self.scenario.probe() != Some(self.process) => rounds,
            _ => {
                // The probe attempts after the lease has expired.
                if self.scenario.expiry {
                    let _absent = fs.expire(&self.lock);
                }
                1
            }
        };
        (0..rounds).for_each(|_| self.cycle(fs, tell));
    }

    fn cycle(&self, fs: &dyn Fs, tell: &mut dyn FnMut(What)) {
        let Some(held) = self.attempt(fs, tell) else {
            return;
        };
        self.work(fs, &held, tell);
        self.release(fs, held, tell);
    }

    /// What the holder does while it holds the lock.
    fn work(&self, fs: &dyn Fs, held: &Held, tell: &mut dyn FnMut(What)) {
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
            Work::Reopen => {
                // A lock without a file cannot be opened.
                if let Ok(fd) = fs.open(&self.lock, OpenFlags::READ, Mode::FILE) {
                    let _closed = fs.close(fd);
                }
            }
            Work::Reenter => {
                let again = self.primitive.try_acquire(fs, &self.lock);
                tell(What::Reentered { granted: again.is_ok() });
            }
            Work::Fork => {
                let forked = fs.fork(&mut |child| {
                    // The child exits whether its release succeeds or not.
                    let _released = self.primitive.release(child, &self.lock, held.clone());
                });
                if let Err(errno) = forked {
                    let error = format!("failed to fork: {}", errno.text());
                    tell(What::WorkFailed { error });
                }
            }
        }
    }
}
