//! `flock-unlink-…`: a kernel lock on a file that the release removes, in the three possible orders of the release.
//!
//! A process that opened the file before its removal locks an inode without a name. The next one creates a new file and locks
//! that: two locks, two holders. No order of the release prevents it. Only the acquisition can detect that it has locked a
//! removed file (`flock-nlink`). On NFS the removal shows as ESTALE (derpston/python-simpleflock#9).

use std::path::Path;

use super::flock::{close_after, close_then_unlink, try_flock, unlink_then_close};
use super::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive, TWO_HOLDERS, record};
use crate::fs::{Flock as Operation, Fs};

/// A kernel lock on a file that the release removes, without a check in the acquisition. The variants differ in the order of the
/// release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlockUnlink {
    /// `LOCK_UN`, unlink, close.
    UnlockFirst,
    /// Close, unlink.
    CloseFirst,
    /// Unlink, close.
    CloseLast,
}

impl LockPrimitive for FlockUnlink {
    fn name(&self) -> &'static str {
        match self {
            Self::UnlockFirst => "flock-unlink-unlock-first",
            Self::CloseFirst => "flock-unlink-close-first",
            Self::CloseLast => "flock-unlink-close-last",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::UnlockFirst => "open(L, O_CREAT); flock(LOCK_EX|LOCK_NB); release: flock(LOCK_UN); unlink(L); close",
            Self::CloseFirst => "open(L, O_CREAT); flock(LOCK_EX|LOCK_NB); release: close; unlink(L)",
            Self::CloseLast => "open(L, O_CREAT); flock(LOCK_EX|LOCK_NB); release: unlink(L); close",
        }
    }

    fn expectation(&self) -> Expectation {
        Expectation::SeveralWinners
    }

    fn crash_class(&self) -> CrashClass {
        CrashClass::Auto
    }

    fn references(&self) -> &'static [&'static str] {
        &["flock(2)", "derpston/python-simpleflock#9"]
    }

    fn violates(&self) -> &'static [&'static str] {
        TWO_HOLDERS
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        match try_flock(fs, lock)? {
            Some(fd) => Ok(Held::by(fd)),
            None => Err(AcquireError::Busy),
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        let fd = held.fd();
        match self {
            Self::UnlockFirst => {
                let unlocked = fs.flock(fd, Operation::Unlock).map_err(CallError::when("unlock", lock));
                close_after(fs, lock, fd, unlocked.and_then(|()| record::remove(fs, lock)))
            }
            Self::CloseFirst => close_then_unlink(fs, lock, fd),
            Self::CloseLast => unlink_then_close(fs, lock, fd),
        }
    }
}
