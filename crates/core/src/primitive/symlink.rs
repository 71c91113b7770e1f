//! `symlink`: the lock is a symbolic link whose target names its owner.
//!
//! One call creates the name and its content, so a lock always has an owner. The target need not exist
//! ([symlink(2)](https://man7.org/linux/man-pages/man2/symlink.2.html)). Mercurial locks like this.

use std::path::Path;

use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, record};
use crate::fs::{Errno, Fs};

/// A link whose target is its owner's record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Symlink;

impl LockPrimitive for Symlink {
    fn name(&self) -> &'static str {
        "symlink"
    }

    fn protocol(&self) -> &'static str {
        "symlink(owner, L)"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn references(&self) -> &'static [&'static str] {
        &["symlink(2), EEXIST", "saschazepter/hg:mercurial/lock.py"]
    }

    fn violates(&self) -> &'static [&'static str] {
        FREED_BY_A_CHILD
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        if publish(fs, lock)? {
            Ok(Held::by_name())
        } else {
            Err(AcquireError::Busy)
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}

/// Creates the lock with the record of the calling process. Returns whether it was absent.
pub(super) fn publish(fs: &dyn Fs, lock: &Path) -> Result<bool, CallError> {
    match fs.symlink(Path::new(&record::own(fs)), lock) {
        Ok(()) => Ok(true),
        Err(Errno::EEXIST) => Ok(false),
        Err(errno) => Err(CallError::when("create", lock)(errno)),
    }
}

/// The record of the owner; `None` when the lock is absent.
pub(super) fn owner(fs: &dyn Fs, lock: &Path) -> Result<Option<String>, CallError> {
    match fs.readlink(lock) {
        Ok(target) => Ok(Some(target.to_string_lossy().into_owned())),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(CallError::when("read", lock)(errno)),
    }
}
