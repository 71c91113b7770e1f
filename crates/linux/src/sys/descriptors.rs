//! The descriptors of a process that its tracer has stopped: their flags and locks, whether two of them are copies of one open
//! file description, and whether a call on them would wait.
//!
//! What cannot be read is an error, never "no". Knows no call by name.

use std::fs;
use std::io::{self, Seek};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// `KCMP_FILE` and `KCMP_FILES` of [kcmp(2)](https://man7.org/linux/man-pages/man2/kcmp.2.html): two descriptors, two tables.
const OF_A_DESCRIPTION: i32 = 0;
/// See [`OF_A_DESCRIPTION`].
const OF_A_TABLE: i32 = 2;

/// The kind of a kernel lock: who holds it, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// `flock`: the open file description holds it, until the last of its copies is closed.
    Flock,
    /// `F_SETLK`: the process holds it, until it closes any descriptor of that file.
    Record,
    /// `F_OFD_SETLK`: as for `flock`.
    Description,
    /// A lease or something newer.
    Other,
}

/// A kernel lock that a descriptor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// Its kind.
    pub kind: LockKind,
    /// Whether it excludes all others.
    pub exclusive: bool,
    /// The bytes that it is about.
    pub bytes: Bytes,
}

/// A range of bytes of a file, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// The first byte.
    pub first: i64,
    /// The last byte; the highest number stands for the end of the file, wherever that will be.
    pub last: i64,
}

impl Bytes {
    /// The whole file.
    pub const ALL: Self = Self {
        first: 0,
        last: i64::MAX,
    };

    /// Whether a byte is in both.
    pub fn overlap(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

fn info(task: i32, fd: i32) -> io::Result<String> {
    fs::read_to_string(format!("/proc/{task}/fdinfo/{fd}"))
}

/// The offset of an open file of a task.
///
/// # Errors
///
/// When the descriptor is closed, or the task may not be examined.
pub fn offset(task: i32, fd: i32) -> io::Result<u64> {
    let info = info(task, fd)?;
    let position = info.lines().find_map(|line| line.strip_prefix("pos:"));
    let position = position.and_then(|text| text.trim().parse().ok());
    position.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The locks that a descriptor of a task holds:
/// [proc_pid_fdinfo(5)](https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html). A record lock is listed only at the
/// description through which it was set.
///
/// # Errors
///
/// When the descriptor is closed, or the task may not be examined.
pub fn locks(task: i32, fd: i32) -> io::Result<Vec<HeldLock>> {
    Ok(info(task, fd)?.lines().filter_map(held).collect())
}

/// A line such as `lock: 1: FLOCK  ADVISORY  WRITE 1359 00:13:11691 0 EOF`: `fs/locks.c`, `lock_get_status`.
fn held(line: &str) -> Option<HeldLock> {
    let mut words = line.strip_prefix("lock:")?.split_whitespace().skip(1);
    let kind = match words.next() {
        Some("FLOCK") => LockKind::Flock,
        Some("POSIX") => LockKind::Record,
        Some("OFDLCK") => LockKind::Description,
        _ => LockKind::Other,
    };
    let exclusive = words.any(|word| word == "WRITE");
    // What cannot be read counts as the whole file.
    let mut ends = line.split_whitespace().rev();
    let last = ends.next().and_then(|word| word.parse().ok());
    let first = ends.next().and_then(|word| word.parse().ok());
    let bytes = Bytes {
        first: first.unwrap_or(Bytes::ALL.first),
        last: last.unwrap_or(Bytes::ALL.last),
    };
    Some(HeldLock { kind, exclusive, bytes })
}

/// The status flags of a descriptor, `O_CLOEXEC` among them.
///
/// # Errors
///
/// As [`locks`].
pub fn flags(task: i32, fd: i32) -> io::Result<i32> {
    let info = info(task, fd)?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    flags.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

/// Whether a descriptor of a task is closed by execve.
///
/// # Errors
///
/// As [`locks`].
pub fn closes_on_execute(task: i32, fd: i32) -> io::Result<bool> {
    Ok(flags(task, fd)? & libc::O_CLOEXEC != 0)
}

/// Whether calls on a descriptor return instead of waiting.
///
/// # Errors
///
/// As [`locks`].
pub fn never_waits(task: i32, fd: i32) -> io::Result<bool> {
    Ok(flags(task, fd)? & libc::O_NONBLOCK != 0)
}

/// Whether a descriptor was opened for writing.
///
/// # Errors
///
/// As [`locks`].
pub fn may_write(task: i32, fd: i32) -> io::Result<bool> {
    Ok(flags(task, fd)? & libc::O_ACCMODE != libc::O_RDONLY)
}

/// Whether two descriptors, each with its task, are copies of one open file description.
///
/// # Errors
///
/// When one of them is closed, or the kernel lacks kcmp(2).
pub fn are_copies(one: (i32, i32), other: (i32, i32)) -> io::Result<bool> {
    compare(OF_A_DESCRIPTION, one, other)
}

/// Whether two processes share their table of descriptors, as the threads of one do.
///
/// # Errors
///
/// As [`are_copies`].
pub fn share_a_table(one: i32, other: i32) -> io::Result<bool> {
    compare(OF_A_TABLE, (one, 0), (other, 0))
}

fn compare(what: i32, one: (i32, i32), other: (i32, i32)) -> io::Result<bool> {
    let descriptor = |(_, fd): (i32, i32)| libc::c_ulong::from(fd.cast_unsigned());
    // SAFETY: kcmp takes numbers only, and changes nothing.
    match unsafe { libc::syscall(libc::SYS_kcmp, one.0, other.0, what, descriptor(one), descriptor(other)) } {
        0 => Ok(true),
        1..=3 => Ok(false),
        _ => Err(io::Error::last_os_error()),
    }
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Something to read, a connection to accept, or the end.
    Input,
    /// Room to write.
    Output,
}

/// Whether a call on a descriptor of a stopped process would return immediately. The descriptor is copied for a moment:
/// [pidfd_getfd(2)](https://man7.org/linux/man-pages/man2/pidfd_getfd.2.html).
///
/// # Errors
///
/// When the descriptor cannot be copied.
pub fn is_ready(process: i32, fd: i32, readiness: Readiness) -> io::Result<bool> {
    let copy = copied(process, fd)?;
    let wanted = match readiness {
        Readiness::Input => PollFlags::POLLIN,
        Readiness::Output => PollFlags::POLLOUT,
    };
    let mut polled = [PollFd::new(copy.as_fd(), wanted)];
    Ok(poll(&mut polled, PollTimeout::ZERO)? > 0)
}

/// The family of a socket of a stopped process: `SO_DOMAIN` of
/// [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
///
/// # Errors
///
/// When the descriptor cannot be copied, or is no socket.
pub fn socket_family(process: i32, fd: i32) -> io::Result<i32> {
    let copy = copied(process, fd)?;
    let mut family: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `family`, which has that size.
    let result = unsafe {
        libc::getsockopt(
            copy.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_DOMAIN,
            (&raw mut family).cast(),
            &raw mut length,
        )
    };
    if result == 0 {
        Ok(family)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A copy of a descriptor of a stopped process.
pub(super) fn copied(process: i32, fd: i32) -> io::Result<OwnedFd> {
    let process = owned(|| {
        // SAFETY: pidfd_open takes numbers only.
        unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) }
    })?;
    owned(|| {
        // SAFETY: pidfd_getfd takes numbers only; the pidfd is open.
        unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) }
    })
}

/// Moves the offset of an open file of a stopped process, by a copy of its descriptor.
///
/// # Errors
///
/// When the descriptor cannot be copied, or its file has no offset.
pub fn move_to(process: i32, fd: i32, offset: u64) -> io::Result<()> {
    let mut copy = fs::File::from(copied(process, fd)?);
    copy.seek(io::SeekFrom::Start(offset)).map(|_| ())
}

/// The new descriptor that a call returns.
pub(super) fn owned(call: impl FnOnce() -> libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(call()) {
        Ok(fd) if fd >= 0 => {
            // SAFETY: the kernel has just opened it, and nothing else owns it.
            Ok(unsafe { OwnedFd::from_raw_fd(fd) })
        }
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn me() -> i32 {
        std::process::id().cast_signed()
    }

    #[test]
    fn a_lock_is_listed_at_each_copy_of_its_description_and_nowhere_else() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let one = fs::File::open(file.path()).unwrap();
        let copy = one.try_clone().unwrap();
        let other = fs::File::open(file.path()).unwrap();
        one.lock().unwrap();
        let held = |file: &fs::File| locks(me(), file.as_raw_fd()).unwrap();
        let expected = [HeldLock {
            kind: LockKind::Flock,
            exclusive: true,
            bytes: Bytes::ALL,
        }];
        assert_eq!(held(&one), expected);
        assert_eq!(held(&copy), expected);
        assert_eq!(held(&other), []);
    }

    #[test]
    fn the_bytes_of_a_lock_are_read() {
        for (line, first, last) in [
            ("lock:\t1: POSIX  ADVISORY  WRITE 1359 00:13:11691 7 9", 7, 9),
            ("lock:\t1: FLOCK  ADVISORY  READ 1359 00:13:11691 0 EOF", 0, i64::MAX),
        ] {
            assert_eq!(held(line).unwrap().bytes, Bytes { first, last }, "{line}");
        }
        let bytes = |first, last| Bytes { first, last };
        assert!(bytes(0, 4).overlap(bytes(4, 4)) && !bytes(0, 4).overlap(bytes(5, i64::MAX)));
    }

    #[test]
    fn copies_differ_from_other_descriptions_of_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let one = fs::File::open(file.path()).unwrap();
        let copy = one.try_clone().unwrap();
        let other = fs::File::open(file.path()).unwrap();
        let at = |file: &fs::File| (me(), file.as_raw_fd());
        match are_copies(at(&one), at(&copy)) {
            Ok(are) => assert!(are),
            Err(why) => {
                eprintln!("skipped: kcmp is refused here ({why})");
                return;
            }
        }
        assert!(!are_copies(at(&one), at(&other)).unwrap());
        assert!(share_a_table(me(), me()).unwrap());
        assert!(are_copies(at(&one), (me(), 1_000_000)).is_err());
    }

    #[test]
    fn a_pipe_is_ready_when_something_is_in_it() {
        let (reader, mut writer) = io::pipe().unwrap();
        let ready = || is_ready(me(), reader.as_raw_fd(), Readiness::Input);
        match ready() {
            Ok(is) => assert!(!is),
            Err(why) => {
                eprintln!("skipped: descriptors cannot be copied here ({why})");
                return;
            }
        }
        writer.write_all(b"x").unwrap();
        assert!(ready().unwrap());
        assert!(is_ready(me(), writer.as_raw_fd(), Readiness::Output).unwrap());
    }

    #[test]
    fn flags_are_read_and_a_closed_descriptor_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let one = fs::File::open(file.path()).unwrap();
        assert!(closes_on_execute(me(), one.as_raw_fd()).unwrap());
        assert!(!may_write(me(), one.as_raw_fd()).unwrap());
        assert!(!never_waits(me(), one.as_raw_fd()).unwrap());
        assert!(locks(me(), 1_000_000).is_err());
    }
}
