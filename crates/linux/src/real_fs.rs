//! The kernel's file system: each method is the bare system call, through nix, and nothing else.
//!
//! Descriptors are kept in a table of [`OwnedFd`], so that a lock that forgets one is seen by
//! [`RealFs::open_descriptors`] and the kernel gets it back in the end. Deliberately adds no retry, no fallback and no
//! normalisation but one: size and link count of a directory, on which file systems disagree, read as 0 and 1.

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

/// A number that no process has, for a contender that is not there: they are larger than the kernel's largest
/// (`PID_MAX_LIMIT`, `include/linux/threads.h`), and one for each, so that a tracer can tell who is asked about.
pub fn absent_pid(process: ProcessId) -> i32 {
    i32::MAX - i32::from(ProcessId::GONE.0 - process.0)
}

/// The file system of the machine, as one contender uses it.
#[derive(Debug)]
pub struct RealFs {
    descriptors: RefCell<Vec<Option<OwnedFd>>>,
    process: ProcessId,
    peers: Peers,
}

/// The kernel's numbers of contenders; `None` for one that is not there.
#[derive(Clone)]
pub struct Peers(Arc<dyn Fn(ProcessId) -> Option<i32> + Send + Sync>);

impl Peers {
    /// As this function tells, whenever it is asked.
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
    /// With no descriptor open; this process is the first contender, and there is no other.
    pub fn new() -> Self {
        // Asked now, because it would be a call of its own.
        let own = getpid().as_raw();
        Self::of(
            ProcessId(0),
            Peers::new(move |process| (process == ProcessId(0)).then_some(own)),
        )
    }

    /// With no descriptor open, for `process` among its peers.
    pub fn of(process: ProcessId, peers: Peers) -> Self {
        Self {
            descriptors: RefCell::default(),
            process,
            peers,
        }
    }

    /// How many descriptors are open.
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
        reason = "its successor is a guard that unlocks when it is dropped: a call of its own"
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
