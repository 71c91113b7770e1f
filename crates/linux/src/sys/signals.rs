//! Signals of timers, sent to a traced process as the kernel sends them.
//!
//! Knows no clock.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a timer sends when it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The signal.
    pub signal: i32,
    /// The number of the timer and its value, for one of timer_create(2).
    pub timer: Option<(i32, u64)>,
    /// The thread that receives the signal; any thread of the process if this is `None`.
    pub thread: Option<i32>,
}

/// Whether a process has a handler for a signal: `SigCgt` of
/// [proc_pid_status(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html). What cannot be read counts as one.
pub fn is_caught(process: i32, signal: i32) -> bool {
    let task = PathBuf::from(format!("/proc/{process}"));
    mask(&task, "SigCgt:").is_none_or(|mask| has(mask, signal))
}

/// Whether a signal ends or stops a process that has no handler for it: it is not ignored, and its default action is another one
/// ([signal(7)](https://man7.org/linux/man-pages/man7/signal.7.html)). What cannot be read counts as one.
pub fn acts_by_default(process: i32, signal: i32) -> bool {
    const IGNORED_BY_DEFAULT: [i32; 4] = [libc::SIGCHLD, libc::SIGCONT, libc::SIGURG, libc::SIGWINCH];
    let task = PathBuf::from(format!("/proc/{process}"));
    !IGNORED_BY_DEFAULT.contains(&signal) && mask(&task, "SigIgn:").is_none_or(|mask| !has(mask, signal))
}

/// Whether a thread of a process blocks a signal, and may wait for it: `SigBlk` there. What cannot be read counts as one.
pub fn is_blocked(process: i32, signal: i32) -> bool {
    let Ok(mut threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return true;
    };
    threads.any(|thread| {
        let blocked = thread.ok().and_then(|thread| mask(&thread.path(), "SigBlk:"));
        blocked.is_none_or(|blocked| has(blocked, signal))
    })
}

fn mask(task: &Path, name: &str) -> Option<u64> {
    let status = fs::read_to_string(task.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn has(mask: u64, signal: i32) -> bool {
    mask >> (signal - 1) & 1 == 1
}

/// `SIGSYS`: the filter has refused a call.
pub const BAD_SYSTEM_CALL: i32 = libc::SIGSYS;
/// `SIGSEGV`.
pub const SEGMENTATION_FAULT: i32 = libc::SIGSEGV;

/// The signal of alarm(2).
pub const ALARM: Expiry = Expiry {
    signal: libc::SIGALRM,
    timer: None,
    thread: None,
};

/// `siginfo_t` as the kernel reads it (`include/uapi/asm-generic/siginfo.h`), as words.
const INFO_WORDS: usize = 16;

/// Sends the signal of a timer to a process: [rt_sigqueueinfo(2)](https://man7.org/linux/man-pages/man2/rt_sigqueueinfo.2.html),
/// whose `si_code` says that it comes from a timer.
///
/// # Errors
///
/// When there is no such process.
pub fn send(group: i32, expiry: &Expiry) -> io::Result<()> {
    let Some((number, value)) = expiry.timer else {
        // SAFETY: it takes numbers only.
        let sent = unsafe { libc::kill(group, expiry.signal) };
        return outcome(i64::from(sent));
    };
    let pair = |low: i32, high: i32| u64::from(low.cast_unsigned()) | u64::from(high.cast_unsigned()) << 32;
    let mut info = [0; INFO_WORDS];
    // si_signo and si_errno, si_code, si_tid and si_overrun, si_value.
    info[0] = pair(expiry.signal, 0);
    info[1] = pair(libc::SI_TIMER, 0);
    info[2] = pair(number, 0);
    info[3] = value;
    let sent = match expiry.thread {
        // SAFETY: the kernel reads `info`, which has the size of `siginfo_t` and lives for the whole call.
        Some(thread) => unsafe {
            libc::syscall(libc::SYS_rt_tgsigqueueinfo, group, thread, expiry.signal, info.as_ptr())
        },
        // SAFETY: as above.
        None => unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, group, expiry.signal, info.as_ptr()) },
    };
    outcome(sent)
}

fn outcome(returned: i64) -> io::Result<()> {
    if returned == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Whether a signal is pending for this task that it does not block:
/// [proc_pid_status(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html). For a traced task that may be a signal
/// that it ignores (`sig_ignored`, `kernel/signal.c`).
///
/// # Errors
///
/// When the task has ended.
pub fn pending(task: i32) -> io::Result<bool> {
    Ok(interrupting(&fs::read_to_string(format!("/proc/{task}/status"))?) != 0)
}

/// The signals, a bit each, that are pending and not blocked, of a task with this status.
fn interrupting(status: &str) -> u64 {
    let set = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    };
    (set("SigPnd:") | set("ShdPnd:")) & !set("SigBlk:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_signal_interrupts_unless_it_is_blocked() {
        let status =
            |blocked: &str| format!("SigPnd:\t0000000000000000\nShdPnd:\t0000000000002000\nSigBlk:\t{blocked}\n");
        assert_eq!(interrupting(&status("0000000000000000")), 1 << 13);
        assert_eq!(interrupting(&status("0000000000002000")), 0);
        assert_eq!(interrupting(""), 0);
    }

    #[test]
    fn no_signal_is_pending_for_this_process() {
        assert!(!pending(std::process::id().cast_signed()).unwrap());
    }
}
