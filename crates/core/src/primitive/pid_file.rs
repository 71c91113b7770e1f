//! `pid-file`: the lock names its owner, and an attempt that finds it checks whether the owner is alive.
//!
//! The lock is busy even if its owner is dead, so that a person must remove it. The `break-…` locks begin like this one and show
//! what happens when a process removes it. That `kill(pid, 0)` finds no process proves something only within one PID namespace on
//! one host, and while pids are not reused (osquery/osquery#7796, getpaseo/paseo#5128). `EPERM` means that the process exists
//! ([kill(2)](https://man7.org/linux/man-pages/man2/kill.2.html)).

use std::path::Path;

use super::record::{self, TRIES};
use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, symlink};
use crate::fs::Fs;

/// A lock that names its owner. Only a person breaks it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PidFile;

impl LockPrimitive for PidFile {
    fn name(&self) -> &'static str {
        "pid-file"
    }

    fn protocol(&self) -> &'static str {
        "symlink(pid, L); EEXIST: readlink(L); kill(pid, 0): busy, dead or alive"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn references(&self) -> &'static [&'static str] {
        &[
            "kill(2)",
            "osquery/osquery#7796",
            "getpaseo/paseo#5128",
            "Intrect-io/OpenSwarm#428",
            "im-ian/acorn#199",
        ]
    }

    fn violates(&self) -> &'static [&'static str] {
        FREED_BY_A_CHILD
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        acquire(fs, lock, |_| Err(AcquireError::Busy))
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}

/// Publishes the record of the calling process. Tries again when the lock disappears, or after `break_it` has broken the lock of a
/// dead owner, whose record it gets.
pub(super) fn acquire(
    fs: &dyn Fs,
    lock: &Path,
    mut break_it: impl FnMut(&str) -> Result<(), AcquireError>,
) -> Result<Held, AcquireError> {
    for _ in 0..TRIES {
        if symlink::publish(fs, lock)? {
            return Ok(Held::by_name());
        }
        let Some(owner) = symlink::owner(fs, lock)? else {
            continue;
        };
        if record::is_alive(fs, &owner, lock)? {
            break;
        }
        break_it(&owner)?;
    }
    Err(AcquireError::Busy)
}
