//! `create-new`: the name is the lock, and one `open(O_CREAT|O_EXCL)` decides who holds it.
//!
//! The kernel looks up and creates the name in one step, while it holds the lock of the directory
//! ([open(2)](https://man7.org/linux/man-pages/man2/open.2.html), `O_EXCL`; `fs/namei.c`, `lookup_open`).

use std::path::Path;

use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, record};
use crate::fs::{Errno, Fs, Mode, OpenFlags};

/// The correct lock: exactly one creator wins, and all others get `EEXIST`.
///
/// If the holder is killed, the lock stays held until a person removes the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateNew;

impl LockPrimitive for CreateNew {
    fn name(&self) -> &'static str {
        "create-new"
    }

    fn protocol(&self) -> &'static str {
        "open(L, O_CREAT|O_EXCL); close"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn references(&self) -> &'static [&'static str] {
        &["open(2), O_EXCL", "fs/namei.c, lookup_open"]
    }

    fn violates(&self) -> &'static [&'static str] {
        FREED_BY_A_CHILD
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        if create(fs, lock)? {
            Ok(Held::by_name())
        } else {
            Err(AcquireError::Busy)
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}

/// Creates the lock. Returns whether it was absent.
pub(super) fn create(fs: &dyn Fs, lock: &Path) -> Result<bool, CallError> {
    let fd = match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
        Ok(fd) => fd,
        Err(Errno::EEXIST) => return Ok(false),
        Err(errno) => return Err(CallError::when("create", lock)(errno)),
    };
    // The file is ours from here on. An attempt that fails must remove it, or no process ever gets the lock again.
    if let Err(errno) = fs.close(fd) {
        record::discard(fs, lock);
        return Err(CallError::when("close", lock)(errno));
    }
    Ok(true)
}
