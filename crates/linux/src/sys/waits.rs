//! Whether a lock is available for which another process is about to wait.
//!
//! The other process is stopped by its tracer, so the answer stays true until it continues. Its file is opened again through
//! `/proc`, which gives a new description. The lock is tried there without waiting, and released immediately. A named pipe or
//! a device is not opened: that may wait, and others may notice it. There the list of all locks decides.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use nix::errno::Errno as KernelErrno;
use nix::fcntl::{FcntlArg, Flock, FlockArg, fcntl};

use super::descriptors;

/// A lock that a call waits for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// `flock`: exclusive or shared.
    Flock {
        /// Whether exclusive.
        exclusive: bool,
    },
    /// A record lock, or one of an open file description.
    Record(libc::flock),
}

/// Whether the lock is available for the descriptor `fd` of the stopped task.
///
/// # Errors
///
/// When the file cannot be opened again.
pub fn is_available(task: i32, fd: i32, wanted: Wanted) -> io::Result<bool> {
    let path = PathBuf::from(format!("/proc/{task}/fd/{fd}"));
    let metadata = fs::metadata(&path)?;
    let kind = metadata.file_type();
    let holds = || descriptors::locks(task, fd).map(|held| !held.is_empty());
    if kind.is_fifo() || kind.is_char_device() || kind.is_block_device() {
        let all = fs::read_to_string("/proc/locks")?;
        return Ok(holds()? || !is_locked(&all, &metadata, wanted));
    }
    let file = File::open(path)?;
    match wanted {
        Wanted::Flock { exclusive } => {
            let operation = if exclusive {
                FlockArg::LockExclusiveNonblock
            } else {
                FlockArg::LockSharedNonblock
            };
            match Flock::lock(file, operation) {
                Ok(_given_back) => Ok(true),
                // The descriptor may hold the lock itself.
                Err((_, KernelErrno::EWOULDBLOCK)) => holds(),
                Err((_, errno)) => Err(errno.into()),
            }
        }
        Wanted::Record(mut record) => {
            fcntl(&file, FcntlArg::F_GETLK(&mut record))?;
            // A lock of a description has no process.
            let own = record.l_pid == task || record.l_pid == -1 && holds()?;
            Ok(record.l_type == libc::F_UNLCK as libc::c_short || own)
        }
    }
}

/// Whether a list of locks contains one on this inode that the wanted one has to wait for:
/// [proc_locks(5)](https://man7.org/linux/man-pages/man5/proc_locks.5.html). Ranges are not compared.
fn is_locked(all: &str, inode: &fs::Metadata, wanted: Wanted) -> bool {
    let (kinds, exclusive) = match wanted {
        Wanted::Flock { exclusive } => (&["FLOCK"][..], exclusive),
        Wanted::Record(record) => (
            &["POSIX", "OFDLCK"][..],
            record.l_type == libc::F_WRLCK as libc::c_short,
        ),
    };
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
        let held = words.get(1).is_some_and(|kind| kinds.contains(kind));
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

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn the_list_of_locks_answers_for_what_must_not_be_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        crate::sys::fifo::make(&path).unwrap();
        let (one, other) = (
            crate::sys::fifo::open(&path).unwrap(),
            crate::sys::fifo::open(&path).unwrap(),
        );
        let task = i32::try_from(std::process::id()).unwrap();
        let could = |file: &File| is_available(task, file.as_raw_fd(), Wanted::Flock { exclusive: true }).unwrap();
        assert!(could(&one) && could(&other));
        one.lock().unwrap();
        assert!(could(&one) && !could(&other));
    }

    #[test]
    fn a_lock_of_another_description_is_not_available_and_the_own_one_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let (one, other) = (File::create(&path).unwrap(), File::create(&path).unwrap());
        let task = i32::try_from(std::process::id()).unwrap();
        let could = |file: &File| is_available(task, file.as_raw_fd(), Wanted::Flock { exclusive: true }).unwrap();
        assert!(could(&one) && could(&other));
        one.lock().unwrap();
        assert!(could(&one) && !could(&other));
        one.unlock().unwrap();
        assert!(could(&other));
    }
}
