//! `flock-nlink`, `flock-same-inode`, `flock-half-fix` and `flock-tombstone`: a kernel lock on a file that the release removes,
//! and whoever has locked looks whether it locked the file that the name leads to.
//!
//! Sound are those that remove the name while they hold the lock: nobody has the inode then, and whoever locks it later finds
//! that it has no name (`fstat`, no link) or that the name leads elsewhere (`stat`). The inode number is safe here although
//! file systems use it again, because the open descriptor pins the inode. The half fix checks and then removes the name when
//! it no longer holds the lock. The tombstone marks the dead file after the removal, and may be killed in between.

use std::path::Path;

use super::flock::{close_after, close_then_unlink, try_flock, unlink_then_close};
use super::record::{self, TRIES};
use super::{AcquireError, CallError, CrashClass, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, TWO_HOLDERS};
use crate::fs::{Fd, Fs};

/// A kernel lock on a file that is removed by the release, by what the acquisition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlockChecked {
    /// Whether the locked file has a name.
    LinkCount,
    /// Whether the name leads to the locked file.
    SameInode,
    /// As [`LinkCount`](Self::LinkCount); the release removes the name after it has given the lock back.
    HalfFix,
    /// Whether somebody has written that it is dead.
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
                    // The first error is the one to tell.
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
