//! `rename-directory`: a directory with its owner's record is prepared aside and moved to the lock's name.
//!
//! A directory replaces another one only when that is empty
//! ([rename(2)](https://man7.org/linux/man-pages/man2/rename.2.html)), and a lock never is while it is held. So the record is
//! there as soon as the lock is. Losers are told `ENOTEMPTY` by ext4, tmpfs, btrfs and overlay, and `EEXIST` by xfs.

use std::path::Path;

use super::mkdir::{owner_of, remove_empty};
use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, record};
use crate::fs::{Errno, Fs, Mode};

/// The lock is a directory that is never without its owner's record.
#[derive(Clone, Copy, Debug, Default)]
pub struct RenameDirectory;

impl LockPrimitive for RenameDirectory {
    fn name(&self) -> &'static str {
        "rename-directory"
    }

    fn protocol(&self) -> &'static str {
        "mkdir(T); write T/owner; rename(T, L)"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn references(&self) -> &'static [&'static str] {
        &["rename(2), ENOTEMPTY or EEXIST", "GoogleCloudPlatform/gcsfuse#942"]
    }

    fn violates(&self) -> &'static [&'static str] {
        FREED_BY_A_CHILD
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let prepared = record::private(fs, lock);
        match fs.mkdir(&prepared, Mode::DIRECTORY) {
            // An earlier life of this process left it.
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(CallError::when("create", &prepared)(errno).into()),
        }
        record::write(fs, &owner_of(&prepared)).inspect_err(|_| {
            let _ = fs.rmdir(&prepared);
        })?;
        match fs.rename(&prepared, lock) {
            Ok(()) => Ok(Held::by_name()),
            Err(Errno::ENOTEMPTY | Errno::EEXIST) => {
                clear(fs, &prepared)?;
                Err(AcquireError::Busy)
            }
            Err(errno) => {
                // The first error is the one to tell.
                let _ = clear(fs, &prepared);
                Err(CallError::when("take", lock)(errno).into())
            }
        }
    }

    /// Once the record is gone another process may take the lock, and then the directory is no longer empty.
    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        clear(fs, lock)
    }
}

fn clear(fs: &dyn Fs, directory: &Path) -> Result<(), CallError> {
    record::remove(fs, &owner_of(directory))?;
    remove_empty(fs, directory)
}
