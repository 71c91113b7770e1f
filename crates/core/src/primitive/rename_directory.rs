//! `rename-directory`: prepares a directory with its owner's record, then renames it to the name of the lock.
//!
//! `rename` replaces a directory only if it is empty ([rename(2)](https://man7.org/linux/man-pages/man2/rename.2.html)), and a
//! held lock is not. So the record exists as soon as the lock does. Losers get `ENOTEMPTY` on ext4, tmpfs, btrfs and overlay,
//! and `EEXIST` on xfs.

use std::path::Path;

use super::mkdir::{owner_of, remove_empty};
use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, record};
use crate::fs::{Errno, Fs, Mode};

/// A directory that contains its owner's record while it is held.
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
            // An earlier attempt of this process left it.
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
                // The user must see the first error.
                let _ = clear(fs, &prepared);
                Err(CallError::when("take", lock)(errno).into())
            }
        }
    }

    /// Once the record is removed, another process may take the lock. Then the directory is not empty any more.
    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        clear(fs, lock)
    }
}

fn clear(fs: &dyn Fs, directory: &Path) -> Result<(), CallError> {
    record::remove(fs, &owner_of(directory))?;
    remove_empty(fs, directory)
}
