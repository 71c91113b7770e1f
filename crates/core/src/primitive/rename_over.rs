//! `rename-over` and `rename-over-read-back`: checks that the name of the lock is free, then renames a prepared file to it.
//!
//! `rename` replaces an existing file and does not fail because of it
//! ([rename(2)](https://man7.org/linux/man-pages/man2/rename.2.html)). Only the check before it excludes anybody, as in
//! `stat-then-write`. Reading the record back finds the last writer, but an earlier one may already have read its own record.

use std::path::Path;

use super::{AcquireError, CallError, Expectation, Held, LockPrimitive, record};
use crate::fs::Fs;

/// A rename that is mistaken for an exclusive create. Both variants are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenameOver {
    /// A successful rename acquires the lock.
    Blind,
    /// Reading its own record back acquires the lock.
    ReadBack,
}

impl LockPrimitive for RenameOver {
    fn name(&self) -> &'static str {
        match self {
            Self::Blind => "rename-over",
            Self::ReadBack => "rename-over-read-back",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Blind => "stat(L); write T; rename(T, L)",
            Self::ReadBack => "stat(L); write T; rename(T, L); read L: own record",
        }
    }

    fn expectation(&self) -> Expectation {
        Expectation::SeveralWinners
    }

    fn references(&self) -> &'static [&'static str] {
        &["rename(2)"]
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::Blind => &[
                "at-most-one-winner",
                "mutual-exclusion",
                "only-own",
                "fork-independence",
            ],
            // It does not know whether a lock that it cannot read is its own, so it leaves that lock there.
            Self::ReadBack => &[
                "at-most-one-winner",
                "mutual-exclusion",
                "only-own",
                "no-leak",
                "fork-independence",
            ],
        }
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        if record::look(fs, lock)?.is_some() {
            return Err(AcquireError::Busy);
        }
        let prepared = record::write_private(fs, lock)?;
        fs.rename(&prepared, lock).map_err(|errno| {
            record::discard(fs, &prepared);
            CallError::when("take", lock)(errno)
        })?;
        let own = || Some(record::own(fs));
        match self {
            Self::ReadBack if record::read(fs, lock)? != own() => Err(AcquireError::Busy),
            Self::Blind | Self::ReadBack => Ok(Held::by_name()),
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}
