//! Timers behind a descriptor, of traced programs: [timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html).
//!
//! The kernel's timer is never armed. A tracer that holds a copy of the descriptor makes it expire with `TFD_IOC_SET_TICKS`, so that
//! read, poll and epoll of the program work as they are. Knows no clock.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use super::descriptors::{are_copies, copied, owned};

/// Where a link of `/proc/PID/fd` to such a timer leads.
const LINK: &str = "anon_inode:[timerfd]";
/// `TFD_IOC_SET_TICKS` of `include/uapi/linux/timerfd.h`.
const SET_TICKS: libc::Ioctl = 0x4008_5400;

/// A copy of the descriptor of such a timer.
#[derive(Debug)]
pub struct TimerFile(OwnedFd);

impl TimerFile {
    /// A copy of the descriptor of a stopped process; `None` if it is no timer.
    ///
    /// # Errors
    ///
    /// When it cannot be copied.
    pub fn of(process: i32, fd: i32) -> io::Result<Option<Self>> {
        let is_timer = fs::read_link(format!("/proc/{process}/fd/{fd}")).is_ok_and(|link| link.as_os_str() == LINK);
        is_timer.then(|| copied(process, fd).map(Self)).transpose()
    }

    /// Whether timers can be made to expire on this kernel: it needs `CONFIG_CHECKPOINT_RESTORE`.
    pub fn can_be_controlled() -> bool {
        let timer = owned(|| {
            // SAFETY: timerfd_create takes numbers only.
            libc::c_long::from(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) })
        });
        timer.is_ok_and(|timer| Self(timer).set_ticks(1).is_ok())
    }

    /// The number of its clock, and how often it has expired since it was last read.
    ///
    /// # Errors
    ///
    /// When `/proc` does not show that.
    pub fn clock_and_ticks(&self) -> io::Result<(u64, u64)> {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", self.0.as_raw_fd()))?;
        let field = |name: &str| {
            info.lines()
                .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        };
        let both = field("clockid:").zip(field("ticks:"));
        both.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// It expires once more.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn expires(&self) -> io::Result<()> {
        let (_, ticks) = self.clock_and_ticks()?;
        self.set_ticks(ticks.saturating_add(1))
    }

    /// It is armed anew, so that past expiries no longer count: `do_timerfd_settime`, `fs/timerfd.c`.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn forgets(&self) -> io::Result<()> {
        // SAFETY: a time of zeros is a valid value.
        let never: libc::itimerspec = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel reads `never`, which lives for the whole call, and writes nothing.
        let set = unsafe { libc::timerfd_settime(self.0.as_raw_fd(), 0, &raw const never, std::ptr::null_mut()) };
        outcome(set)
    }

    /// Whether a descriptor of a process leads to this timer.
    pub fn is(&self, process: i32, fd: i32) -> bool {
        let own = (std::process::id().cast_signed(), self.0.as_raw_fd());
        are_copies(own, (process, fd)).unwrap_or(false)
    }

    /// Whether a read of it waits: `O_NONBLOCK` is not set.
    pub fn blocks(&self) -> bool {
        let flags = fcntl(&self.0, FcntlArg::F_GETFL).map(OFlag::from_bits_retain);
        flags.is_ok_and(|flags| !flags.contains(OFlag::O_NONBLOCK))
    }

    /// Whether a process has it open. One that cannot be examined has ended.
    pub fn is_open_in(&self, process: i32) -> bool {
        let Ok(entries) = fs::read_dir(format!("/proc/{process}/fd")) else {
            return false;
        };
        let timers = entries
            .flatten()
            .filter(|entry| fs::read_link(entry.path()).is_ok_and(|link| link.as_os_str() == LINK));
        let mut numbers = timers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.any(|fd| self.is(process, fd))
    }

    fn set_ticks(&self, ticks: u64) -> io::Result<()> {
        // SAFETY: the kernel reads `ticks`, which lives for the whole call.
        outcome(unsafe { libc::ioctl(self.0.as_raw_fd(), SET_TICKS, &raw const ticks) })
    }
}

fn outcome(returned: libc::c_int) -> io::Result<()> {
    match returned {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::is_readable;
    use std::time::Duration;

    #[test]
    fn a_timer_expires_on_request_and_forgets_that_when_it_is_armed() {
        if !TimerFile::can_be_controlled() {
            eprintln!("skipped: the kernel was built without checkpoints");
            return;
        }
        let own = std::process::id().cast_signed();
        // SAFETY: timerfd_create takes numbers only.
        let theirs = owned(|| i64::from(unsafe { libc::timerfd_create(libc::CLOCK_BOOTTIME, 0) })).unwrap();
        let timer = TimerFile::of(own, theirs.as_raw_fd()).unwrap().expect("it is a timer");
        let readable = || is_readable(&theirs, Duration::ZERO);
        assert!(!readable() && timer.is_open_in(own));
        timer.expires().unwrap();
        timer.expires().unwrap();
        assert!(readable());
        assert_eq!(timer.clock_and_ticks().unwrap(), (libc::CLOCK_BOOTTIME as u64, 2));
        timer.forgets().unwrap();
        assert!(!readable() && timer.is(own, theirs.as_raw_fd()));
        let pipe = io::pipe().unwrap().0;
        assert!(TimerFile::of(own, pipe.as_raw_fd()).unwrap().is_none());
    }
}
