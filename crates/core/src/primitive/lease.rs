//! `lease-…`: a lock that expires when its file is old, even if its holder is alive.
//!
//! A lease expires for a holder that was killed, and also for one that is only slow. The slow one then releases a lock that is
//! no longer its own. The four variants release differently. Comparing the record and removing the lock are two calls; moving
//! the lock aside leaves the name free for a moment. The only sound variant makes *every* removal, by breaker and releaser,
//! under one second lock with a check inside. No lock can stop what a holder does after its lease has expired (M22): the
//! resource must refuse it.
//!
//! [`Stat::old`](crate::fs::Stat::old) decides what is old, and a scheduler chooses when a lease expires.

use std::path::Path;

use super::record::{self, TRIES, beside, own};
use super::{
    AcquireError, CallError, CrashClass, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, TWO_HOLDERS,
    create_new_owner, flock,
};
use crate::fs::{Errno, Fs};

/// A lock that expires. The variants differ in how it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Removes whatever lock exists.
    Unlink,
    /// Removes the lock if it names the releaser.
    Compare,
    /// Moves the lock aside, and puts it back if it names another process.
    Rename,
    /// Removes the lock if it names the releaser, under a second lock that breakers take too.
    Mutex,
}

impl LockPrimitive for Lease {
    fn name(&self) -> &'static str {
        match self {
            Self::Unlink => "lease-unlink",
            Self::Compare => "lease-compare",
            Self::Rename => "lease-rename",
            Self::Mutex => "lease-mutex",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Unlink => {
                "open(L, O_CREAT|O_EXCL), write owner; EEXIST: stat(L), old: unlink(L), again; release: unlink(L)"
            }
            Self::Compare => {
                "open(L, O_CREAT|O_EXCL), write owner; EEXIST: stat(L), old: unlink(L), again; release: read L, own: unlink(L)"
            }
            Self::Rename => {
                "open(L, O_CREAT|O_EXCL), write owner; EEXIST: stat(L), old: unlink(L), again; release: rename(L, X), read X, own: \
                 unlink(X), other: rename(X, L)"
            }
            Self::Mutex => {
                "open(L, O_CREAT|O_EXCL), write owner; EEXIST: stat(L), old: flock(M), stat(L), old: unlink(L); close(M), again; \
                 release: flock(M), read L, own: unlink(L); close(M)"
            }
        }
    }

    fn expectation(&self) -> Expectation {
        match self {
            Self::Unlink | Self::Compare | Self::Rename => Expectation::SeveralWinners,
            Self::Mutex => Expectation::ExactlyOneWinner,
        }
    }

    fn crash_class(&self) -> CrashClass {
        CrashClass::Bounded
    }

    fn references(&self) -> &'static [&'static str] {
        &[
            "dejuknow/md-redline#67",
            "joshuaswarren/remnic#1604",
            "mmnto-ai/totem#2576",
            "tox-dev/filelock#637",
        ]
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::Unlink | Self::Compare => TWO_HOLDERS,
            // A lock that is put back late may exist although its holder has released it.
            Self::Rename => &["mutual-exclusion", "only-own", "release-frees", "fork-independence"],
            Self::Mutex => FREED_BY_A_CHILD,
        }
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        for _ in 0..TRIES {
            if create_new_owner::create(fs, lock)? {
                return Ok(Held::by_name());
            }
            match is_over(fs, lock)? {
                Some(true) => self.break_it(fs, lock)?,
                Some(false) => break,
                None => {}
            }
        }
        Err(AcquireError::Busy)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        match self {
            Self::Unlink => record::remove(fs, lock),
            Self::Compare => remove_own(fs, lock),
            Self::Rename => rename_own(fs, lock),
            Self::Mutex => flock::guarded_waiting(fs, &beside(lock, "mutex"), || remove_own(fs, lock)),
        }
    }
}

impl Lease {
    fn break_it(self, fs: &dyn Fs, lock: &Path) -> Result<(), AcquireError> {
        if self != Self::Mutex {
            return Ok(record::remove(fs, lock)?);
        }
        // Checks again: another process may have replaced the lock. No process removes it while this one holds the mutex.
        let broken = flock::guarded(fs, &beside(lock, "mutex"), || match is_over(fs, lock)? {
            Some(true) => record::remove(fs, lock),
            Some(false) | None => Ok(()),
        });
        broken?.ok_or(AcquireError::Busy)
    }
}

/// Whether the lease of the lock has expired; `None` when there is no lock.
fn is_over(fs: &dyn Fs, lock: &Path) -> Result<Option<bool>, CallError> {
    Ok(record::look(fs, lock)?.map(|found| found.old))
}

fn remove_own(fs: &dyn Fs, lock: &Path) -> Result<(), CallError> {
    match record::read(fs, lock)? {
        Some(owner) if owner == own(fs) => record::remove(fs, lock),
        _ => Ok(()),
    }
}

fn rename_own(fs: &dyn Fs, lock: &Path) -> Result<(), CallError> {
    let aside = record::private(fs, lock);
    match fs.rename(lock, &aside) {
        Ok(()) => {}
        Err(Errno::ENOENT) => return Ok(()),
        Err(errno) => return Err(CallError::when("move", lock)(errno)),
    }
    match record::read(fs, &aside)? {
        Some(owner) if owner != own(fs) => fs.rename(&aside, lock).map_err(CallError::when("put back", lock)),
        _ => record::remove(fs, &aside),
    }
}
