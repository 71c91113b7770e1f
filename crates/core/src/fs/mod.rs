//! The file system as a lock sees it: one method is one system call.
//!
//! | implementation | whose calls | file |
//! |---|---|---|
//! | [`sim::State`] behind [`call::ByCall`] | the simulated kernel's, a pure state machine | `sim/` |
//! | [`loom::Modelled`] | the simulated kernel's, announced to loom | `loom.rs` |
//! | [`call::ByCall`] | any function from [`call::Call`] to [`call::Reply`]: coroutines, loom, decorators | `call/` |
//!
//! Deliberately knows nothing of locks, schedules or processes.

pub mod call;
mod errno;
pub mod inject;
mod inode_watch;
pub mod loom;
pub mod sim;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use crate::id::ProcessId;
pub use errno::Errno;
pub use inode_watch::InodeWatch;

/// A file descriptor of one process: the lowest free number, as the kernel gives them, counted from 0 in each [`Fs`].
///
/// It is a name in that `Fs` alone and not a descriptor of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fd(pub u32);

impl fmt::Display for Fd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fd {}", self.0)
    }
}

/// How a file is opened; [open(2)](https://man7.org/linux/man-pages/man2/open.2.html).
///
/// `O_CLOEXEC` is always set: a lock that leaks into a child is a fault of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OpenFlags {
    /// `O_RDONLY`, `O_WRONLY` or `O_RDWR`.
    pub access: AccessMode,
    /// What happens when the name is absent, or present.
    pub create: Create,
    /// `O_TRUNC`: a file that exists is cut to nothing.
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
    /// `O_WRONLY | O_CREAT | O_TRUNC`: what `std::fs::write` asks for.
    pub const OVERWRITE: Self = Self {
        create: Create::IfAbsent,
        truncate: true,
        ..Self::WRITE
    };
    /// `O_WRONLY | O_CREAT | O_EXCL`: the create that fails when the name is there.
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

/// In words of the C interface: `O_WRONLY|O_CREAT|O_EXCL`.
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

/// The creation mode of [`OpenFlags`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Create {
    /// Neither `O_CREAT` nor `O_EXCL`: an absent name is `ENOENT`.
    Never,
    /// `O_CREAT`: an absent name is created, a present one opened.
    IfAbsent,
    /// `O_CREAT | O_EXCL`: a present name is `EEXIST`.
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

/// What is asked of [`Fs::flock`]; [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html).
///
/// The lock belongs to the open file description: whoever opens the file again has another one, in the same process too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flock {
    /// `LOCK_EX | LOCK_NB`: alone, or `EAGAIN`.
    TryExclusive,
    /// `LOCK_EX`: alone, when all others are gone.
    Exclusive,
    /// `LOCK_SH | LOCK_NB`: with others that share, or `EAGAIN`.
    TryShared,
    /// `LOCK_SH`: with others that share, when no other has it alone.
    Shared,
    /// `LOCK_UN`.
    Unlock,
}

/// In words of the C interface: `LOCK_EX|LOCK_NB`.
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

/// What is asked of [`Fs::record_lock`] and [`Fs::ofd_lock`], of the whole file and without waiting;
/// [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordLock {
    /// `F_WRLCK`: alone, or `EAGAIN`.
    TryExclusive,
    /// `F_RDLCK`: with others that share, or `EAGAIN`.
    TryShared,
    /// `F_UNLCK`.
    Unlock,
}

/// In words of the C interface: `F_WRLCK`.
impl fmt::Display for RecordLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TryExclusive => "F_WRLCK",
            Self::TryShared => "F_RDLCK",
            Self::Unlock => "F_UNLCK",
        })
    }
}

/// A file is old when it was last changed longer ago than this, in seconds.
pub const OLD_S: u64 = 600;

/// What an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link: it is only ever listed, because `stat` follows it.
    Symlink,
    /// Anything else: the simulated file system has none, the kernel's may.
    Other,
}

/// What `stat` and `fstat` tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// The size in bytes; without meaning for a directory.
    pub size: u64,
    /// The number of names; without meaning for a directory, because file systems count differently.
    pub links: u64,
    /// The inode number: see [`Stat::inode`].
    inode: u64,
    /// Whether it was last changed more than [`OLD_S`] ago, by the clock of the machine; without meaning for a directory.
    ///
    /// Not the time itself: what a lock decides by the clock is then one bit, which a scheduler can choose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub old: bool,
    /// Told when the inode number is asked for.
    #[serde(skip)]
    watch: InodeWatch,
}

impl Stat {
    /// Attributes: of this kind, with `size` bytes and `links` names, under this inode number; `old` as the field says.
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

    /// The inode number: no identity over time, because some file systems reuse it at once.
    ///
    /// If the file system that made this value has an [`InodeWatch`], the watch sees that the number is asked for.
    pub fn inode(&self) -> u64 {
        self.watch.see();
        self.inode
    }

    /// The same with another inode number.
    #[must_use]
    pub fn with_inode(self, inode: u64) -> Self {
        Self { inode, ..self }
    }
}

/// As in a trace: `file, 7 bytes, 1 link`; and `old`, if it is.
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

/// System calls on files, as one process makes them.
///
/// A lock primitive gets `&dyn Fs` and cannot tell whether the kernel, a simulation or loom answers. The process that runs
/// the primitive calls the methods, one after another; no method is called by two processes on the same value.
///
/// Duties of an implementer:
///
/// 1. One method performs exactly one system call, and never retries: `EINTR`, short reads and short writes are the
///    caller's to see.
/// 2. The call is atomic with respect to every other process on the same file system.
/// 3. Descriptors are the lowest free number, per value of the implementing type.
/// 4. Errors are those of the kernel. Where file systems differ (`rename` over a full directory), any of theirs may come.
///
/// It must not panic, print, or keep anything from one call to the next but the descriptors.
///
/// Not guaranteed: that a path is resolved in one instant. The kernel walks it component by component; an implementer may
/// resolve it at once.
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
    /// Opens, and perhaps creates, a file: [open(2)](https://man7.org/linux/man-pages/man2/open.2.html).
    ///
    /// # Errors
    ///
    /// `EEXIST` with [`Create::Exclusively`] when the name is there in any form; `ENOENT` when it or a directory on the way
    /// is absent; `EISDIR`, `ENOTDIR`, `EINVAL` (`O_CREAT` of a directory) and what the kernel adds.
    fn open(&self, path: &Path, flags: OpenFlags, mode: Mode) -> Result<Fd, Errno>;

    /// Closes a descriptor: [close(2)](https://man7.org/linux/man-pages/man2/close.2.html).
    ///
    /// The descriptor is free afterwards even if the call fails, as on Linux: never close it again.
    ///
    /// # Errors
    ///
    /// `EBADF` when it is not open; `EIO`, `ENOSPC`, `EDQUOT` for an earlier write that failed only now.
    fn close(&self, fd: Fd) -> Result<(), Errno>;

    /// Reads from the descriptor's offset and moves it: [read(2)](https://man7.org/linux/man-pages/man2/read.2.html).
    /// 0 means end of file.
    ///
    /// # Errors
    ///
    /// `EBADF` when it is not open for reading; `EISDIR`; `EIO`.
    fn read(&self, fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Writes at the descriptor's offset, or the end with `O_APPEND`, and moves it:
    /// [write(2)](https://man7.org/linux/man-pages/man2/write.2.html). Returns how much was written, which may be less.
    ///
    /// # Errors
    ///
    /// `EBADF` when it is not open for writing; `ENOSPC`, `EIO`, `EFBIG`.
    fn write(&self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno>;

    /// Looks a name up, following symbolic links: [stat(2)](https://man7.org/linux/man-pages/man2/stat.2.html).
    ///
    /// # Errors
    ///
    /// `ENOENT`, also for a dangling symbolic link; `ENOTDIR`; `EACCES`.
    fn stat(&self, path: &Path) -> Result<Stat, Errno>;

    /// Looks at what a descriptor refers to, whatever its name is now:
    /// [fstat(2)](https://man7.org/linux/man-pages/man2/fstat.2.html).
    ///
    /// # Errors
    ///
    /// `EBADF` when it is not open.
    fn fstat(&self, fd: Fd) -> Result<Stat, Errno>;

    /// Gives a file a second name, which must be absent: [link(2)](https://man7.org/linux/man-pages/man2/link.2.html).
    ///
    /// # Errors
    ///
    /// `EEXIST` when `new` is there; `ENOENT`; `EPERM` for a directory, or where there are no hard links.
    fn link(&self, existing: &Path, new: &Path) -> Result<(), Errno>;

    /// Moves a name, replacing what stands at `to` in the same instant:
    /// [rename(2)](https://man7.org/linux/man-pages/man2/rename.2.html). Two names of one inode: nothing happens, and that
    /// is a success.
    ///
    /// # Errors
    ///
    /// `ENOENT`; `EISDIR`, `ENOTDIR` when file and directory would replace each other; `ENOTEMPTY` or `EEXIST`; `EINVAL`
    /// for a directory into itself.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), Errno>;

    /// Removes a name; the file lives on while it has another name or is open:
    /// [unlink(2)](https://man7.org/linux/man-pages/man2/unlink.2.html).
    ///
    /// # Errors
    ///
    /// `ENOENT`; `EISDIR` for a directory (POSIX says `EPERM`).
    fn unlink(&self, path: &Path) -> Result<(), Errno>;

    /// Creates a directory: [mkdir(2)](https://man7.org/linux/man-pages/man2/mkdir.2.html).
    ///
    /// # Errors
    ///
    /// `EEXIST` when the name is there in any form; `ENOENT`, `ENOTDIR` on the way.
    fn mkdir(&self, path: &Path, mode: Mode) -> Result<(), Errno>;

    /// Removes an empty directory: [rmdir(2)](https://man7.org/linux/man-pages/man2/rmdir.2.html).
    ///
    /// # Errors
    ///
    /// `ENOTEMPTY` (`EEXIST` on some file systems); `ENOTDIR`; `ENOENT`.
    fn rmdir(&self, path: &Path) -> Result<(), Errno>;

    /// Takes, converts or gives back the lock of the descriptor's open file description on its inode:
    /// [flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html). The last close gives it back too.
    ///
    /// A conversion first gives back what it had: one that fails has lost it (`fs/locks.c`, `flock_lock_inode`).
    ///
    /// # Errors
    ///
    /// `EAGAIN` when another has it and the request does not wait; `EBADF`; `EINTR` while it waits; `ENOLCK`; on network
    /// file systems much more.
    fn flock(&self, fd: Fd, operation: Flock) -> Result<(), Errno>;

    /// As [`rename`](Self::rename), but a name that is there is not replaced: `RENAME_NOREPLACE`,
    /// [renameat2(2)](https://man7.org/linux/man-pages/man2/renameat2.2.html).
    ///
    /// # Errors
    ///
    /// `EEXIST` when `to` is there in any form; `EINVAL` or `ENOSYS` where the file system or the kernel does not know the
    /// flag; those of `rename`.
    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), Errno>;

    /// Makes a symbolic link, whose target need not be there: [symlink(2)](https://man7.org/linux/man-pages/man2/symlink.2.html).
    ///
    /// # Errors
    ///
    /// `EEXIST` when the name is there in any form; `ENOENT` for an empty target or an absent directory; `EPERM` where there
    /// are no symbolic links.
    fn symlink(&self, target: &Path, path: &Path) -> Result<(), Errno>;

    /// What a symbolic link says, as it was made: [readlink(2)](https://man7.org/linux/man-pages/man2/readlink.2.html).
    ///
    /// # Errors
    ///
    /// `EINVAL` when it is no symbolic link; `ENOENT`.
    fn readlink(&self, path: &Path) -> Result<PathBuf, Errno>;

    /// Takes, converts or gives back the record lock of this *process* on the whole file: `F_SETLK`,
    /// [fcntl(2)](https://man7.org/linux/man-pages/man2/F_SETLK.2const.html). Any close of any descriptor of that inode by this
    /// process gives it back too.
    ///
    /// # Errors
    ///
    /// `EAGAIN` (or `EACCES`, says POSIX) when another process has it; `EBADF`, also for an exclusive lock by a descriptor that is
    /// not open for writing; `ENOLCK`.
    fn record_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno>;

    /// The same, of the open file description: `F_OFD_SETLK`,
    /// [fcntl(2)](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html). It conflicts with record locks, of the same
    /// process too; the last close of the description gives it back.
    ///
    /// # Errors
    ///
    /// As [`record_lock`](Self::record_lock).
    fn ofd_lock(&self, fd: Fd, operation: RecordLock) -> Result<(), Errno>;

    /// Makes a file old, as if nobody had changed it for longer than [`OLD_S`]:
    /// [utimensat(2)](https://man7.org/linux/man-pages/man2/utimensat.2.html). So a lease runs out when a scheduler says so.
    ///
    /// # Errors
    ///
    /// `ENOENT`; `EACCES`, `EPERM`.
    fn expire(&self, path: &Path) -> Result<(), Errno>;

    /// Whether a process is there: `kill(pid, 0)`, [kill(2)](https://man7.org/linux/man-pages/man2/kill.2.html).
    ///
    /// # Errors
    ///
    /// `ESRCH` when it is not; `EPERM` when it is, and belongs to somebody else.
    fn alive(&self, process: ProcessId) -> Result<(), Errno>;

    /// Who calls: what stands for [getpid(2)](https://man7.org/linux/man-pages/man2/getpid.2.html), and is no call.
    ///
    /// It is the number of a contender and not the kernel's, so that records and names of files are the same in each execution.
    fn process(&self) -> ProcessId;

    /// Forks a child that has copies of all descriptors, does this, and exits, while the process waits;
    /// [fork(2)](https://man7.org/linux/man-pages/man2/fork.2.html). In the simulation alone.
    ///
    /// # Errors
    ///
    /// `ENOSYS` where it is not done.
    fn fork(&self, _child: &mut dyn FnMut(&dyn Fs)) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }
}
