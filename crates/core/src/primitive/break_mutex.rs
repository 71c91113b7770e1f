//! `break-mutex-blind`, `break-mutex` and `break-mutex-file`: a dead owner's lock is removed under a second lock.
//!
//! The second lock lets in one breaker at a time. That is not enough, because its decision may be out of date by then. The sound
//! variants read the lock again inside, and remove it only if it still names the same dead owner. That owner cannot return, so
//! nothing can change between the check and the removal. The second lock must be a `flock` on a file that stays: if it is a file
//! that is created, a breaker that is killed shuts out all others.

use std::path::Path;

use super::record::{self, beside};
use super::{
    AcquireError, CallError, CrashClass, Expectation, FREED_BY_A_CHILD, Held, LockPrimitive, TWO_HOLDERS, create_new,
    flock, pid_file, symlink,
};
use crate::fs::Fs;

/// Removes a dead owner's lock under a second lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakMutex {
    /// The second lock is a `flock`. The owner is not checked again under it.
    Blind,
    /// The second lock is a `flock`.
    Flock,
    /// The second lock is a file that is created exclusively.
    File,
}

impl LockPrimitive for BreakMutex {
    fn name(&self) -> &'static str {
        match self {
            Self::Blind => "break-mutex-blind",
            Self::Flock => "break-mutex",
            Self::File => "break-mutex-file",
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::Blind => "symlink(pid, L); EEXIST: readlink(L), pid is dead: flock(M), unlink(L), close(M), again",
            Self::Flock => {
                "symlink(pid, L); EEXIST: readlink(L), pid is dead: flock(M), readlink(L): the same: unlink(L); close(M), again"
            }
            Self::File => {
                "symlink(pid, L); EEXIST: readlink(L), pid is dead: open(M, O_CREAT|O_EXCL), readlink(L): the same: unlink(L); \
                 unlink(M), again"
            }
        }
    }

    fn expectation(&self) -> Expectation {
        match self {
            Self::Blind => Expectation::SeveralWinners,
            Self::Flock | Self::File => Expectation::ExactlyOneWinner,
        }
    }

    /// `Auto` after a killed holder. A killed breaker leaves the file of [`BreakMutex::File`] behind, and then no stale lock can be
    /// broken any more.
    fn crash_class(&self) -> CrashClass {
        CrashClass::Auto
    }

    fn references(&self) -> &'static [&'static str] {
        &["kill(2)", "flock(2)"]
    }

    fn violates(&self) -> &'static [&'static str] {
        match self {
            Self::Blind => TWO_HOLDERS,
            Self::Flock => FREED_BY_A_CHILD,
            // A killed breaker leaves the second lock behind.
            Self::File => &["crash-liveness", "fork-independence"],
        }
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let mutex = beside(lock, "mutex");
        pid_file::acquire(fs, lock, |dead| {
            let entered = match self {
                Self::Blind => flock::guarded(fs, &mutex, || record::remove(fs, lock)),
                Self::Flock => flock::guarded(fs, &mutex, || remove_if_of(fs, lock, dead)),
                Self::File => in_file(fs, &mutex, || remove_if_of(fs, lock, dead)),
            };
            entered?.ok_or(AcquireError::Busy)
        })
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        record::remove(fs, lock)
    }
}

/// Removes the lock if it still belongs to the dead owner.
fn remove_if_of(fs: &dyn Fs, lock: &Path, dead: &str) -> Result<(), CallError> {
    match symlink::owner(fs, lock)? {
        Some(owner) if owner == dead => record::remove(fs, lock),
        _ => Ok(()),
    }
}

/// Runs `critical` while holding the file; returns `None` when another process holds it.
fn in_file<T>(
    fs: &dyn Fs,
    mutex: &Path,
    critical: impl FnOnce() -> Result<T, CallError>,
) -> Result<Option<T>, CallError> {
    if !create_new::create(fs, mutex)? {
        return Ok(None);
    }
    let done = critical();
    let removed = record::remove(fs, mutex).inspect_err(|_| record::discard(fs, mutex));
    let done = done?;
    removed.map(|()| Some(done))
}
