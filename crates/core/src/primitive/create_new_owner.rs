//! `create-new-owner` and `create-new-empty-stale`: creates the file exclusively, then writes the owner into it.
//!
//! Between the two calls the file exists and is empty. A process that takes an empty file for stale removes a lock that another
//! is just taking. A process that takes it for busy needs a person to clean up when the owner is killed in that window
//! (getpaseo/paseo#4803: a pid file of 0 bytes, a service down for 6.8 hours).

use std::path::Path;

use super::record::{self, TRIES};
use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive};
use crate::fs::{Errno, Fs, Mode, OpenFlags};

/// A file that contains its owner's record. The variants differ in what an empty file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateNewOwner {
    /// A process holds the lock and has not written its record yet.
    EmptyIsBusy,
    /// The lock is stale. This variant is broken.
    EmptyIsStale,
}

impl LockPrimitive for CreateNewOwner {
    fn name(&self) -> &'static str {
        match self {
            Self::EmptyIsBusy => "create-new-owner",
            Self::EmptyIsStale => "create-new-empty-stale",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::EmptyIsBusy => "open(L, O_CREAT|O_EXCL); write owner; close",
            Self::EmptyIsStale => {
                "open(L, O_CREAT|O_EXCL); write owner; close; EEXIST: read L, empty: unlink(L), again"
            }
        }
    }

    fn expectation(&self) -> Expectation {
        match self {
            Self::EmptyIsBusy => Expectation::ExactlyOneWinner,
            Self::EmptyIsStale => Expectation::SeveralWinners,
        }
    }

    fn references(&self) -> &'static [&'static str] {
        &["open(2), O_EXCL", "getpaseo/paseo#4803"]
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::EmptyIsBusy => FREED_BY_A_CHILD,
            Self::EmptyIsStale => &[
                "at-most-one-winner",
                "mutual-exclusion",
                "only-own",
                "fork-independence",
            ],
        }
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        for _ in 0..TRIES {
            if create(fs, lock)? {
                return Ok(Held::by_name());
            }
            if *self == Self::EmptyIsBusy {
                break;
            }
            match record::read(fs, lock)? {
                Some(owner) if owner.is_empty() => record::remove(fs, lock)?,
                Some(_) => break,
                None => {}
            }
        }
        Err(AcquireError::Busy)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}

/// Creates the lock and writes the record. Returns whether it was absent.
pub(super) fn create(fs: &dyn Fs, lock: &Path) -> Result<bool, CallError> {
    match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
        Ok(fd) => {
            record::sign(fs, fd, lock).inspect_err(|_| record::discard(fs, lock))?;
            Ok(true)
        }
        Err(Errno::EEXIST) => Ok(false),
        Err(errno) => Err(CallError::when("create", lock)(errno)),
    }
}
