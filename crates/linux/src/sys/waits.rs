//! What a call would find that waits for a lock, before another process makes it.
//!
//! The other process is stopped by its tracer, so the answer stays true until it continues. For `flock`, its file is opened again
//! through `/proc`, which gives a new description: the lock is tried there without waiting, and released immediately. A named
//! pipe or a device is not opened, because that may wait, and others may notice it: there the list of all locks decides. For a
//! record lock the kernel is asked through a copy of the descriptor.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use nix::errno::Errno as KernelErrno;
use nix::fcntl::{FcntlArg, Flock, FlockArg, fcntl};

use super::descriptors::{self, Bytes, LockKind};

/// A lock that a call waits for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// `flock`: exclusive or shared.
    Flock {
        /// Whether exclusive.
        exclusive: bool,
    },
    /// A record lock.
    Record {
        /// Its range and its type.
        record: Record,
        /// Whether the open file description will hold it, and not the process.
        of_a_description: bool,
    },
}

/// What the call finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The lock is available.
    Free,
    /// Another process or another description has it.
    Taken,
    /// The one that asks has a lock there itself, and perhaps others have one too. `flock` releases its own lock before it waits;
    /// a record lock of its own hides those of others.
    Own,
}

/// A descriptor of a stopped task.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// The task.
    pub task: i32,
    /// The number of its process.
    pub group: i32,
    /// The descriptor.
    pub fd: i32,
}

/// What a call on this descriptor finds that waits for this lock.
///
/// # Errors
///
/// When the file cannot be opened again, or the kernel does not say who has the lock.
pub fn find(at: Descriptor, wanted: Wanted) -> io::Result<Found> {
    match wanted {
        Wanted::Flock { exclusive } => find_flock(at, exclusive),
        Wanted::Record {
            record,
            of_a_description,
        } => find_record(at, record, of_a_description),
    }
}

fn find_flock(Descriptor { task, fd, .. }: Descriptor, exclusive: bool) -> io::Result<Found> {
    let held = descriptors::locks(task, fd)?;
    if let Some(own) = held.iter().find(|held| held.kind == LockKind::Flock) {
        // If it is exclusive, nobody else has one.
        return Ok(if own.exclusive || !exclusive {
            Found::Free
        } else {
            Found::Own
        });
    }
    let path = PathBuf::from(format!("/proc/{task}/fd/{fd}"));
    let metadata = fs::metadata(&path)?;
    if may_not_be_opened(&metadata) {
        let all = fs::read_to_string("/proc/locks")?;
        let wanted = is_locked(&all, &metadata, exclusive);
        return Ok(if wanted { Found::Taken } else { Found::Free });
    }
    let operation = if exclusive {
        FlockArg::LockExclusiveNonblock
    } else {
        FlockArg::LockSharedNonblock
    };
    match Flock::lock(File::open(path)?, operation) {
        Ok(_given_back) => Ok(Found::Free),
        Err((_, KernelErrno::EWOULDBLOCK)) => Ok(Found::Taken),
        Err((_, errno)) => Err(errno.into()),
    }
}

fn may_not_be_opened(metadata: &fs::Metadata) -> bool {
    let kind = metadata.file_type();
    kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
}

/// Record locks belong to a table of descriptors, which is that of a process, or to a description:
/// [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/fcntl_locking.2.html).
fn find_record(at: Descriptor, mut record: Record, of_a_description: bool) -> io::Result<Found> {
    let Descriptor { task, group, fd } = at;
    record.l_pid = 0;
    let copy = descriptors::copied(group, fd);
    if let (Ok(copy), true) = (&copy, of_a_description) {
        // It is the same description, so its own locks do not count.
        fcntl(copy, FcntlArg::F_OFD_GETLK(&mut record))?;
        return Ok(if gives_back(&record) { Found::Free } else { Found::Taken });
    }
    let file = copy.or_else(|_| reopened(task, fd))?;
    fcntl(file.as_fd(), FcntlArg::F_GETLK(&mut record))?;
    if gives_back(&record) {
        return Ok(Found::Free);
    }
    match record.l_pid {
        // A lock of a description.
        -1 if of_a_description => {
            let held = descriptors::locks(task, fd)?;
            let has = held.iter().any(|held| held.kind == LockKind::Description);
            Ok(if has { Found::Own } else { Found::Taken })
        }
        holder if holder == group && !of_a_description => Ok(Found::Own),
        // The kernel cannot name a process that has ended, or one outside of this namespace.
        0 => Err(io::Error::other(
            "the kernel does not name the process that has the lock",
        )),
        holder if holder > 0 && !of_a_description && descriptors::share_a_table(holder, task).unwrap_or(false) => {
            Ok(Found::Own)
        }
        _ => Ok(Found::Taken),
    }
}

/// Another description of the file.
fn reopened(task: i32, fd: i32) -> io::Result<OwnedFd> {
    let path = PathBuf::from(format!("/proc/{task}/fd/{fd}"));
    if may_not_be_opened(&fs::metadata(&path)?) {
        return Err(io::Error::other(
            "the file cannot be opened without an effect on others",
        ));
    }
    Ok(File::open(path)?.into())
}

/// Whether a list of locks contains an `flock` on this inode that another one has to wait for:
/// [proc_locks(5)](https://man7.org/linux/man-pages/man5/proc_locks.5.html).
fn is_locked(all: &str, inode: &fs::Metadata, exclusive: bool) -> bool {
    let device = inode.dev();
    let place = format!(
        "{:02x}:{:02x}:{}",
        libc::major(device),
        libc::minor(device),
        inode.ino()
    );
    all.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // A line with an arrow is a request that waits.
        let held = words.get(1) == Some(&"FLOCK");
        held && words.contains(&place.as_str()) && (exclusive || words.contains(&"WRITE"))
    })
}

/// A record lock, as fcntl(2) takes it.
pub type Record = libc::flock;

/// Whether a record lock releases: `F_UNLCK`.
pub fn gives_back(record: &Record) -> bool {
    record.l_type == libc::F_UNLCK as libc::c_short
}

/// The size of `struct flock` in a task's memory, in bytes.
pub const RECORD_BYTES: usize = size_of::<libc::flock>();

/// A record lock from the bytes of a task's memory: `struct flock`, `include/uapi/asm-generic/fcntl.h`.
pub fn record(bytes: &[u8; RECORD_BYTES]) -> libc::flock {
    let part = |at: usize| std::array::from_fn(|byte| bytes[at + byte]);
    let number = |at: usize| i64::from_ne_bytes(part(at));
    let short = |at: usize| i16::from_ne_bytes([bytes[at], bytes[at + 1]]);
    libc::flock {
        l_type: short(0),
        l_whence: short(2),
        l_start: number(8),
        l_len: number(16),
        l_pid: 0,
    }
}

/// The bytes that a record lock is about. `offset` is that of the open file, `size` that of the file.
///
/// [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/fcntl_locking.2.html): a negative length counts backwards, zero
/// means up to the end.
pub fn bytes(record: &Record, offset: u64, size: u64) -> Bytes {
    let base = match i32::from(record.l_whence) {
        libc::SEEK_CUR => offset,
        libc::SEEK_END => size,
        _ => 0,
    };
    let start = i64::try_from(base).unwrap_or(i64::MAX).saturating_add(record.l_start);
    let (first, last) = match record.l_len {
        0 => (start, i64::MAX),
        length if length < 0 => (start.saturating_add(length), start.saturating_sub(1)),
        length => (start, start.saturating_add(length - 1)),
    };
    Bytes { first, last }
}

/// Whether a record lock excludes all others: `F_WRLCK`.
pub fn is_exclusive(record: &Record) -> bool {
    record.l_type == libc::F_WRLCK as libc::c_short
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    fn at(file: &File) -> Descriptor {
        let task = std::process::id().cast_signed();
        Descriptor {
            task,
            group: task,
            fd: file.as_raw_fd(),
        }
    }

    fn found(file: &File) -> Found {
        find(at(file), Wanted::Flock { exclusive: true }).unwrap()
    }

    #[test]
    fn the_list_of_locks_answers_for_what_must_not_be_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        crate::sys::fifo::make(&path).unwrap();
        let (one, other) = (
            crate::sys::fifo::open(&path).unwrap(),
            crate::sys::fifo::open(&path).unwrap(),
        );
        assert_eq!((found(&one), found(&other)), (Found::Free, Found::Free));
        one.lock().unwrap();
        assert_eq!((found(&one), found(&other)), (Found::Free, Found::Taken));
    }

    #[test]
    fn an_flock_of_another_description_is_taken_and_a_shared_one_of_its_own_is_given_up_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let (one, other) = (File::create(&path).unwrap(), File::create(&path).unwrap());
        assert_eq!((found(&one), found(&other)), (Found::Free, Found::Free));
        one.lock().unwrap();
        assert_eq!((found(&one), found(&other)), (Found::Free, Found::Taken));
        one.unlock().unwrap();
        one.lock_shared().unwrap();
        assert_eq!((found(&one), found(&other)), (Found::Own, Found::Taken));
        let shared = Wanted::Flock { exclusive: false };
        assert_eq!(find(at(&other), shared).unwrap(), Found::Free);
    }

    #[test]
    fn a_record_lock_counts_by_its_owner_and_its_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let open = || {
            File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
        };
        let (one, other) = (open().unwrap(), open().unwrap());
        let record = |first: i64| libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: first,
            l_len: 1,
            l_pid: 0,
        };
        let find = |file: &File, first, of_a_description| {
            let record = record(first);
            find(
                at(file),
                Wanted::Record {
                    record,
                    of_a_description,
                },
            )
            .unwrap()
        };
        fcntl(&one, FcntlArg::F_OFD_SETLK(&record(0))).unwrap();
        assert_eq!(find(&one, 0, true), Found::Free);
        assert_eq!(
            (find(&other, 0, true), find(&other, 1, true)),
            (Found::Taken, Found::Free)
        );
        // The process is another owner than its description.
        assert_eq!(
            (find(&one, 0, false), find(&one, 1, false)),
            (Found::Taken, Found::Free)
        );
        fcntl(&one, FcntlArg::F_SETLK(&record(1))).unwrap();
        // Of this process there is a lock for each of its descriptors.
        assert_eq!(find(&other, 1, true), Found::Taken);
    }

    #[test]
    fn the_bytes_of_a_record_lock_are_counted_as_the_kernel_does() {
        let record = |whence: i32, start, length| libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: whence as libc::c_short,
            l_start: start,
            l_len: length,
            l_pid: 0,
        };
        for (record, first, last) in [
            (record(libc::SEEK_SET, 2, 3), 2, 4),
            (record(libc::SEEK_SET, 2, 0), 2, i64::MAX),
            (record(libc::SEEK_CUR, 1, 1), 11, 11),
            (record(libc::SEEK_END, 0, -5), 15, 19),
        ] {
            assert_eq!(bytes(&record, 10, 20), Bytes { first, last });
        }
    }
}
