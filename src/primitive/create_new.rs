//! `create-new`: the name is the lock, and one `open(O_CREAT|O_EXCL)` decides who has it.
//!
//! The kernel looks the name up and creates it in one step, under the lock of the directory
//! ([open(2)](https://man7.org/linux/man-pages/man2/open.2.html), `O_EXCL`; `fs/namei.c`, `lookup_open`).

use std::path::Path;

use super::{AcquireError, CallError, Expectation, Held, LockPrimitive, remove};
use crate::fs::{Errno, Fs, Mode, OpenFlags};

/// The correct lock: exactly one creator wins, all others get `EEXIST`.
///
/// Killed while holding, it stays held until a person removes the file.
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

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let fd = match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
            Ok(fd) => fd,
            Err(Errno::EEXIST) => return Err(AcquireError::Busy),
            Err(errno) => return Err(CallError::when("create", lock)(errno).into()),
        };
        // From here on the file is ours: an attempt that fails must not leave it behind, or nobody ever gets in again.
        // The error of a removal that fails too would hide the first one, which the user has to see.
        if let Err(errno) = fs.close(fd) {
            let _ = remove(fs, lock);
            return Err(CallError::when("close", lock)(errno).into());
        }
        Ok(Held::by_name())
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        remove(fs, lock)
    }
}
