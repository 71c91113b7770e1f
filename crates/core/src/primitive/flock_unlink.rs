//! `flock-unlink-…`: a kernel lock on a file that the release removes, in the three orders in which that can be done.
//!
//! A process that has opened the file before it was removed locks an inode that no name leads to, and the next one makes a new
//! file and locks that: two locks, two holders. In no order of the release does that help: only whoever has locked can find
//! out that it locked a dead file (`flock-nlink`). On NFS the removal shows as ESTALE (derpston/python-simpleflock#9).

use std::path::Path;

use super::flock::{close_after, close_then_unlink, try_flock, unlink_then_close};
use super::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive, TWO_HOLDERS, record};
use crate::fs::{Flock as Operation, Fs};

/// A kernel lock on a file that is removed by the release, which nobody checks; by the order of the release.
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
