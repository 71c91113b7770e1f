//! `record-lock` and `ofd-lock`: the two locks of `fcntl`, on a whole file that is never removed.
//!
//! A record lock belongs to the *process*. It excludes nobody in that process, and closing any descriptor of the file releases
//! it ([fcntl_locking(2)](https://man7.org/linux/man-pages/man2/F_SETLK.2const.html), "the lock is released"): shadow lost its
//! locks that way (shadow-maint/shadow#718). A lock of the open file description behaves like `flock`. Both need a descriptor
//! that is open for writing. They conflict with each other, but not with `flock`.

use std::path::Path;

use super::flock::{granted, open};
use super::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive};
use crate::fs::{Fs, RecordLock};

/// A lock on the bytes of a file. The variants differ in its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fcntl {
    /// The process: `F_SETLK`, which `lockf` uses too.
    Process,
    /// The open file description: `F_OFD_SETLK`.
    Description,
}

impl LockPrimitive for Fcntl {
    fn name(&self) -> &'static str {
        match self {
            Self::Process => "record-lock",
            Self::Description => "ofd-lock",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Process => "open(L, O_RDWR|O_CREAT); fcntl(F_SETLK, F_WRLCK)",
            Self::Description => "open(L, O_RDWR|O_CREAT); fcntl(F_OFD_SETLK, F_WRLCK)",
        }
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn crash_class(&self) -> CrashClass {
        CrashClass::Auto
    }

    fn references(&self) -> &'static [&'static str] {
        match self {
            Self::Process => &[
                "fcntl_locking(2), F_SETLK",
                "fs/locks.c, locks_remove_posix",
                "shadow-maint/shadow#718",
                "golang/go#32817",
                "BOINC/boinc#1563",
            ],
            Self::Description => &["fcntl_locking(2), F_OFD_SETLK"],
        }
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::Process => &["reentrancy", "descriptor-independence"],
            Self::Description => &[],
        }
    }

    /// POSIX allows `EACCES` for a lock that is held. Linux returns `EAGAIN`, so `EACCES` is an error here (`fs/locks.c`,
    /// `posix_lock_inode`).
    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let fd = open(fs, lock)?;
        let answer = match self {
            Self::Process => fs.record_lock(fd, RecordLock::TryExclusive),
            Self::Description => fs.ofd_lock(fd, RecordLock::TryExclusive),
        };
        match granted(fs, lock, fd, answer)? {
            Some(fd) => Ok(Held::by(fd)),
            None => Err(AcquireError::Busy),
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        fs.close(held.fd()).map_err(CallError::when("close", lock))
    }
}
