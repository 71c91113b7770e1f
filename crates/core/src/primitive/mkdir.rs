//! `mkdir`, `mkdir-owner` and `mkdir-ownerless-stale`: the lock is a directory, which one call creates or finds.
//!
//! `mkdir` fails with `EEXIST` when the name exists, also on old network file systems
//! ([mkdir(2)](https://man7.org/linux/man-pages/man2/mkdir.2.html); `fs/namei.c`, `filename_create`). The directory can contain
//! a record of its owner. It is empty for a moment before the record is written; the third variant takes it for stale then.

use std::path::{Path, PathBuf};

use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, record};
use crate::fs::{Errno, Fs, Mode};

/// A directory as a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mkdir {
    /// The directory without a record.
    Bare,
    /// The directory with its owner's record. Without a record it is busy.
    Owner,
    /// The same, but without a record it is stale. This variant is broken.
    OwnerlessIsStale,
}

impl LockPrimitive for Mkdir {
    fn name(&self) -> &'static str {
        match self {
            Self::Bare => "mkdir",
            Self::Owner => "mkdir-owner",
            Self::OwnerlessIsStale => "mkdir-ownerless-stale",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Bare => "mkdir(L)",
            Self::Owner => "mkdir(L); write L/owner",
            Self::OwnerlessIsStale => "mkdir(L); write L/owner; EEXIST: rmdir(L): it was empty: mkdir(L) again",
        }
    }

    fn expectation(&self) -> Expectation {
        match self {
            Self::Bare | Self::Owner => Expectation::ExactlyOneWinner,
            Self::OwnerlessIsStale => Expectation::SeveralWinners,
        }
    }

    fn references(&self) -> &'static [&'static str] {
        &["mkdir(2), EEXIST", "realiti4/claude-swap#372"]
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::Bare | Self::Owner => FREED_BY_A_CHILD,
            Self::OwnerlessIsStale => &[
                "at-most-one-winner",
                "mutual-exclusion",
                "only-own",
                "at-least-one-winner",
                "losers-result",
                "fork-independence",
            ],
        }
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let made = create(fs, lock)? || (*self == Self::OwnerlessIsStale && take_ownerless(fs, lock)?);
        if !made {
            return Err(AcquireError::Busy);
        }
        if *self != Self::Bare {
            // `write` removes a record that it cannot finish.
            record::write(fs, &owner_of(lock)).inspect_err(|_| {
                let _ = fs.rmdir(lock);
            })?;
        }
        Ok(Held::by_name())
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        if *self != Self::Bare {
            record::remove(fs, &owner_of(lock))?;
        }
        remove_empty(fs, lock)
    }
}

/// Creates the directory. Returns whether it was absent.
fn create(fs: &dyn Fs, lock: &Path) -> Result<bool, CallError> {
    match fs.mkdir(lock, Mode::DIRECTORY) {
        Ok(()) => Ok(true),
        Err(Errno::EEXIST) => Ok(false),
        Err(errno) => Err(CallError::when("create", lock)(errno)),
    }
}

/// Replaces the directory if it is empty. Returns whether it did.
fn take_ownerless(fs: &dyn Fs, lock: &Path) -> Result<bool, CallError> {
    match fs.rmdir(lock) {
        Ok(()) | Err(Errno::ENOENT) => create(fs, lock),
        Err(Errno::ENOTEMPTY | Errno::EEXIST) => Ok(false),
        Err(errno) => Err(CallError::when("remove", lock)(errno)),
    }
}

/// The path of the owner's record.
pub(super) fn owner_of(directory: &Path) -> PathBuf {
    directory.join("owner")
}

/// Removes a directory that may be gone, or belong to another process by now. That one is not empty; the error depends on the file
/// system ([rmdir(2)](https://man7.org/linux/man-pages/man2/rmdir.2.html)).
pub(super) fn remove_empty(fs: &dyn Fs, directory: &Path) -> Result<(), CallError> {
    match fs.rmdir(directory) {
        Ok(()) | Err(Errno::ENOENT | Errno::ENOTEMPTY | Errno::EEXIST) => Ok(()),
        Err(errno) => Err(CallError::when("remove", directory)(errno)),
    }
}
