//! `lease-…`: a lock that is over when its file is old, whoever has it.
//!
//! A lease takes the lock from a holder that was killed, and from one that is only slow: that one then releases what is no
//! longer its own. Four releases are shown. To compare the record and then remove is two calls, and to move the lock aside
//! leaves the name free meanwhile; sound is only that *every* removal, of the breaker and of the releaser, is made under one
//! second lock with a look inside. What a holder does after its lease has run out no lock can stop (M22): the resource must
//! refuse it.
//!
//! Old is what [`Stat::old`](crate::fs::Stat::old) says; when a lease runs out is for a scheduler to choose.

use std::path::Path;

use super::record::{self, TRIES, beside, own};
use super::{
    AcquireError, CallError, CrashClass, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, TWO_HOLDERS,
    create_new_owner, flock,
};
use crate::fs::{Errno, Fs};

/// A lock that runs out, by how it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Whatever stands there is removed.
    Unlink,
    /// What names the releaser is removed.
    Compare,
    /// It is moved aside, and put back if it names another.
    Rename,
    /// What names the releaser is removed, and breaker and releaser exclude each other.
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
            // What is put back late stands there when nobody holds it any more.
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
        // Whatever stands there now: if it is over, it may go, and nobody else removes it meanwhile.
        let broken = flock::guarded(fs, &beside(lock, "mutex"), || match is_over(fs, lock)? {
            Some(true) => record::remove(fs, lock),
            Some(false) | None => Ok(()),
        });
        broken?.ok_or(AcquireError::Busy)
    }
}

/// Whether the lease of the lock has run out; nothing when there is no lock.
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
