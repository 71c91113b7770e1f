//! `rename-new`: renames a prepared file to the name of the lock, unless that name exists.
//!
//! `RENAME_NOREPLACE` checks and renames in one step
//! ([renameat2(2)](https://man7.org/linux/man-pages/man2/renameat2.2.html); `fs/namei.c`, `vfs_rename` under the locks of both
//! directories), so the record is complete as soon as the lock exists. A file system without the flag returns `EINVAL`, which is
//! an error and not *busy* (ZFS: untitaker/rust-atomicwrites#64).

use std::path::Path;

use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, record};
use crate::fs::{Errno, Fs};

/// A rename that does not replace an existing lock.
#[derive(Clone, Copy, Debug, Default)]
pub struct RenameNew;

impl LockPrimitive for RenameNew {
    fn name(&self) -> &'static str {
        "rename-new"
    }

    fn protocol(&self) -> &'static str {
        "write T; renameat2(T, L, RENAME_NOREPLACE)"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn references(&self) -> &'static [&'static str] {
        &["renameat2(2), RENAME_NOREPLACE", "untitaker/rust-atomicwrites#64"]
    }

    fn violates(&self) -> &'static [&'static str] {
        FREED_BY_A_CHILD
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let prepared = record::write_private(fs, lock)?;
        match fs.rename_new(&prepared, lock) {
            Ok(()) => Ok(Held::by_name()),
            Err(Errno::EEXIST) => {
                record::remove(fs, &prepared).inspect_err(|_| record::discard(fs, &prepared))?;
                Err(AcquireError::Busy)
            }
            Err(errno) => {
                record::discard(fs, &prepared);
                Err(CallError::when("take", lock)(errno).into())
            }
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}
