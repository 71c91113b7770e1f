//! `absent-as-stale` and `absent-retry`: what an attempt does when the lock existed and is now gone.
//!
//! An attempt that gets `EEXIST` and then finds no lock has met one that was just released. `absent-as-stale` takes it for
//! stale and removes whatever was created since. Two processes do not show the bug; with three, two get in without any crash.

use std::path::Path;

use super::record::{self, TRIES};
use super::{AcquireError, CallError, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, TWO_HOLDERS, create_new};
use crate::fs::Fs;

/// An exclusive create. The variants differ in what an absent lock means after `EEXIST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// It is stale: remove it.
    Stale,
    /// It was released: try again.
    Retry,
}

impl LockPrimitive for Absent {
    fn name(&self) -> &'static str {
        match self {
            Self::Stale => "absent-as-stale",
            Self::Retry => "absent-retry",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Stale => "open(L, O_CREAT|O_EXCL); close; EEXIST: stat(L), ENOENT: unlink(L), again",
            Self::Retry => "open(L, O_CREAT|O_EXCL); close; EEXIST: stat(L), ENOENT: again",
        }
    }

    fn expectation(&self) -> Expectation {
        match self {
            Self::Stale => Expectation::SeveralWinners,
            Self::Retry => Expectation::ExactlyOneWinner,
        }
    }

    fn references(&self) -> &'static [&'static str] {
        &["open(2), O_EXCL"]
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::Stale => TWO_HOLDERS,
            Self::Retry => FREED_BY_A_CHILD,
        }
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        for _ in 0..TRIES {
            if create_new::create(fs, lock)? {
                return Ok(Held::by_name());
            }
            match record::look(fs, lock)? {
                Some(_) => break,
                None if *self == Self::Stale => record::remove(fs, lock)?,
                None => {}
            }
        }
        Err(AcquireError::Busy)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}
