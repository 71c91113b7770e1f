//! `record-lock` and `ofd-lock`: the two locks of `fcntl`, on the whole of a file that stays where it is.
//!
//! A record lock belongs to the *process*: in that process it excludes nobody, and any close of any descriptor of the file
//! gives it back ([fcntl_locking(2)](https://man7.org/linux/man-pages/man2/F_SETLK.2const.html), "the lock is released"), which
//! is how shadow lost its locks (shadow-maint/shadow#718). A lock of the open file description behaves as `flock` does. Both
//! need a descriptor that is open for writing, and know each other; neither knows `flock`.

use std::path::Path;

use super::flock::{granted, open};
use super::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive};
use crate::fs::{Fs, RecordLock};

/// A lock on the bytes of a file, by who owns it.
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

    /// POSIX lets a kernel say `EACCES` to a loser; Linux says `EAGAIN`, and `EACCES` is an error (`fs/locks.c`,
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
