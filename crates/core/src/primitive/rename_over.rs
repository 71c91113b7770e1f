//! `rename-over` and `rename-over-read-back`: a prepared file is moved to the lock's name, if that is free.
//!
//! `rename` replaces what stands there and never fails because of it
//! ([rename(2)](https://man7.org/linux/man-pages/man2/rename.2.html)): the look before it is all that excludes anybody, as in
//! `stat-then-write`. To read the record back afterwards tells who came last, and whoever came before has read its own.

use std::path::Path;

use super::{AcquireError, CallError, Expectation, Held, LockPrimitive, record};
use crate::fs::Fs;

/// A rename taken for an exclusive create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenameOver {
    /// Whose rename succeeds has the lock.
    Blind,
    /// Who then reads its own record has it.
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
            // Whether a lock that cannot be read is its own it does not know.
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
