//! `break-unlink` and `break-unlink-inode`: a process that finds a stale lock removes it and takes the lock.
//!
//! The decision, by the owner's pid or by the age of the file, and the removal are separate calls. Two breakers decide about the
//! same lock. The first removes it and takes the lock, and the second removes that live one. Comparing the inode number just
//! before the removal makes the window smaller but does not close it: no system call compares and removes in one step.

use std::path::Path;

use super::record::{self, TRIES};
use super::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive, TWO_HOLDERS, create_new, pid_file};
use crate::fs::Fs;

/// Removes a stale lock by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakUnlink {
    /// A lock is stale when its owner is dead. It is removed unchecked.
    Blind,
    /// A lock is stale when it is old. It is removed if the name still has the same inode number.
    SameInode,
}

impl LockPrimitive for BreakUnlink {
    fn name(&self) -> &'static str {
        match self {
            Self::Blind => "break-unlink",
            Self::SameInode => "break-unlink-inode",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Blind => "symlink(pid, L); EEXIST: readlink(L), pid is dead: unlink(L), again",
            Self::SameInode => {
                "open(L, O_CREAT|O_EXCL); close; EEXIST: stat(L), old: stat(L), the same inode: unlink(L), again"
            }
        }
    }

    fn expectation(&self) -> Expectation {
        Expectation::SeveralWinners
    }

    fn crash_class(&self) -> CrashClass {
        match self {
            Self::Blind => CrashClass::Auto,
            Self::SameInode => CrashClass::Bounded,
        }
    }

    fn references(&self) -> &'static [&'static str] {
        &["kill(2)", "dejuknow/md-redline#67"]
    }

    fn violates(&self) -> &'static [&'static str] {
        TWO_HOLDERS
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        match self {
            Self::Blind => pid_file::acquire(fs, lock, |_| Ok(record::remove(fs, lock)?)),
            Self::SameInode => acquire_by_age(fs, lock, |stale| match record::look(fs, lock)? {
                Some(now) if now.inode() == stale => record::remove(fs, lock),
                Some(_) | None => Ok(()),
            }),
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}

/// Creates the lock. Tries again when the lock disappears, or after `break_it` has broken an old one, whose inode number it gets.
pub(super) fn acquire_by_age(
    fs: &dyn Fs,
    lock: &Path,
    mut break_it: impl FnMut(u64) -> Result<(), CallError>,
) -> Result<Held, AcquireError> {
    for _ in 0..TRIES {
        if create_new::create(fs, lock)? {
            return Ok(Held::by_name());
        }
        match record::look(fs, lock)? {
            Some(found) if found.old => break_it(found.inode())?,
            Some(_) => break,
            None => {}
        }
    }
    Err(AcquireError::Busy)
}
