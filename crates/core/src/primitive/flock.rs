//! `flock`: a kernel lock on a file that is never removed.
//!
//! The lock belongs to the open file description
//! ([flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html); `fs/locks.c`, `flock_lock_inode`). It is released when the
//! last copy of the descriptor is closed, so also when its holder is killed. A forked child can release it with `LOCK_UN`.
//! Rust's `File::try_lock` is the same call.

use std::path::Path;

use super::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive, record};
use crate::fs::{AccessMode, Create, Errno, Fd, Flock as Operation, Fs, Mode, OpenFlags};

/// A kernel lock on a file that is never removed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flock;

impl LockPrimitive for Flock {
    fn name(&self) -> &'static str {
        "flock"
    }

    fn protocol(&self) -> &'static str {
        "open(L, O_CREAT); flock(LOCK_EX|LOCK_NB)"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn crash_class(&self) -> CrashClass {
        CrashClass::Auto
    }

    fn references(&self) -> &'static [&'static str] {
        &[
            "flock(2)",
            "fs/locks.c, flock_lock_inode",
            "std::fs::File::try_lock",
            "realiti4/claude-swap#372",
        ]
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        match try_flock(fs, lock)? {
            Some(fd) => Ok(Held::by(fd)),
            None => Err(AcquireError::Busy),
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        fs.close(held.fd()).map_err(CallError::when("close", lock))
    }
}

/// Opens a file for reading and writing, and creates it if it is absent. Record locks need both access modes, and NFS implements
/// `flock` as a record lock.
pub(super) fn open(fs: &dyn Fs, path: &Path) -> Result<Fd, CallError> {
    let flags = OpenFlags {
        access: AccessMode::ReadWrite,
        create: Create::IfAbsent,
        ..OpenFlags::READ
    };
    fs.open(path, flags, Mode::FILE).map_err(CallError::when("open", path))
}

/// Opens and locks the file; returns `None` when another process holds the lock.
pub(super) fn try_flock(fs: &dyn Fs, path: &Path) -> Result<Option<Fd>, CallError> {
    let fd = open(fs, path)?;
    granted(fs, path, fd, fs.flock(fd, Operation::TryExclusive))
}

/// The result of a lock request that does not wait: the descriptor, or `None` when another process holds the lock.
///
/// The file is never removed, because removing it breaks this kind of lock.
pub(super) fn granted(fs: &dyn Fs, path: &Path, fd: Fd, answer: Result<(), Errno>) -> Result<Option<Fd>, CallError> {
    if answer.is_ok() {
        return Ok(Some(fd));
    }
    let closed = fs.close(fd);
    match answer {
        Ok(()) | Err(Errno::EAGAIN) => closed.map(|()| None).map_err(CallError::when("close", path)),
        Err(errno) => Err(CallError::when("lock", path)(errno)),
    }
}

/// Runs a function while holding a `flock` on a side file; returns `None` when another process holds it.
///
/// The file is never removed, and the kernel releases the lock when its holder dies. So no process is shut out forever.
pub(super) fn guarded<T>(
    fs: &dyn Fs,
    side: &Path,
    critical: impl FnOnce() -> Result<T, CallError>,
) -> Result<Option<T>, CallError> {
    match try_flock(fs, side)? {
        None => Ok(None),
        Some(fd) => closing(fs, side, fd, critical()).map(Some),
    }
}

/// The same, but waits for the lock: for a release, which must not fail because another process holds it for a moment.
pub(super) fn guarded_waiting<T>(
    fs: &dyn Fs,
    side: &Path,
    critical: impl FnOnce() -> Result<T, CallError>,
) -> Result<T, CallError> {
    let fd = open(fs, side)?;
    let locked = fs
        .flock(fd, Operation::Exclusive)
        .map_err(CallError::when("lock", side));
    closing(fs, side, fd, locked.and_then(|()| critical()))
}

fn closing<T>(fs: &dyn Fs, side: &Path, fd: Fd, done: Result<T, CallError>) -> Result<T, CallError> {
    let closed = fs.close(fd).map_err(CallError::when("close", side));
    let done = done?;
    closed.map(|()| done)
}

/// Closes the descriptor, and returns the earlier error first.
pub(super) fn close_after(fs: &dyn Fs, lock: &Path, fd: Fd, before: Result<(), CallError>) -> Result<(), CallError> {
    closing(fs, lock, fd, before)
}

/// Removes the name, then closes the descriptor.
pub(super) fn unlink_then_close(fs: &dyn Fs, lock: &Path, fd: Fd) -> Result<(), CallError> {
    close_after(fs, lock, fd, record::remove(fs, lock))
}

/// Closes the descriptor, then removes the name.
pub(super) fn close_then_unlink(fs: &dyn Fs, lock: &Path, fd: Fd) -> Result<(), CallError> {
    fs.close(fd).map_err(CallError::when("close", lock))?;
    record::remove(fs, lock)
}
