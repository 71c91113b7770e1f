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
use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno as KernelErrno;
use nix::fcntl::{
    AT_FDCWD, AtFlags, FcntlArg, FlockArg, OFlag, RenameFlags, fcntl, open, readlink, renameat, renameat2,
};
use nix::sys::signal::kill;
use nix::sys::stat::{FileStat, Mode as KernelMode, SFlag, UtimensatFlags, fstat, stat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Pid, UnlinkatFlags, close, getpid, linkat, mkdir, read, symlinkat, unlink, unlinkat, write};

use super::{AccessMode, Create, Errno, Fd, FileKind, Flock, Fs, Mode, OLD_S, OpenFlags, ProcessId, RecordLock, Stat};

/// A number that no process has, for a contender that is not there: they are larger than the kernel's largest
/// (`PID_MAX_LIMIT`, `include/linux/threads.h`), and one for each, so that a tracer can tell who is asked about.
pub fn nobody(process: ProcessId) -> i32 {
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
        call(descriptor.ok_or(Errno::EBADF)?).map_err(Errno::from)
    }
}

impl From<KernelErrno> for Errno {
    fn from(errno: KernelErrno) -> Self {
        Self::from_raw(errno as i32)
    }
}

impl From<OpenFlags> for OFlag {
    fn from(flags: OpenFlags) -> Self {
        let mut kernel = match flags.access {
            AccessMode::Read => Self::O_RDONLY,
            AccessMode::Write => Self::O_WRONLY,
            AccessMode::ReadWrite => Self::O_RDWR,
        };
        kernel |= match flags.create {
            Create::Never => Self::empty(),
            Create::IfAbsent => Self::O_CREAT,
            Create::Exclusively => Self::O_CREAT | Self::O_EXCL,
        };
        kernel.set(Self::O_TRUNC, flags.truncate);
        kernel.set(Self::O_APPEND, flags.append);
        kernel | Self::O_CLOEXEC
    }
}

impl From<Mode> for KernelMode {
    fn from(mode: Mode) -> Self {
        Self::from_bits_truncate(u32::from(mode.0))
    }
}

impl From<Flock> for FlockArg {
    fn from(operation: Flock) -> Self {
        match operation {
            Flock::TryExclusive => Self::LockExclusiveNonblock,
            Flock::Exclusive => Self::LockExclusive,
            Flock::TryShared => Self::LockSharedNonblock,
            Flock::Shared => Self::LockShared,
            Flock::Unlock => Self::Unlock,
        }
    }
}

impl From<FileStat> for Stat {
    #[cfg_attr(
        target_arch = "x86_64",
        expect(
            clippy::useless_conversion,
            reason = "link counts have 32 bits on other architectures"
        )
    )]
    fn from(told: FileStat) -> Self {
        let size = told.st_size.unsigned_abs();
        attributes(told.st_mode, size, told.st_nlink.into(), told.st_ino, told.st_mtime)
    }
}

/// The attributes of an inode, from what the kernel tells of it in whichever structure; it was last changed at `changed`, in
/// seconds since 1970.
///
/// Size and link count of a directory, on which file systems disagree, read as 0 and 1.
pub fn attributes(mode: u32, size: u64, links: u64, inode: u64, changed: i64) -> Stat {
    let (kind, size, links) = match SFlag::from_bits_truncate(mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => (FileKind::File, size, links),
        SFlag::S_IFDIR => (FileKind::Directory, 0, 1),
        _ => (FileKind::Other, size, links),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    Stat {
        kind,
        size,
        links,
        inode,
        old: kind == FileKind::File && now.saturating_sub(changed) > OLD_S.cast_signed(),
    }
}

/// The whole file.
fn whole(operation: RecordLock) -> libc::flock {
    let kind = match operation {
        RecordLock::TryExclusive => libc::F_WRLCK,
        RecordLock::TryShared => libc::F_RDLCK,
        RecordLock::Unlock => libc::F_UNLCK,
    };
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

impl Fs for RealFs {
    fn open(&self, path: &Path, flags: OpenFlags, mode: Mode) -> Result<Fd, Errno> {
        Ok(self.install(open(path, flags.into(), mode.into())?))
    }

    /// Not by dropping the [`OwnedFd`], which would swallow the error and, in debug builds, add an `fcntl`.
    fn close(&self, fd: Fd) -> Result<(), Errno> {
        let taken = self
            .descriptors
            .borrow_mut()
            .get_mut(fd.0 as usize)
            .and_then(Option::take);
        Ok(close(taken.ok_or(Errno::EBADF)?)?)
    }

    fn read(&self, fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.with(fd, |descriptor| read(descriptor, buffer))
    }

    fn write(&self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        self.with(fd, |descriptor| write(descriptor, bytes))
    }

    fn stat(&self, path: &Path) -> Result<Stat, Errno> {
        Ok(stat(path)?.into())
    }

    fn fstat(&self, fd: Fd) -> Result<Stat, Errno> {
        self.with(fd, |descriptor| fstat(descriptor)).map(Stat::from)
    }

    fn link(&self, existing: &Path, new: &Path) -> Result<(), Errno> {
        Ok(linkat(AT_FDCWD, existing, AT_FDCWD, new, AtFlags::empty())?)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        Ok(renameat(AT_FDCWD, from, AT_FDCWD, to)?)
    }

    fn unlink(&self, path: &Path) -> Result<(), Errno> {
        Ok(unlink(path)?)
    }

    fn mkdir(&self, path: &Path, mode: Mode) -> Result<(), Errno> {
        Ok(mkdir(path, mode.into())?)
    }

    fn rmdir(&self, path: &Path) -> Result<(), Errno> {
        Ok(unlinkat(AT_FDCWD, path, UnlinkatFlags::RemoveDir)?)
    }

    #[expect(
        deprecated,
        reason = "its successor is a guard that unlocks when it is dropped: a call of its own"
    )]
    fn flock(&self, fd: Fd, operation: Flock) -> Result<(), Errno> {
        self.with(fd, |descriptor| {
            nix::fcntl::flock(descriptor.as_raw_fd(), operation.into())
        })
    }

    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        Ok(renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE)?)
    }

    fn symlink(&self, target: &Path, path: &Path) -> Result<(), Errno> {
        Ok(symlinkat(target, AT_FDCWD, path)?)
    }

    fn readlink(&self, path: &Path) -> Result<PathBuf, Errno> {
        Ok(readlink(path)?.into())
    }

    fn record_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno> {
        let asked = whole(operation);
        self.with(fd, |descriptor| fcntl(descriptor, FcntlArg::F_SETLK(&asked)).map(drop))
    }

    fn ofd_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno> {
        let asked = whole(operation);
        self.with(fd, |descriptor| {
            fcntl(descriptor, FcntlArg::F_OFD_SETLK(&asked)).map(drop)
        })
    }

    fn expire(&self, path: &Path) -> Result<(), Errno> {
        let then = TimeSpec::new(0, 0);
        let follow = UtimensatFlags::FollowSymlink;
        Ok(utimensat(AT_FDCWD, path, &then, &then, follow)?)
    }

    fn alive(&self, process: ProcessId) -> Result<(), Errno> {
        let number = (self.peers.0)(process).unwrap_or_else(|| nobody(process));
        Ok(kill(Pid::from_raw(number), None)?)
    }

    fn process(&self) -> ProcessId {
        self.process
    }
}
