//! Worker processes: forked without exec, and killed with their parent.
//!
//! A worker cannot outlive its parent, return into its parent's code, or stay as a zombie when its [`Worker`] is dropped.

use std::fmt;
use std::fs::File;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Child;
use std::time::{Duration, Instant};
use std::{fs, io};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stderr, dup2_stdin, dup2_stdout, fork, getpid, getppid};

use onewinner_core::fs::Errno;

use super::convert;

/// The exit code of a worker whose code panicked: that of a Rust program that does.
pub const PANICKED: u8 = 101;
/// How long a killed worker may take to end: it may have to finish a call that cannot be interrupted.
pub const KILL_LIMIT: Duration = Duration::from_secs(5);
/// The time between two checks of a killed worker.
const KILL_POLL: Duration = Duration::from_micros(200);

/// Why a worker could not be forked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForkError {
    /// Another thread may hold a lock, for example of the allocator, which would never be released in the child.
    #[error(
        "failed to fork: this process has {threads} threads and must have one; race from a program's main thread \
         (under libtest, whose tests are threads, re-execute the test binary or set `harness = false`)"
    )]
    Threaded {
        /// The number of threads.
        threads: usize,
    },
    /// The threads could not be counted.
    #[error("failed to count the threads of this process in /proc/self/task: {0}; mount /proc")]
    Uncounted(#[source] io::Error),
    /// A pipe could not be made.
    #[error("failed to make a pipe: {0}; raise `ulimit -n`")]
    Pipe(#[source] io::Error),
    /// The kernel refused.
    #[error("failed to fork: {} ({errno}); use fewer processes, or raise `ulimit -u`", errno.text())]
    Refused {
        /// The kernel's error.
        #[source]
        errno: Errno,
    },
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Exited(u8),
    /// By this signal.
    Killed(i32),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit code {code}"),
            Self::Killed(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A forked process that has not been waited for. Dropped, it is killed.
#[derive(Debug)]
pub struct Worker {
    pid: Pid,
    ended: Option<Ended>,
    /// Whether it did not end in time after it was killed.
    stuck: bool,
}

impl Worker {
    /// Forks a process that runs `body`, exits with its result, and dies with this process.
    ///
    /// The worker ignores SIGINT, SIGTERM and SIGHUP: the terminal sends them to every process of its foreground group, and the
    /// parent cleans up.
    ///
    /// # Errors
    ///
    /// When this process has several threads, or the kernel has no process left.
    pub fn fork(body: impl FnOnce() -> u8) -> Result<Self, ForkError> {
        let parent = getpid();
        Self::forked(move || live(|| getppid() == parent, body))
    }

    /// Like [`fork`](Self::fork), for a process that may be the first of a PID namespace. It dies with this process, and the
    /// whole namespace with it.
    ///
    /// # Errors
    ///
    /// As [`fork`](Self::fork).
    pub fn fork_first(body: impl FnOnce() -> u8) -> Result<Self, ForkError> {
        // It cannot see its parent's pid. A pipe that only the parent can write to shows whether the parent is alive.
        let (reader, writer) = io::pipe().map_err(ForkError::Pipe)?;
        let mut writer = Some(writer);
        let worker = Self::forked(|| {
            drop(writer.take());
            live(|| !is_at_end(&reader), body)
        });
        // Stays open as long as this process lives.
        std::mem::forget(writer);
        worker
    }

    /// Takes over a child of this process. Nothing else may wait for it.
    pub(super) fn of(pid: Pid) -> Self {
        Self {
            pid,
            ended: None,
            stuck: false,
        }
    }

    /// Takes over a program. Nothing else may wait for it.
    pub(super) fn of_program(program: &Child) -> Self {
        Self::of(Pid::from_raw(program.id().cast_signed()))
    }

    fn forked(life: impl FnOnce() -> u8) -> Result<Self, ForkError> {
        let threads = fs::read_dir("/proc/self/task").map_err(ForkError::Uncounted)?.count();
        if threads != 1 {
            return Err(ForkError::Threaded { threads });
        }
        // SAFETY: after the fork of a *threaded* process only async-signal-safe functions may be called (fork(2)). This one has
        // a single thread, counted above: no other thread held a lock, so the child may do what any process may.
        match unsafe { fork() }.map_err(|errno| ForkError::Refused {
            errno: convert::errno(errno),
        })? {
            ForkResult::Parent { child } => Ok(Self::of(child)),
            ForkResult::Child => exit(life()),
        }
    }

    /// Its pid, for messages.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Whether and how it ended, without waiting: [waitpid(2)](https://man7.org/linux/man-pages/man2/waitpid.2.html).
    pub fn ended(&mut self) -> Option<Ended> {
        self.ask(WaitPidFlag::WNOHANG);
        self.ended
    }

    fn ask(&mut self, flags: WaitPidFlag) {
        if self.ended.is_none() {
            self.ended = match waitpid(self.pid, Some(flags)) {
                Ok(WaitStatus::Exited(_, code)) => Some(Ended::Exited(u8::try_from(code).unwrap_or(u8::MAX))),
                Ok(WaitStatus::Signaled(_, signal, _)) => Some(Ended::Killed(signal as i32)),
                Ok(_) | Err(nix::errno::Errno::EINTR) => None,
                // This process ignores SIGCHLD, or something else waited for it: it has ended, and how is unknown.
                Err(_) => Some(Ended::Killed(0)),
            };
        }
    }

    /// Waits until it has ended, and returns how.
    pub fn wait(&mut self) -> Ended {
        loop {
            if let Some(ended) = self.ended {
                return ended;
            }
            self.ask(WaitPidFlag::empty());
        }
    }

    /// Sends SIGKILL, unless the worker is known to have ended.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            // The pid cannot have been reused: it was not waited for. So the call cannot fail.
            let killed = kill(self.pid, Signal::SIGKILL);
            debug_assert_eq!(killed, Ok(()), "an unreaped child can be killed");
        }
    }

    /// Waits for a killed worker until `deadline`. Returns whether it ended.
    pub fn wait_until_gone(&mut self, deadline: Instant) -> bool {
        while self.ended().is_none() {
            if Instant::now() > deadline {
                self.stuck = true;
                return false;
            }
            std::thread::sleep(KILL_POLL);
        }
        true
    }

    /// Whether it did not end in time after it was killed.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }
}

impl Drop for Worker {
    /// Kills the worker and waits, unless it is stuck already. A worker that a call holds in the kernel beyond [`KILL_LIMIT`] is
    /// left to `init`: it dies when the call returns.
    fn drop(&mut self) {
        self.kill();
        if !self.stuck {
            self.wait_until_gone(Instant::now() + KILL_LIMIT);
        }
    }
}

/// Makes this process die with its parent, which must be `parent`.
///
/// # Errors
///
/// When that parent has already ended.
pub fn die_with(parent: u32) -> io::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    if getppid().as_raw().cast_unsigned() == parent {
        Ok(())
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Ignores SIGINT, SIGTERM and SIGHUP. The terminal sends them to every process of its foreground group, and the parent of
/// this process cleans up.
///
/// # Errors
///
/// When the kernel refuses.
pub fn ignore_interrupts() -> io::Result<()> {
    for ignored in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: ignoring a signal installs no handler.
        unsafe { signal(ignored, SigHandler::SigIgn) }?;
    }
    Ok(())
}

/// Redirects the standard streams of this process to `/dev/null`.
///
/// A process that a call holds in the kernel keeps its files open, and their readers would wait for the end. So the command's
/// output must not be among them.
///
/// # Errors
///
/// When `/dev/null` cannot be opened.
pub fn detach_streams() -> io::Result<()> {
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nowhere)?;
    dup2_stdout(&nowhere)?;
    dup2_stderr(&nowhere)?;
    Ok(())
}

/// Whether this process was started with SIGHUP ignored, for example by nohup(1):
/// [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html).
pub fn ignores_hangup() -> bool {
    let mut now = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action nothing changes, and the old one is written to memory that is ours.
    let asked = unsafe { libc::sigaction(libc::SIGHUP, std::ptr::null(), now.as_mut_ptr()) };
    // SAFETY: the call has filled it in, for it did not fail.
    asked == 0 && unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// Whether data or the end of a pipe can be read within `limit`: [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html).
pub fn is_readable(reader: &impl AsFd, limit: Duration) -> bool {
    let mut watched = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
    let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
    // After an error the caller reads, and gets the reason.
    !matches!(poll(&mut watched, limit), Ok(0) | Err(nix::errno::Errno::EINTR))
}

/// Whether all writers of a pipe have closed it, without waiting: [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html).
pub fn is_at_end(reader: &impl AsFd) -> bool {
    let mut watched = [PollFd::new(reader.as_fd(), PollFlags::empty())];
    // A pipe that cannot be polled is as useless as one at its end.
    poll(&mut watched, PollTimeout::ZERO).is_err()
        || watched[0]
            .revents()
            .is_some_and(|seen| seen.intersects(PollFlags::POLLHUP | PollFlags::POLLERR))
}

/// Runs the child. Nothing of the parent is dropped here: its files and directories do not belong to the child.
fn live(parent_lives: impl FnOnce() -> bool, body: impl FnOnce() -> u8) -> u8 {
    // First: from here on the child dies with its parent (with the *thread* that forked it, the parent's only one).
    if set_pdeathsig(Signal::SIGKILL).is_err() || !parent_lives() {
        return PANICKED; // The parent died before the call, so no signal will come.
    }
    if ignore_interrupts().is_err() {
        return PANICKED;
    }
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(PANICKED)
}

/// [_exit(2)](https://man7.org/linux/man-pages/man2/_exit.2.html): without exit handlers, and without flushing buffers of the parent.
fn exit(code: u8) -> ! {
    // SAFETY: it has no precondition and does not return.
    unsafe { libc::_exit(code.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threaded_process_does_not_fork_and_gets_the_reason() {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || receiver.recv().is_ok());
        let error = Worker::fork(|| 0).expect_err("libtest has at least two threads, and here is a third");
        assert!(matches!(error, ForkError::Threaded { threads } if threads >= 2));
        assert!(error.to_string().contains("harness = false"), "{error}");
        drop(sender);
        assert!(!other.join().unwrap());
    }
}
