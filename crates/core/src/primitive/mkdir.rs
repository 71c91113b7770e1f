//! `mkdir`, `mkdir-owner` and `mkdir-ownerless-stale`: the lock is a directory, which one call makes or finds.
//!
//! `mkdir` fails with `EEXIST` when the name is there in any form
//! ([mkdir(2)](https://man7.org/linux/man-pages/man2/mkdir.2.html); `fs/namei.c`, `filename_create`), on old network file
//! systems too. A directory can hold the record of its owner, and then there is a window in which it holds none: to take such
//! a directory for stale is the fault of the third of these.

use std::path::{Path, PathBuf};

use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, record};
use crate::fs::{Errno, Fs, Mode};

/// A directory as a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mkdir {
    /// The directory alone.
    Bare,
    /// With the record of its owner inside; one without a record is busy.
    Owner,
    /// The same, and one without a record is taken for stale: broken.
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
            // A record that cannot be written is removed by whoever writes it.
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

/// Makes the directory; tells whether it was absent.
fn create(fs: &dyn Fs, lock: &Path) -> Result<bool, CallError> {
    match fs.mkdir(lock, Mode::DIRECTORY) {
        Ok(()) => Ok(true),
        Err(Errno::EEXIST) => Ok(false),
        Err(errno) => Err(CallError::when("create", lock)(errno)),
    }
}

/// Makes the directory anew if that which stands there is empty.
fn take_ownerless(fs: &dyn Fs, lock: &Path) -> Result<bool, CallError> {
    match fs.rmdir(lock) {
        Ok(()) | Err(Errno::ENOENT) => create(fs, lock),
        Err(Errno::ENOTEMPTY | Errno::EEXIST) => Ok(false),
        Err(errno) => Err(CallError::when("remove", lock)(errno)),
    }
}

/// Where the record of the owner is.
pub(super) fn owner_of(directory: &Path) -> PathBuf {
    directory.join("owner")
}

/// Removes a directory that may be gone, or be another's by now: that one is not empty. Which error says so depends on the
/// file system ([rmdir(2)](https://man7.org/linux/man-pages/man2/rmdir.2.html)).
pub(super) fn remove_empty(fs: &dyn Fs, directory: &Path) -> Result<(), CallError> {
    match fs.rmdir(directory) {
        Ok(()) | Err(Errno::ENOENT | Errno::ENOTEMPTY | Errno::EEXIST) => Ok(()),
        Err(errno) => Err(CallError::when("remove", directory)(errno)),
    }
}
