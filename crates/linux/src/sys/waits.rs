//! Whether a lock is available for which another process is about to wait.
//!
//! The other process is stopped by its tracer, so the answer stays true until it continues. Its file is opened again through
//! `/proc`, which gives a new description. The lock is tried there without waiting, and released immediately.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::errno::Errno as KernelErrno;
use nix::fcntl::{FcntlArg, Flock, FlockArg, fcntl};

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
    // A named pipe that nothing else has open would hold this process: fifo(7).
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
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
                Err((_, KernelErrno::EWOULDBLOCK)) => Ok(has_lock(task, fd)),
                Err((_, errno)) => Err(errno.into()),
            }
        }
        Wanted::Record(mut record) => {
            fcntl(&file, FcntlArg::F_GETLK(&mut record))?;
            let own = record.l_pid == task;
            Ok(record.l_type == libc::F_UNLCK as libc::c_short || own)
        }
    }
}

/// Whether a descriptor of a task holds a lock of any kind:
/// [proc_pid_fdinfo(5)](https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html).
pub fn has_lock(task: i32, fd: i32) -> bool {
    let info = std::fs::read_to_string(format!("/proc/{task}/fdinfo/{fd}"));
    info.is_ok_and(|info| info.lines().any(|line| line.starts_with("lock:")))
}

/// Whether a descriptor of a task is closed by execve: `O_CLOEXEC` among its flags, in octal.
pub fn closes_on_execute(task: i32, fd: i32) -> bool {
    let info = std::fs::read_to_string(format!("/proc/{task}/fdinfo/{fd}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & libc::O_CLOEXEC != 0)
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
    fn a_lock_on_a_named_pipe_that_has_no_writer_is_examined_without_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        crate::sys::fifo::make(&path).unwrap();
        let reader = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&path)
            .unwrap();
        let task = i32::try_from(std::process::id()).unwrap();
        assert!(is_available(task, reader.as_raw_fd(), Wanted::Flock { exclusive: true }).unwrap());
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
