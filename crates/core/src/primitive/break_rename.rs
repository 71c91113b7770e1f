//! `break-rename…`: a stale lock is moved aside, which only one process can do.
//!
//! Only one can move *that* lock. A second breaker moves the lock that the first has taken meanwhile, which is live. The four
//! locks of this file remove it, leave it aside, or put it back. While it is aside, the name is free and a third process can take
//! it (tox-dev/filelock#637). On a file system that reuses inode numbers, the number does not even show that the lock is live.

use std::path::Path;

use super::break_unlink::acquire_by_age;
use super::record::{self, beside, own};
use super::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive, TWO_HOLDERS, pid_file, symlink};
use crate::fs::{Errno, Fs};

/// Moves a stale lock aside. The variants differ in what they do with a lock that turns out to be live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakRename {
    /// It is removed unchecked.
    Blind,
    /// It stays aside.
    Leave,
    /// It is put back. A lock is stale when its owner is dead, and is recognised by its record.
    Restore,
    /// It is put back. A lock is stale when it is old, and is recognised by its inode number.
    RestoreInode,
}

impl LockPrimitive for BreakRename {
    fn name(&self) -> &'static str {
        match self {
            Self::Blind => "break-rename",
            Self::Leave => "break-rename-leave",
            Self::Restore => "break-rename-restore",
            Self::RestoreInode => "break-rename-restore-inode",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Blind => "symlink(pid, L); EEXIST: readlink(L), pid is dead: rename(L, X), unlink(X), again",
            Self::Leave => {
                "symlink(pid, L); EEXIST: readlink(L), pid is dead: rename(L, X), readlink(X): the same: unlink(X); again"
            }
            Self::Restore => {
                "symlink(pid, L); EEXIST: readlink(L), pid is dead: rename(L, X), readlink(X): the same: unlink(X), again; \
                 another: rename(X, L)"
            }
            Self::RestoreInode => {
                "open(L, O_CREAT|O_EXCL); close; EEXIST: stat(L), old: rename(L, X), stat(X): the same inode: unlink(X), again; \
                 another: rename(X, L)"
            }
        }
    }

    fn expectation(&self) -> Expectation {
        Expectation::SeveralWinners
    }

    fn crash_class(&self) -> CrashClass {
        match self {
            Self::Blind | Self::Leave | Self::Restore => CrashClass::Auto,
            Self::RestoreInode => CrashClass::Bounded,
        }
    }

    fn references(&self) -> &'static [&'static str] {
        &["rename(2)", "tox-dev/filelock#637"]
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::Blind | Self::Leave => TWO_HOLDERS,
            // A lock that is put back late may exist although its holder has released it.
            Self::Restore | Self::RestoreInode => {
                &["mutual-exclusion", "only-own", "release-frees", "fork-independence"]
            }
        }
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        match self {
            Self::RestoreInode => acquire_by_age(fs, lock, |inode| self.break_it(fs, lock, Identity::Inode(inode))),
            _ => pid_file::acquire(fs, lock, |owner| {
                Ok(self.break_it(fs, lock, Identity::Record(owner))?)
            }),
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}

/// How a moved lock is compared with the one that was found to be stale.
enum Identity<'a> {
    Record(&'a str),
    Inode(u64),
}

impl BreakRename {
    fn break_it(self, fs: &dyn Fs, lock: &Path, stale: Identity<'_>) -> Result<(), CallError> {
        let aside = beside(lock, &format!("{}.stale", own(fs)));
        match fs.rename(lock, &aside) {
            Ok(()) => {}
            // Another process was faster.
            Err(Errno::ENOENT) => return Ok(()),
            Err(errno) => return Err(CallError::when("move", lock)(errno)),
        }
        if self == Self::Blind || stale.is_that_of(fs, &aside)? {
            return record::remove(fs, &aside);
        }
        match self {
            Self::Restore | Self::RestoreInode => fs.rename(&aside, lock).map_err(CallError::when("put back", lock)),
            Self::Blind | Self::Leave => Ok(()),
        }
    }
}

impl Identity<'_> {
    fn is_that_of(&self, fs: &dyn Fs, moved: &Path) -> Result<bool, CallError> {
        match self {
            Self::Record(owner) => Ok(symlink::owner(fs, moved)?.as_deref() == Some(owner)),
            Self::Inode(inode) => match fs.stat(moved) {
                Ok(stat) => Ok(stat.inode() == *inode),
                Err(errno) => Err(CallError::when("look at", moved)(errno)),
            },
        }
    }
}
