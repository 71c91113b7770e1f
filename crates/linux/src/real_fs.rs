//! The kernel's file system: each method makes one system call through nix.
//!
//! Descriptors are kept in a table of [`OwnedFd`]: [`RealFs::open_descriptors`] counts those that a lock forgot to close, and
//! dropping the table closes them. There is no retry and no fallback. Only size and link count of a directory are normalised
//! to 0 and 1, because file systems disagree on them.

use std::cell::RefCell;
use std::fmt;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, RenameFlags, fcntl, open, readlink, renameat, renameat2};
use nix::sys::signal::kill;
use nix::sys::stat::{UtimensatFlags, fstat, stat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Pid, UnlinkatFlags, close, getpid, linkat, mkdir, read, symlinkat, unlink, unlinkat, write};

use onewinner_core::fs::{Errno, Fd, Flock, Fs, Mode, OpenFlags, RecordLock, Stat};
use onewinner_core::id::ProcessId;

use crate::sys::convert::{self, errno};

/// A pid that no process has, for a contender that does not exist. It is larger than the kernel's largest pid
/// (`PID_MAX_LIMIT`, `include/linux/threads.h`), and different for each contender, so that a tracer knows which one is meant.
pub fn absent_pid(process: ProcessId) -> i32 {
    i32::MAX - i32::from(ProcessId::GONE.0 - process.0)
}

/// The kernel's file system, as one contender uses it.
#[derive(Debug)]
pub struct RealFs {
    descriptors: RefCell<Vec<Option<OwnedFd>>>,
    process: ProcessId,
    peers: Peers,
}

/// The pids of contenders; `None` for one that does not exist.
#[derive(Clone)]
pub struct Peers(Arc<dyn Fn(ProcessId) -> Option<i32> + Send + Sync>);

impl Peers {
    /// The pids that this function returns at each call.
    pub fn new(number: impl Fn(ProcessId) -> Option<i32> + Send + Sync + 'static) -> Self {
        Self(Arc::new(number))
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peers")
    }
}

impl Default for RealFs {
    fn default() -> Self {
        Self::new()
    }
}

impl RealFs {
    /// For a process that is the only contender, with no descriptor open.
    pub fn new() -> Self {
        // Called now, because later it would be an additional system call.
        let own = getpid().as_raw();
        Self::of(
            ProcessId(0),
            Peers::new(move |process| (process == ProcessId(0)).then_some(own)),
        )
    }

    /// For `process` among its peers, with no descriptor open.
    pub fn of(process: ProcessId, peers: Peers) -> Self {
        Self {
            descriptors: RefCell::default(),
            process,
            peers,
        }
    }

    /// The number of open descriptors.
    pub fn open_descriptors(&self) -> usize {
        self.descriptors.borrow().iter().flatten().count()
    }

    fn install(&self, descriptor: OwnedFd) -> Fd {
        let mut descriptors = self.descriptors.borrow_mut();
        let number = match descriptors.iter().position(Option::is_none) {
            Some(number) => number,
            None => {
                descriptors.push(None);
                descriptors.len() - 1
            }
        };
        descriptors[number] = Some(descriptor);
        Fd(u32::try_from(number).expect("the kernel allows fewer than 2^32 descriptors"))
    }

    fn with<T>(&self, fd: Fd, call: impl FnOnce(&OwnedFd) -> nix::Result<T>) -> Result<T, Errno> {
        let descriptors = self.descriptors.borrow();
        let descriptor = descriptors.get(fd.0 as usize).and_then(Option::as_ref);
        call(descriptor.ok_or(Errno::EBADF)?).map_err(errno)
    }
}

impl Fs for RealFs {
    fn open(&self, path: &Path, flags: OpenFlags, mode: Mode) -> Result<Fd, Errno> {
        let descriptor = open(path, convert::open_flags(flags), convert::mode(mode)).map_err(errno)?;
        Ok(self.install(descriptor))
    }

    /// Not by dropping the [`OwnedFd`], which would swallow the error and, in debug builds, add an `fcntl`.
    fn close(&self, fd: Fd) -> Result<(), Errno> {
        let taken = self
            .descriptors
            .borrow_mut()
            .get_mut(fd.0 as usize)
            .and_then(Option::take);
        close(taken.ok_or(Errno::EBADF)?).map_err(errno)
    }

    fn read(&self, fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.with(fd, |descriptor| read(descriptor, buffer))
    }

    fn write(&self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        self.with(fd, |descriptor| write(descriptor, bytes))
    }

    fn stat(&self, path: &Path) -> Result<Stat, Errno> {
        stat(path).map(convert::stat).map_err(errno)
    }

    fn fstat(&self, fd: Fd) -> Result<Stat, Errno> {
        self.with(fd, |descriptor| fstat(descriptor)).map(convert::stat)
    }

    fn link(&self, existing: &Path, new: &Path) -> Result<(), Errno> {
        linkat(AT_FDCWD, existing, AT_FDCWD, new, AtFlags::empty()).map_err(errno)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        renameat(AT_FDCWD, from, AT_FDCWD, to).map_err(errno)
    }

    fn unlink(&self, path: &Path) -> Result<(), Errno> {
        unlink(path).map_err(errno)
    }

    fn mkdir(&self, path: &Path, mode: Mode) -> Result<(), Errno> {
        mkdir(path, convert::mode(mode)).map_err(errno)
    }

    fn rmdir(&self, path: &Path) -> Result<(), Errno> {
        unlinkat(AT_FDCWD, path, UnlinkatFlags::RemoveDir).map_err(errno)
    }

    #[expect(
        deprecated,
        reason = "its successor is a guard that unlocks when it is dropped, which is an additional call"
    )]
    fn flock(&self, fd: Fd, operation: Flock) -> Result<(), Errno> {
        self.with(fd, |descriptor| {
            nix::fcntl::flock(descriptor.as_raw_fd(), convert::flock(operation))
        })
    }

    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE).map_err(errno)
    }

    fn symlink(&self, target: &Path, path: &Path) -> Result<(), Errno> {
        symlinkat(target, AT_FDCWD, path).map_err(errno)
    }

    fn readlink(&self, path: &Path) -> Result<PathBuf, Errno> {
        readlink(path).map(PathBuf::from).map_err(errno)
    }

    fn record_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno> {
        let asked = convert::record_lock(operation);
        self.with(fd, |descriptor| fcntl(descriptor, FcntlArg::F_SETLK(&asked)).map(drop))
    }

    fn ofd_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno> {
        let asked = convert::record_lock(operation);
        self.with(fd, |descriptor| {
            fcntl(descriptor, FcntlArg::F_OFD_SETLK(&asked)).map(drop)
        })
    }

    fn expire(&self, path: &Path) -> Result<(), Errno> {
        let then = TimeSpec::new(0, 0);
        let follow = UtimensatFlags::FollowSymlink;
        utimensat(AT_FDCWD, path, &then, &then, follow).map_err(errno)
    }

    fn alive(&self, process: ProcessId) -> Result<(), Errno> {
        let number = (self.peers.0)(process).unwrap_or_else(|| absent_pid(process));
        kill(Pid::from_raw(number), None).map_err(errno)
    }

    fn process(&self) -> ProcessId {
        self.process
    }
}
