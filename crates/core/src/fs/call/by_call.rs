//! Method calls as values: one function from calls to replies makes a file system.
//!
//! Does not depend on an implementation of [`Fs`].

use std::path::{Path, PathBuf};

use super::{Call, Reply, Value};
use crate::fs::{Errno, Fd, Flock, Fs, Mode, OpenFlags, ProcessId, RecordLock, Stat};

/// An [`Fs`] made of one function from calls to replies.
///
/// # Panics
///
/// A method panics when the function returns a value of another kind of call, which is a bug in the harness.
pub struct ByCall<F> {
    process: ProcessId,
    answer: F,
}

impl<F: Fn(Call) -> Reply> ByCall<F> {
    /// A file system for `process`. `answer` performs each call.
    pub fn new(process: ProcessId, answer: F) -> Self {
        Self { process, answer }
    }

    fn done(&self, call: Call) -> Result<(), Errno> {
        match (self.answer)(call)? {
            Value::Done => Ok(()),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn stat_of(&self, call: Call) -> Result<Stat, Errno> {
        match (self.answer)(call)? {
            Value::Stat(stat) => Ok(stat),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }
}

impl<F: Fn(Call) -> Reply> Fs for ByCall<F> {
    fn open(&self, path: &Path, flags: OpenFlags, mode: Mode) -> Result<Fd, Errno> {
        let path = path.to_owned();
        match (self.answer)(Call::Open { path, flags, mode })? {
            Value::Fd(fd) => Ok(fd),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn close(&self, fd: Fd) -> Result<(), Errno> {
        self.done(Call::Close { fd })
    }

    fn read(&self, fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno> {
        let length = buffer.len();
        match (self.answer)(Call::Read { fd, length })? {
            Value::Bytes(bytes) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn write(&self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        let bytes = bytes.to_owned();
        match (self.answer)(Call::Write { fd, bytes })? {
            Value::Count(count) => Ok(count),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn stat(&self, path: &Path) -> Result<Stat, Errno> {
        let path = path.to_owned();
        self.stat_of(Call::Stat { path })
    }

    fn fstat(&self, fd: Fd) -> Result<Stat, Errno> {
        self.stat_of(Call::Fstat { fd })
    }

    fn link(&self, existing: &Path, new: &Path) -> Result<(), Errno> {
        self.done(Call::Link {
            existing: existing.to_owned(),
            new: new.to_owned(),
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        self.done(Call::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }

    fn unlink(&self, path: &Path) -> Result<(), Errno> {
        let path = path.to_owned();
        self.done(Call::Unlink { path })
    }

    fn mkdir(&self, path: &Path, mode: Mode) -> Result<(), Errno> {
        let path = path.to_owned();
        self.done(Call::Mkdir { path, mode })
    }

    fn rmdir(&self, path: &Path) -> Result<(), Errno> {
        let path = path.to_owned();
        self.done(Call::Rmdir { path })
    }

    fn flock(&self, fd: Fd, operation: Flock) -> Result<(), Errno> {
        self.done(Call::Flock { fd, operation })
    }

    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        self.done(Call::RenameNew {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }

    fn symlink(&self, target: &Path, path: &Path) -> Result<(), Errno> {
        self.done(Call::Symlink {
            target: target.to_owned(),
            path: path.to_owned(),
        })
    }

    fn readlink(&self, path: &Path) -> Result<PathBuf, Errno> {
        let path = path.to_owned();
        match (self.answer)(Call::Readlink { path })? {
            Value::Path(target) => Ok(target),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn record_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno> {
        self.done(Call::RecordLock { fd, operation })
    }

    fn ofd_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno> {
        self.done(Call::OfdLock { fd, operation })
    }

    fn expire(&self, path: &Path) -> Result<(), Errno> {
        let path = path.to_owned();
        self.done(Call::Expire { path })
    }

    fn alive(&self, process: ProcessId) -> Result<(), Errno> {
        self.done(Call::Alive { process })
    }

    fn process(&self) -> ProcessId {
        self.process
    }

    fn fork(&self, child: &mut dyn FnMut(&dyn Fs)) -> Result<(), Errno> {
        self.done(Call::Fork)?;
        let in_child = |call| {
            let made = Box::new(call);
            (self.answer)(Call::InChild { made })
        };
        // Erases the type, because a child may fork in turn.
        let answer: &dyn Fn(Call) -> Reply = &in_child;
        child(&ByCall::new(self.process, answer));
        in_child(Call::Exit).map(drop)
    }
}
