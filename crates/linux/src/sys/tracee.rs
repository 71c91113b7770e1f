//! Traced tasks, each either running or stopped: [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html).
//!
//! A [`Stopped`] task can be read, changed, and continued, which makes it [`Running`]. Only [`look`] turns a running task into a
//! stopped one, so a running task cannot be touched. Knows no call by name and no contender.
//!
//! ptrace belongs to the thread that attached, so one thread makes all these calls.

use std::io;
use std::time::Duration;

use nix::errno::Errno as KernelErrno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::process::Ended;
use super::registers::Registers;
use super::trace::Entry;

/// A task that runs, sleeps in the kernel, or whose stop was not read yet.
#[derive(Debug)]
pub struct Running(Pid);

/// A task that is stopped until it is continued. If this is dropped, the task stays stopped until it is killed.
#[derive(Debug)]
#[must_use = "a task that is dropped stays stopped"]
pub struct Stopped(Pid);

/// A change of a task, returned by [`look`].
#[derive(Debug)]
pub enum Seen {
    /// The task has stopped.
    Stopped(Stopped, Why),
    /// The task has ended.
    Ended(i32, Ended),
}

/// Why a task stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is about to make a call that the filter does not let pass.
    Entry,
    /// The call was made.
    Exit,
    /// It is new.
    New,
    /// It has made another task, by fork or clone.
    Born(i32),
    /// It has made another process, and sleeps until that has called execve or is gone.
    Vforked(i32),
    /// See [`Why::Vforked`]: it no longer sleeps.
    VforkDone,
    /// It has executed a program. The task that called execve had this number before.
    Executed(i32),
    /// It receives this signal.
    Signal(i32),
    /// This signal has stopped it, as Ctrl-Z does.
    Suspended(i32),
    /// A stop that was not requested, as a kernel may report that is newer than this program.
    Unknown {
        /// Its signal.
        signal: i32,
        /// Its event, `PTRACE_EVENT_*`.
        event: i32,
    },
}

/// How far a continued task may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To its next stop of any kind but [`Why::Exit`].
    Next,
    /// At the latest to the exit of the call that it is about to make.
    Exit,
}

/// The trace options of each task: stops at calls, forks and execve; and it dies with the tracer.
const OPTIONS: Options = Options::PTRACE_O_TRACESYSGOOD
    .union(Options::PTRACE_O_TRACESECCOMP)
    .union(Options::PTRACE_O_TRACEFORK)
    .union(Options::PTRACE_O_TRACEVFORK)
    .union(Options::PTRACE_O_TRACEVFORKDONE)
    .union(Options::PTRACE_O_TRACECLONE)
    .union(Options::PTRACE_O_TRACEEXEC)
    .union(Options::PTRACE_O_EXITKILL);

/// Traces a running process, without stopping it, and everything that it will start.
///
/// # Errors
///
/// `EPERM` where the machine forbids it: Yama, a container's filter, another user's process.
pub fn seize(pid: i32) -> io::Result<Running> {
    let pid = Pid::from_raw(pid);
    ptrace::seize(pid, OPTIONS)?;
    Ok(Running(pid))
}

/// The next change of any traced task, without waiting:
/// [waitpid(2)](https://man7.org/linux/man-pages/man2/waitpid.2.html).
///
/// Not through nix, which does not know real-time signals and would lose their stops.
///
/// # Errors
///
/// When a task has stopped, and the kernel does not say why or names an event that is not known here.
pub fn look() -> io::Result<Option<Seen>> {
    let mut status = 0;
    // SAFETY: the kernel writes to `status`, which lives for the whole call.
    let task = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WALL) };
    match task {
        0 => Ok(None),
        task if task > 0 => seen(Pid::from_raw(task), status),
        _ => match io::Error::last_os_error() {
            // There is no task, or a signal came: nothing has changed.
            error if matches!(error.raw_os_error(), Some(libc::ECHILD | libc::EINTR)) => Ok(None),
            error => Err(error),
        },
    }
}

/// Makes changes of tasks wake [`await_change`], from now on, for this thread and the processes that it forks.
///
/// # Errors
///
/// When the kernel refuses.
pub fn listen() -> io::Result<()> {
    let mut changes = SigSet::empty();
    changes.add(Signal::SIGCHLD);
    changes.thread_block()?;
    // A sleep of microseconds must not become one of fifty (PR_SET_TIMERSLACK, prctl(2)).
    nix::sys::prctl::set_timerslack(1)?;
    Ok(())
}

/// Sleeps until a traced task has changed, at most `longest`. It may return without a change.
///
/// Call [`listen`] first. An earlier change that was not waited for ends the sleep immediately. The sleep yields the CPU as
/// sched_yield(2) does, but a change gives it back even if other processes compute.
pub fn await_change(longest: Duration) {
    let mut changes = SigSet::empty();
    changes.add(Signal::SIGCHLD);
    let longest = nix::sys::time::TimeSpec::from_duration(longest);
    // SAFETY: both are only read, and live for the whole call; no information about the signal is requested.
    let _signal = unsafe { libc::sigtimedwait(changes.as_ref(), std::ptr::null_mut(), longest.as_ref()) };
}

fn seen(task: Pid, status: i32) -> io::Result<Option<Seen>> {
    if libc::WIFEXITED(status) {
        let code = u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX);
        return Ok(Some(Seen::Ended(task.as_raw(), Ended::Exited(code))));
    }
    if libc::WIFSIGNALED(status) {
        return Ok(Some(Seen::Ended(task.as_raw(), Ended::Killed(libc::WTERMSIG(status)))));
    }
    let message = || match ptrace::getevent(task) {
        Ok(number) => i32::try_from(number).map_err(io::Error::other),
        // It was killed in the meantime. Its end comes next, so this value does not matter.
        Err(KernelErrno::ESRCH) => Ok(0),
        Err(errno) => Err(io::Error::from(errno)),
    };
    let why = match (libc::WSTOPSIG(status), status >> 16) {
        (signal, 0) if signal == libc::SIGTRAP | 0x80 => Why::Exit,
        (signal, 0) => Why::Signal(signal),
        (_, libc::PTRACE_EVENT_SECCOMP) => Why::Entry,
        (_, libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_CLONE) => Why::Born(message()?),
        (_, libc::PTRACE_EVENT_VFORK) => Why::Vforked(message()?),
        (_, libc::PTRACE_EVENT_VFORK_DONE) => Why::VforkDone,
        (_, libc::PTRACE_EVENT_EXEC) => Why::Executed(message()?),
        (libc::SIGTRAP, libc::PTRACE_EVENT_STOP) => Why::New,
        (signal, libc::PTRACE_EVENT_STOP) => Why::Suspended(signal),
        (signal, event) => Why::Unknown { signal, event },
    };
    Ok(Some(Seen::Stopped(Stopped(task), why)))
}

/// Sends SIGKILL to the process of this task, stopped or not. It may have ended already.
pub fn kill_process(group: i32) {
    // The only possible error is ESRCH: the process has ended.
    let _gone = kill(Pid::from_raw(group), Signal::SIGKILL);
}

/// Stops a task that sleeps in a call, at the exit of that call, which reports `-ERESTART*`: `PTRACE_INTERRUPT`. The task must
/// have been continued with [`Until::Exit`].
///
/// # Errors
///
/// When it was killed in the meantime.
pub fn interrupt(task: i32) -> io::Result<()> {
    Ok(ptrace::interrupt(Pid::from_raw(task))?)
}

impl Running {
    /// Its number.
    pub fn task(&self) -> i32 {
        self.0.as_raw()
    }
}

impl Stopped {
    /// Its number.
    pub fn task(&self) -> i32 {
        self.0.as_raw()
    }

    /// Continues it, and delivers a signal if there is one.
    ///
    /// A task that was killed in the meantime counts as running until [`look`] returns its end.
    pub fn go(self, until: Until, signal: Option<i32>) -> Running {
        let request = match until {
            Until::Next => libc::PTRACE_CONT,
            Until::Exit => libc::PTRACE_SYSCALL,
        };
        self.ask(request, signal.unwrap_or(0))
    }

    /// Leaves it stopped by the signal that stopped it, as if it were not traced.
    pub fn stay_suspended(self) -> Running {
        self.ask(libc::PTRACE_LISTEN, 0)
    }

    fn ask(self, request: libc::c_uint, number: i32) -> Running {
        let address = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: these requests touch no memory of ours; the last argument is a number.
        let asked = unsafe { libc::ptrace(request, self.0.as_raw(), address, i64::from(number)) };
        debug_assert!(
            asked == 0 || KernelErrno::last() == KernelErrno::ESRCH,
            "a stopped task can be continued"
        );
        Running(self.0)
    }

    /// The call that it is about to make, at [`Why::Entry`].
    ///
    /// # Errors
    ///
    /// When it was killed in the meantime, or is at another stop.
    pub fn entry(&self) -> io::Result<Entry> {
        let info = ptrace::syscall_info(self.0)?;
        match info.op {
            libc::PTRACE_SYSCALL_INFO_SECCOMP => {
                // SAFETY: `op` says which of the variants the kernel has written.
                let call = unsafe { info.u.seccomp };
                Ok(Entry {
                    architecture: info.arch,
                    number: call.nr,
                    arguments: call.args,
                })
            }
            _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        }
    }

    /// What the call returned, at [`Why::Exit`]; negative for an error number.
    ///
    /// # Errors
    ///
    /// When it was killed in the meantime, or is at another stop.
    pub fn returned(&self) -> io::Result<i64> {
        let info = ptrace::syscall_info(self.0)?;
        match info.op {
            // SAFETY: `op` says which of the variants the kernel has written.
            libc::PTRACE_SYSCALL_INFO_EXIT => Ok(unsafe { info.u.exit }.sval),
            _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        }
    }

    /// Where the signal comes from that has stopped it, at [`Why::Signal`]: `si_code` of
    /// [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html).
    ///
    /// # Errors
    ///
    /// When it was killed in the meantime.
    pub fn signal_code(&self) -> io::Result<i32> {
        Ok(ptrace::getsiginfo(self.0)?.si_code)
    }

    /// Its registers.
    ///
    /// # Errors
    ///
    /// When it was killed in the meantime.
    pub fn registers(&self) -> io::Result<Registers> {
        Registers::of(self.0)
    }

    /// Changes its registers.
    ///
    /// # Errors
    ///
    /// When it was killed in the meantime.
    pub fn set_registers(&self, registers: &Registers) -> io::Result<()> {
        registers.write(self.0)
    }

    /// At [`Why::Entry`]: the call is not made, and returns this value.
    ///
    /// # Errors
    ///
    /// When it was killed in the meantime.
    pub fn answer(&self, returned: i64) -> io::Result<()> {
        let mut registers = self.registers()?;
        registers.skip(returned);
        self.set_registers(&registers)
    }

    /// At [`Why::Entry`]: the call is made with these arguments.
    ///
    /// # Errors
    ///
    /// When it was killed in the meantime.
    pub fn rewrite(&self, arguments: [u64; 6]) -> io::Result<()> {
        let mut registers = self.registers()?;
        registers.set_arguments(arguments);
        self.set_registers(&registers)
    }

    /// At [`Why::Exit`]: the call is made again, with the arguments of its entry.
    ///
    /// # Errors
    ///
    /// When it was killed in the meantime.
    pub fn ask_again(&self, entry: &Entry) -> io::Result<()> {
        let mut registers = self.registers()?;
        registers.ask_again(entry);
        self.set_registers(&registers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_that_no_kernel_reports_today_is_named() {
        // A stop by SIGTRAP with event 99: the low byte says that it stopped.
        let status = 99 << 16 | libc::SIGTRAP << 8 | 0x7f;
        let seen = seen(Pid::from_raw(1), status).unwrap();
        let Some(Seen::Stopped(stopped, why)) = seen else {
            panic!("{seen:?}");
        };
        let (signal, event) = (libc::SIGTRAP, 99);
        assert_eq!((stopped.task(), why), (1, Why::Unknown { signal, event }));
    }
}
