//! `link`: the name of the lock becomes a second hard link to a prepared file with the owner's record.
//!
//! This is the protocol for network file systems ([open(2)](https://man7.org/linux/man-pages/man2/open.2.html), `O_EXCL`). If a
//! reply is lost and the request is repeated, the winner may get `EEXIST`. So the link count of its own file decides, not the
//! result of `link`. On a file system without hard links `link` returns `EPERM`, which is an error and not *busy*
//! (uutils/shadow#240).

use std::path::Path;

use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, record};
use crate::fs::{Errno, Fs};

/// A hard link to a file that is complete before the lock exists.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link;

impl LockPrimitive for Link {
    fn name(&self) -> &'static str {
        "link"
    }

    fn protocol(&self) -> &'static str {
        "open(T, O_CREAT|O_EXCL); write owner; close; link(T, L); stat(T): 2 links; unlink(T)"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn references(&self) -> &'static [&'static str] {
        &[
            "open(2), O_EXCL and NFS",
            "miquels/liblockfile:lockfile.c",
            "uutils/shadow#240",
        ]
    }

    fn violates(&self) -> &'static [&'static str] {
        FREED_BY_A_CHILD
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let prepared = record::write_private(fs, lock)?;
        let linked = fs.link(&prepared, lock);
        let ours = match fs.stat(&prepared) {
            Ok(stat) => stat.links == 2,
            Err(errno) => {
                withdraw(fs, lock, &prepared, linked.is_ok());
                return Err(CallError::when("look at", &prepared)(errno).into());
            }
        };
        if let Err(error) = record::remove(fs, &prepared) {
            withdraw(fs, lock, &prepared, ours);
            return Err(error.into());
        }
        match linked {
            _ if ours => Ok(Held::by_name()),
            // The link was created and is already removed again.
            Ok(()) | Err(Errno::EEXIST) => Err(AcquireError::Busy),
            Err(errno) => Err(CallError::when("take", lock)(errno).into()),
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}

/// Removes what a failed attempt created.
fn withdraw(fs: &dyn Fs, lock: &Path, prepared: &Path, ours: bool) {
    if ours {
        record::discard(fs, lock);
    }
    record::discard(fs, prepared);
}
