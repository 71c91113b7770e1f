//! The file system as a lock sees it: one method is one system call.
//!
//! | implementation | what performs the calls | file |
//! |---|---|---|
//! | [`sim::State`] behind [`call::ByCall`] | the simulated kernel, a pure state machine | `sim/` |
//! | [`loom::Modelled`] | the simulated kernel, with each call announced to loom | `loom.rs` |
//! | [`call::ByCall`] | any function from [`call::Call`] to [`call::Reply`]: coroutines, loom, decorators | `call/` |
//!
//! Does not depend on locks, schedules or processes.

pub mod call;
mod errno;
pub mod inject;
mod inode_watch;
#[cfg(feature = "loom")]
pub mod loom;
pub mod sim;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use crate::id::ProcessId;
pub use errno::Errno;
pub use inode_watch::InodeWatch;

/// A file descriptor of one process: the lowest free number, counted from 0 in each [`Fs`].
///
/// It is valid only in that `Fs`. It is not a descriptor of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fd(pub u32);

impl fmt::Display for Fd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fd {}", self.0)
    }
}

/// The flags of [`Fs::open`]; [open(2)](https://man7.org/linux/man-pages/man2/open.2.html).
///
/// `O_CLOEXEC` is always set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpenFlags {
    /// `O_RDONLY`, `O_WRONLY` or `O_RDWR`.
    pub access: AccessMode,
    /// Whether an absent file is created, and whether an existing one is an error.
    pub create: Create,
    /// `O_TRUNC`: an existing file is truncated to length 0.
    pub truncate: bool,
    /// `O_APPEND`: each write goes to the end of the file.
    pub append: bool,
}

impl OpenFlags {
    /// `O_RDONLY`.
    pub const READ: Self = Self {
        access: AccessMode::Read,
        create: Create::Never,
        truncate: false,
        append: false,
    };
    /// `O_WRONLY`.
    pub const WRITE: Self = Self {
        access: AccessMode::Write,
        ..Self::READ
    };
    /// `O_WRONLY | O_CREAT | O_TRUNC`: the flags of `std::fs::write`.
    pub const OVERWRITE: Self = Self {
        create: Create::IfAbsent,
        truncate: true,
        ..Self::WRITE
    };
    /// `O_WRONLY | O_CREAT | O_EXCL`: creates the file, or fails if the name exists.
    pub const CREATE_NEW: Self = Self {
        create: Create::Exclusively,
        ..Self::WRITE
    };
    /// `O_WRONLY | O_CREAT | O_APPEND`.
    pub const APPEND: Self = Self {
        create: Create::IfAbsent,
        append: true,
        ..Self::WRITE
    };
}

/// As C constants: `O_WRONLY|O_CREAT|O_EXCL`.
impl fmt::Display for OpenFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.access {
            AccessMode::Read => "O_RDONLY",
            AccessMode::Write => "O_WRONLY",
            AccessMode::ReadWrite => "O_RDWR",
        })?;
        f.write_str(match self.create {
            Create::Never => "",
            Create::IfAbsent => "|O_CREAT",
            Create::Exclusively => "|O_CREAT|O_EXCL",
        })?;
        if self.truncate {
            f.write_str("|O_TRUNC")?;
        }
        if self.append {
            f.write_str("|O_APPEND")?;
        }
        Ok(())
    }
}

/// The access mode of [`OpenFlags`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessMode {
    /// `O_RDONLY`.
    Read,
    /// `O_WRONLY`.
    Write,
    /// `O_RDWR`.
    ReadWrite,
}

/// Whether [`Fs::open`] creates a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Create {
    /// Neither `O_CREAT` nor `O_EXCL`: an absent name fails with `ENOENT`.
    Never,
    /// `O_CREAT`: an absent file is created, an existing one is opened.
    IfAbsent,
    /// `O_CREAT | O_EXCL`: an existing name fails with `EEXIST`.
    Exclusively,
}

/// The permission bits of a new file or directory, before the umask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mode(pub u16);

impl Mode {
    /// `rw-r--r--`, for files.
    pub const FILE: Self = Self(0o644);
    /// `rwxr-xr-x`, for directories.
    pub const DIRECTORY: Self = Self(0o755);
}

/// The operation of [`Fs::flock`]; [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html).
///
/// The lock belongs to the open file description. A second `open` of the file makes a second description, also in the same
/// process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flock {
    /// `LOCK_EX | LOCK_NB`: takes the exclusive lock, or fails with `EAGAIN`.
    TryExclusive,
    /// `LOCK_EX`: waits for the exclusive lock.
    Exclusive,
    /// `LOCK_SH | LOCK_NB`: takes a shared lock, or fails with `EAGAIN`.
    TryShared,
    /// `LOCK_SH`: waits for a shared lock.
    Shared,
    /// `LOCK_UN`: releases the lock.
    Unlock,
}

/// As C constants: `LOCK_EX|LOCK_NB`.
impl fmt::Display for Flock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TryExclusive => "LOCK_EX|LOCK_NB",
            Self::Exclusive => "LOCK_EX",
            Self::TryShared => "LOCK_SH|LOCK_NB",
            Self::Shared => "LOCK_SH",
            Self::Unlock => "LOCK_UN",
        })
    }
}

/// The operation of [`Fs::record_lock`] and [`Fs::ofd_lock`], on the whole file and without waiting;
/// [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordLock {
    /// `F_WRLCK`: takes the exclusive lock, or fails with `EAGAIN`.
    TryExclusive,
    /// `F_RDLCK`: takes a shared lock, or fails with `EAGAIN`.
    TryShared,
    /// `F_UNLCK`: releases the lock.
    Unlock,
}

/// As a C constant: `F_WRLCK`.
impl fmt::Display for RecordLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TryExclusive => "F_WRLCK",
            Self::TryShared => "F_RDLCK",
            Self::Unlock => "F_UNLCK",
        })
    }
}

/// The age, in seconds, above which a file counts as old: see [`Stat::old`].
pub const OLD_S: u64 = 600;

/// The type of an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link. Only listings contain it, because `stat` follows links.
    Symlink,
    /// Anything else, such as a socket. The simulated file system has none.
    Other,
}

/// The result of `stat` and `fstat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stat {
    /// The type.
    pub kind: FileKind,
    /// The size in bytes; meaningless for a directory.
    pub size: u64,
    /// The number of hard links; meaningless for a directory, because file systems count differently.
    pub links: u64,
    /// The inode number: see [`Stat::inode`].
    inode: u64,
    /// Whether the last change is more than [`OLD_S`] ago, by the clock of the machine; meaningless for a directory.
    ///
    /// A bit instead of the time, so that a scheduler can choose it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub old: bool,
    /// Notified when the inode number is read.
    #[serde(skip)]
    watch: InodeWatch,
}

impl Stat {
    /// Attributes with these values.
    pub fn new(kind: FileKind, size: u64, links: u64, inode: u64, old: bool) -> Self {
        Self {
            kind,
            size,
            links,
            inode,
            old,
            watch: InodeWatch::default(),
        }
    }

    /// The inode number.
    ///
    /// It does not identify a file over time: some file systems reuse the number of a removed file immediately. If the file
    /// system has an [`InodeWatch`], this call notifies it.
    pub fn inode(&self) -> u64 {
        self.watch.notify();
        self.inode
    }

    /// The same attributes with another inode number.
    #[must_use]
    pub fn with_inode(self, inode: u64) -> Self {
        Self { inode, ..self }
    }
}

/// As in a trace: `file, 7 bytes, 1 link`, and `, old` if it is.
impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |number| if number == 1 { "" } else { "s" };
        match self.kind {
            FileKind::Directory => f.write_str("directory"),
            FileKind::Symlink => f.write_str("symbolic link"),
            FileKind::Other => f.write_str("neither file nor directory"),
            FileKind::File => {
                let Self { size, links, .. } = *self;
                write!(f, "file, {size} byte{}, {links} link{}", plural(size), plural(links))?;
                f.write_str(if self.old { ", old" } else { "" })
            }
        }
    }
}

/// The system calls on files that one process can make.
///
/// A lock primitive gets `&dyn Fs` and cannot tell whether the kernel, a simulation or loom performs its calls. One process
/// uses one value, and calls its methods one after another.
///
/// Duties of an implementer:
///
/// 1. One method performs exactly one system call and never retries. The caller handles `EINTR`, short reads and short writes.
/// 2. The call is atomic with respect to every other process on the same file system.
/// 3. Descriptors are the lowest free number, per value of the implementing type.
/// 4. Errors are those of the kernel. Where file systems differ, as for `rename` over a full directory, any of theirs may occur.
///
/// It must not panic or print, and keeps nothing between calls except the descriptors.
///
/// Not guaranteed: that a path is resolved atomically. The kernel walks it component by component; an implementer may resolve it
/// in one step.
///
/// ```
/// use std::path::Path;
/// use onewinner_core::fs::{Errno, Fs, Mode, OpenFlags, sim};
///
/// let fs = sim::alone();
/// let lock = Path::new("/lock");
/// let fd = fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE)?;
/// fs.close(fd)?;
/// assert_eq!(fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE), Err(Errno::EEXIST));
/// # Ok::<(), Errno>(())
/// ```
pub trait Fs {
    /// Opens a file, and creates it if `flags` say so: [open(2)](https://man7.org/linux/man-pages/man2/open.2.html).
    ///
    /// # Errors
    ///
    /// - `EEXIST` with [`Create::Exclusively`] when the name exists, even as a dangling symbolic link.
    /// - `ENOENT` when the file, or a directory of the path, does not exist.
    /// - `EISDIR`, `ENOTDIR`, `EINVAL` (`O_CREAT` of a directory), and others of the kernel.
    fn open(&self, path: &Path, flags: OpenFlags, mode: Mode) -> Result<Fd, Errno>;

    /// Closes a descriptor: [close(2)](https://man7.org/linux/man-pages/man2/close.2.html).
    ///
    /// The descriptor is closed even if the call fails, as on Linux. Never close it again.
    ///
    /// # Errors
    ///
    /// `EBADF` when it is not open; `EIO`, `ENOSPC`, `EDQUOT` when an earlier write fails only now.
    fn close(&self, fd: Fd) -> Result<(), Errno>;

    /// Reads at the offset of the descriptor and advances it: [read(2)](https://man7.org/linux/man-pages/man2/read.2.html).
    /// Returns the number of bytes read; 0 means end of file.
    ///
    /// # Errors
    ///
    /// `EBADF` when it is not open for reading; `EISDIR`; `EIO`.
    fn read(&self, fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Writes at the offset of the descriptor, or at the end with `O_APPEND`, and advances the offset:
    /// [write(2)](https://man7.org/linux/man-pages/man2/write.2.html). Returns the number of bytes written, which may be fewer.
    ///
    /// # Errors
    ///
    /// `EBADF` when it is not open for writing; `ENOSPC`, `EIO`, `EFBIG`.
    fn write(&self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno>;

    /// Returns the attributes of a file, following symbolic links:
    /// [stat(2)](https://man7.org/linux/man-pages/man2/stat.2.html).
    ///
    /// # Errors
    ///
    /// `ENOENT`, also for a dangling symbolic link; `ENOTDIR`; `EACCES`.
    fn stat(&self, path: &Path) -> Result<Stat, Errno>;

    /// Returns the attributes of an open file, even if it has no name any more:
    /// [fstat(2)](https://man7.org/linux/man-pages/man2/fstat.2.html).
    ///
    /// # Errors
    ///
    /// `EBADF` when it is not open.
    fn fstat(&self, fd: Fd) -> Result<Stat, Errno>;

    /// Creates a hard link `new` to the file `existing`: [link(2)](https://man7.org/linux/man-pages/man2/link.2.html).
    ///
    /// # Errors
    ///
    /// `EEXIST` when `new` exists; `ENOENT`; `EPERM` for a directory, or on a file system without hard links.
    fn link(&self, existing: &Path, new: &Path) -> Result<(), Errno>;

    /// Renames `from` to `to`, atomically replacing what exists there:
    /// [rename(2)](https://man7.org/linux/man-pages/man2/rename.2.html). If both are hard links to one inode, nothing happens
    /// and the call succeeds.
    ///
    /// # Errors
    ///
    /// - `ENOENT` when `from` does not exist.
    /// - `EISDIR`, `ENOTDIR` when a file would replace a directory or the other way round.
    /// - `ENOTEMPTY` or `EEXIST` when `to` is a directory with entries.
    /// - `EINVAL` when a directory would move into itself.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), Errno>;

    /// Removes a name: [unlink(2)](https://man7.org/linux/man-pages/man2/unlink.2.html). The file exists until its last name is
    /// removed and its last descriptor is closed.
    ///
    /// # Errors
    ///
    /// `ENOENT`; `EISDIR` for a directory (POSIX says `EPERM`).
    fn unlink(&self, path: &Path) -> Result<(), Errno>;

    /// Creates a directory: [mkdir(2)](https://man7.org/linux/man-pages/man2/mkdir.2.html).
    ///
    /// # Errors
    ///
    /// `EEXIST` when the name exists, even as a dangling symbolic link; `ENOENT` or `ENOTDIR` for a directory of the path.
    fn mkdir(&self, path: &Path, mode: Mode) -> Result<(), Errno>;

    /// Removes an empty directory: [rmdir(2)](https://man7.org/linux/man-pages/man2/rmdir.2.html).
    ///
    /// # Errors
    ///
    /// `ENOTEMPTY` (`EEXIST` on some file systems); `ENOTDIR`; `ENOENT`.
    fn rmdir(&self, path: &Path) -> Result<(), Errno>;

    /// Takes, converts or releases the `flock` lock of an open file description:
    /// [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html). Closing the last descriptor also releases it.
    ///
    /// A conversion is not atomic. It releases the old lock first, so a conversion that fails has lost the lock
    /// (`fs/locks.c`, `flock_lock_inode`).
    ///
    /// # Errors
    ///
    /// `EAGAIN` when another description holds a conflicting lock and the request does not wait; `EBADF`; `EINTR` while
    /// waiting; `ENOLCK`; more on network file systems.
    fn flock(&self, fd: Fd, operation: Flock) -> Result<(), Errno>;

    /// Renames like [`rename`](Self::rename), but fails if `to` exists: `RENAME_NOREPLACE` of
    /// [renameat2(2)](https://man7.org/linux/man-pages/man2/renameat2.2.html).
    ///
    /// # Errors
    ///
    /// `EEXIST` when `to` exists, even as a dangling symbolic link; `EINVAL` or `ENOSYS` when the file system or the kernel does
    /// not support the flag; those of `rename`.
    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), Errno>;

    /// Creates the symbolic link `path`: [symlink(2)](https://man7.org/linux/man-pages/man2/symlink.2.html). The target need not
    /// exist.
    ///
    /// # Errors
    ///
    /// `EEXIST` when the name exists; `ENOENT` for an empty target or an absent directory; `EPERM` on a file system without
    /// symbolic links.
    fn symlink(&self, target: &Path, path: &Path) -> Result<(), Errno>;

    /// Returns the target of a symbolic link: [readlink(2)](https://man7.org/linux/man-pages/man2/readlink.2.html).
    ///
    /// # Errors
    ///
    /// `EINVAL` when it is not a symbolic link; `ENOENT`.
    fn readlink(&self, path: &Path) -> Result<PathBuf, Errno>;

    /// Takes, converts or releases the record lock of this *process* on the whole file: `F_SETLK` of
    /// [fcntl(2)](https://man7.org/linux/man-pages/man2/F_SETLK.2const.html). The lock is also released when the process closes
    /// any descriptor of that inode, even one that it opened for another purpose.
    ///
    /// # Errors
    ///
    /// `EAGAIN` when another process holds a conflicting lock (POSIX also allows `EACCES`); `EBADF`, also for an exclusive lock
    /// on a descriptor that is not open for writing; `ENOLCK`.
    fn record_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno>;

    /// Takes, converts or releases the record lock of the *open file description*: `F_OFD_SETLK` of
    /// [fcntl(2)](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html). It conflicts with the record locks of all
    /// processes, including this one. Closing the last descriptor releases it.
    ///
    /// # Errors
    ///
    /// As [`record_lock`](Self::record_lock).
    fn ofd_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno>;

    /// Makes a file old, as if its last change were more than [`OLD_S`] ago:
    /// [utimensat(2)](https://man7.org/linux/man-pages/man2/utimensat.2.html). A scheduler uses it to let a lease expire.
    ///
    /// # Errors
    ///
    /// `ENOENT`; `EACCES`, `EPERM`.
    fn expire(&self, path: &Path) -> Result<(), Errno>;

    /// Succeeds if a process exists: `kill(pid, 0)`, [kill(2)](https://man7.org/linux/man-pages/man2/kill.2.html).
    ///
    /// # Errors
    ///
    /// `ESRCH` when it does not exist; `EPERM` when it exists and belongs to another user.
    fn alive(&self, process: ProcessId) -> Result<(), Errno>;

    /// The id of the calling process, in place of [getpid(2)](https://man7.org/linux/man-pages/man2/getpid.2.html). This is not
    /// a system call.
    ///
    /// It is the number of the contender, not of the kernel's process, so that file names and contents are the same in each
    /// execution.
    fn process(&self) -> ProcessId;

    /// Forks a child that has copies of all descriptors: [fork(2)](https://man7.org/linux/man-pages/man2/fork.2.html). The child
    /// runs `child` and exits, and the process waits for it. Only the simulated file system implements it.
    ///
    /// # Errors
    ///
    /// `ENOSYS` elsewhere.
    fn fork(&self, _child: &mut dyn FnMut(&dyn Fs)) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }
}
