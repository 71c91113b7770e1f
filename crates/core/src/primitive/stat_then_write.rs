//! `stat-then-write`: the bug that onewinner was written for, unchanged.
//!
//! Two processes that pass the `stat` together both create the file, and both believe that they hold the lock. Control runs use
//! it: a harness that does not catch it cannot be trusted.

use std::path::Path;

use super::{AcquireError, CallError, Expectation, Held, LockPrimitive, record};
use crate::fs::{Fs, Mode, OpenFlags};

/// The content of the file, which no process reads.
const RECORD: &[u8] = b"locked\n";

/// The broken lock: checks whether the file exists, and writes it if not.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatThenWrite;

impl LockPrimitive for StatThenWrite {
    fn name(&self) -> &'static str {
        "stat-then-write"
    }

    fn protocol(&self) -> &'static str {
        "stat(L); open(L, O_CREAT|O_TRUNC); write; close"
    }

    fn expectation(&self) -> Expectation {
        Expectation::SeveralWinners
    }

    fn violates(&self) -> &'static [&'static str] {
        &[
            "at-most-one-winner",
            "mutual-exclusion",
            "only-own",
            "no-leak",
            "fork-independence",
        ]
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        if record::look(fs, lock)?.is_some() {
            return Err(AcquireError::Busy);
        }
        let fd = fs
            .open(lock, OpenFlags::OVERWRITE, Mode::FILE)
            .map_err(CallError::when("create", lock))?;
        // As in the original: a failed write leaves the file behind, so the lock is taken and has no holder.
        let written = fs.write(fd, RECORD);
        fs.close(fd).map_err(CallError::when("close", lock))?;
        written.map_err(CallError::when("write", lock))?;
        Ok(Held::by_name())
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}
