//! `flock-nlink`, `flock-same-inode`, `flock-half-fix` and `flock-tombstone`: a kernel lock on a file that the release removes.
//! After locking, the process checks that it has locked the file that the name refers to.
//!
//! It is sound to remove the name while holding the lock. A process that locks the old inode later finds that it has no link
//! (`fstat`) or that the name refers to another inode (`stat`). Comparing inode numbers is safe here although file systems reuse
//! them, because the open descriptor keeps the inode. The half fix checks too, but removes the name after it has released the
//! lock. The tombstone marks the removed file as dead, and may be killed in between.

use std::path::Path;

use super::flock::{close_after, close_then_unlink, try_flock, unlink_then_close};
use super::record::{self, TRIES};
use super::{AcquireError, CallError, CrashClass, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, TWO_HOLDERS};
use crate::fs::{Fd, Fs};

/// A kernel lock on a file that the release removes. The variants differ in what the acquisition checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlockChecked {
    /// Whether the locked file has a name.
    LinkCount,
    /// Whether the name refers to the locked file.
    SameInode,
    /// As [`LinkCount`](Self::LinkCount), but the release removes the name after it has released the lock.
    HalfFix,
    /// Whether the file is marked as dead.
    Tombstone,
}

impl LockPrimitive for FlockChecked {
    fn name(&self) -> &'static str {
        match self {
            Self::LinkCount => "flock-nlink",
            Self::SameInode => "flock-same-inode",
            Self::HalfFix => "flock-half-fix",
            Self::Tombstone => "flock-tombstone",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::LinkCount => {
                "open(L, O_CREAT); flock(LOCK_EX|LOCK_NB); fstat: no link: close, again; release: unlink(L); close"
            }
            Self::SameInode => {
                "open(L, O_CREAT); flock(LOCK_EX|LOCK_NB); fstat; stat(L): another: close, again; release: unlink(L); close"
            }
            Self::HalfFix => {
                "open(L, O_CREAT); flock(LOCK_EX|LOCK_NB); fstat: no link: close, again; release: close; unlink(L)"
            }
            Self::Tombstone => {
                "open(L, O_CREAT); flock(LOCK_EX|LOCK_NB); fstat: not empty: close, again; release: unlink(L); write; close"
            }
        }
    }

    fn expectation(&self) -> Expectation {
        match self {
            Self::LinkCount | Self::SameInode => Expectation::ExactlyOneWinner,
            Self::HalfFix | Self::Tombstone => Expectation::SeveralWinners,
        }
    }

    fn crash_class(&self) -> CrashClass {
        CrashClass::Auto
    }

    fn references(&self) -> &'static [&'static str] {
        &["flock(2)", "stat(2), st_nlink and st_ino", "gentoo/portage#408"]
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::LinkCount | Self::SameInode => FREED_BY_A_CHILD,
            Self::HalfFix | Self::Tombstone => TWO_HOLDERS,
        }
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        for _ in 0..TRIES {
            let Some(fd) = try_flock(fs, lock)? else {
                break;
            };
            match self.is_current(fs, lock, fd) {
                Ok(true) => return Ok(Held::by(fd)),
                Ok(false) => fs.close(fd).map_err(CallError::when("close", lock))?,
                Err(error) => {
                    // The user must see the first error.
                    let _ = fs.close(fd);
                    return Err(error.into());
                }
            }
        }
        Err(AcquireError::Busy)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        let fd = held.fd();
        match self {
            Self::LinkCount | Self::SameInode => unlink_then_close(fs, lock, fd),
            Self::HalfFix => close_then_unlink(fs, lock, fd),
            Self::Tombstone => {
                let removed = record::remove(fs, lock);
                let marked = removed.and_then(|()| fs.write(fd, b"d").map_err(CallError::when("write", lock)));
                close_after(fs, lock, fd, marked.map(|_| ()))
            }
        }
    }
}

impl FlockChecked {
    /// Whether the locked file is the one that the next process will lock.
    fn is_current(self, fs: &dyn Fs, lock: &Path, fd: Fd) -> Result<bool, CallError> {
        let locked = fs.fstat(fd).map_err(CallError::when("look at", lock))?;
        match self {
            Self::LinkCount | Self::HalfFix => Ok(locked.links > 0),
            Self::Tombstone => Ok(locked.size == 0),
            Self::SameInode => {
                let named = record::look(fs, lock)?;
                Ok(named.is_some_and(|named| named.inode() == locked.inode()))
            }
        }
    }
}
