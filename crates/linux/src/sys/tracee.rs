//! Traced tasks, each either running or stopped: [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html).
//!
//! A [`Stopped`] task is in our hand: it is looked at, changed, and let go, which makes it [`Running`]. Only [`look`] makes a
//! stopped task of a running one, so that nobody touches a task that runs. Deliberately knows no call by name and no contender.
//!
//! ptrace belongs to the thread that attached: all of this is called by one thread.

use std::io;
use std::time::Duration;

use nix::errno::Errno as KernelErrno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::process::Ended;
use super::registers::Registers;
use super::trace::Entry;

/// A task that runs, sleeps in the kernel, or has stopped and was not looked at yet.
#[derive(Debug)]
pub struct Running(Pid);

/// A task that stands still until it is let go. One that is dropped instead stands there until it is killed.
#[derive(Debug)]
#[must_use = "a task that is forgotten stands still"]
pub struct Stopped(Pid);

/// What [`look`] found out about a task.
#[derive(Debug)]
pub enum Seen {
    /// It has stopped.
    Stopped(Stopped, Why),
    /// It is gone.
    Ended(i32, Ended),
}

/// Why a task stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is about to make a call that the filter does not allow by itself.
    Entry,
    /// The call was made.
    Exit,
    /// It is new.
    New,
    /// It has made another task, by fork or clone.
    Born(i32),
    /// It has made another process, and sleeps until that has called execve or is gone.
    Vforked(i32),
    /// See [`Why::Vforked`]: it does not sleep any more.
    VforkDone,
    /// It runs another program; the task that called execve had this number before.
    Executed(i32),
    /// It gets this signal.
    Signal(i32),
    /// It was stopped by this signal, as by Ctrl-Z.
    Suspended(i32),
    /// A stop that was not requested, as a kernel may report that is newer than this program.
    Unknown {
        /// Its signal.
        signal: i32,
        /// Its event, `PTRACE_EVENT_*`.
        event: i32,
    },
}

/// How far a task that is let go may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To its next stop of any kind but [`Why::Exit`].
    Next,
    /// At the latest to the exit of the call that it is about to make.
    Exit,
}

/// What is asked of the kernel for each task: stops at calls, at births, at execve; and that it dies with us.
const OPTIONS: Options = Options::PTRACE_O_TRACESYSGOOD
    .union(Options::PTRACE_O_TRACESECCOMP)
    .union(Options::PTRACE_O_TRACEFORK)
    .union(Options::PTRACE_O_TRACEVFORK)
    .union(Options::PTRACE_O_TRACEVFORKDONE)
    .union(Options::PTRACE_O_TRACECLONE)
    .union(Options::PTRACE_O_TRACEEXEC)
    .union(Options::PTRACE_O_EXITKILL);

/// Traces a running process, without stopping it, and all that will come from it.
///
/// # Errors
///
/// `EPERM` where the machine forbids it: Yama, a container's filter, another user's process.
pub fn seize(pid: i32) -> io::Result<Running> {
    let pid = Pid::from_raw(pid);
    ptrace::seize(pid, OPTIONS)?;
    Ok(Running(pid))
}

/// What has happened to any traced task since the last look, without waiting:
/// [waitpid(2)](https://man7.org/linux/man-pages/man2/waitpid.2.html).
///
/// Not by nix, which has no words for real-time signals and so would swallow a stop.
///
/// # Errors
///
/// When a task that has stopped cannot be asked why.
pub fn look() -> io::Result<Option<Seen>> {
    let mut status = 0;
    // SAFETY: the kernel writes to `status`, which lives for the whole call.
    let task = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WALL) };
    match task {
        0 => Ok(None),
        task if task > 0 => seen(Pid::from_raw(task), status),
        _ => match io::Error::last_os_error() {
            // Nobody is there to look at, or a signal came: nothing has happened either way.
            error if matches!(error.raw_os_error(), Some(libc::ECHILD | libc::EINTR)) => Ok(None),
            error => Err(error),
        },
    }
}

/// Makes changes of tasks wake whoever [waits](await_change) for them; from now on, for this thread and what it forks.
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

/// Sleeps until a traced task has changed, or `longest` is over: then nothing need have happened.
///
/// A change that came before, and was not waited for, ends the sleep at once; [`listen`] comes first. It gives the CPU away
/// as sched_yield(2) does, but gets it back when there is something to do, whoever else computes on it.
pub fn await_change(longest: Duration) {
    let mut changes = SigSet::empty();
    changes.add(Signal::SIGCHLD);
    let longest = nix::sys::time::TimeSpec::from_duration(longest);
    // SAFETY: both are read only, and live for the whole call; nothing is told about the signal.
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
    let told = || match ptrace::getevent(task) {
        Ok(told) => i32::try_from(told).map_err(io::Error::other),
        // Somebody killed it meanwhile; its end comes next, and this does not matter any more.
        Err(KernelErrno::ESRCH) => Ok(0),
        Err(errno) => Err(io::Error::from(errno)),
    };
    let why = match (libc::WSTOPSIG(status), status >> 16) {
        (signal, 0) if signal == libc::SIGTRAP | 0x80 => Why::Exit,
        (signal, 0) => Why::Signal(signal),
        (_, libc::PTRACE_EVENT_SECCOMP) => Why::Entry,
        (_, libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_CLONE) => Why::Born(told()?),
        (_, libc::PTRACE_EVENT_VFORK) => Why::Vforked(told()?),
        (_, libc::PTRACE_EVENT_VFORK_DONE) => Why::VforkDone,
        (_, libc::PTRACE_EVENT_EXEC) => Why::Executed(told()?),
        (libc::SIGTRAP, libc::PTRACE_EVENT_STOP) => Why::New,
        (signal, libc::PTRACE_EVENT_STOP) => Why::Suspended(signal),
        (signal, event) => Why::Unknown { signal, event },
    };
    Ok(Some(Seen::Stopped(Stopped(task), why)))
}

/// Sends SIGKILL to the process that this task belongs to, stopped or not. One that is gone already is fine.
pub fn kill_process(group: i32) {
    // ESRCH is the only error that a process of ours can get: it is gone.
    let _gone = kill(Pid::from_raw(group), Signal::SIGKILL);
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

    /// Lets it go on, with a signal that it shall get.
    ///
    /// One that was killed meanwhile counts as running until [`look`] tells of its end.
    pub fn go(self, until: Until, signal: Option<i32>) -> Running {
        let request = match until {
            Until::Next => libc::PTRACE_CONT,
            Until::Exit => libc::PTRACE_SYSCALL,
        };
        self.ask(request, signal.unwrap_or(0))
    }

    /// Leaves it suspended by the signal that suspended it, as if it were not traced.
    pub fn stay_suspended(self) -> Running {
        self.ask(libc::PTRACE_LISTEN, 0)
    }

    fn ask(self, request: libc::c_uint, number: i32) -> Running {
        let address = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: these requests touch no memory of ours; the last argument is a number.
        let asked = unsafe { libc::ptrace(request, self.0.as_raw(), address, i64::from(number)) };
        debug_assert!(
            asked == 0 || KernelErrno::last() == KernelErrno::ESRCH,
            "a stopped task of ours can be let go"
        );
        Running(self.0)
    }

    /// The call that it is about to make, at [`Why::Entry`].
    ///
    /// # Errors
    ///
    /// When it was killed meanwhile, or stands elsewhere.
    pub fn entry(&self) -> io::Result<Entry> {
        let told = ptrace::syscall_info(self.0)?;
        match told.op {
            libc::PTRACE_SYSCALL_INFO_SECCOMP => {
                // SAFETY: `op` says which of the variants the kernel has written.
                let call = unsafe { told.u.seccomp };
                Ok(Entry {
                    architecture: told.arch,
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
    /// When it was killed meanwhile, or stands elsewhere.
    pub fn returned(&self) -> io::Result<i64> {
        let told = ptrace::syscall_info(self.0)?;
        match told.op {
            // SAFETY: `op` says which of the variants the kernel has written.
            libc::PTRACE_SYSCALL_INFO_EXIT => Ok(unsafe { told.u.exit }.sval),
            _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        }
    }

    /// Its registers.
    ///
    /// # Errors
    ///
    /// When it was killed meanwhile.
    pub fn registers(&self) -> io::Result<Registers> {
        Registers::of(self.0)
    }

    /// Changes its registers.
    ///
    /// # Errors
    ///
    /// When it was killed meanwhile.
    pub fn set_registers(&self, registers: &Registers) -> io::Result<()> {
        registers.write(self.0)
    }

    /// At [`Why::Entry`]: the call will not be made, and returns this.
    ///
    /// # Errors
    ///
    /// When it was killed meanwhile.
    pub fn answer(&self, returned: i64) -> io::Result<()> {
        let mut registers = self.registers()?;
        registers.skip(returned);
        self.set_registers(&registers)
    }

    /// At [`Why::Entry`]: the call will be made with these arguments.
    ///
    /// # Errors
    ///
    /// When it was killed meanwhile.
    pub fn rewrite(&self, arguments: [u64; 6]) -> io::Result<()> {
        let mut registers = self.registers()?;
        registers.set_arguments(arguments);
        self.set_registers(&registers)
    }

    /// At [`Why::Exit`]: the call will be made once more, as it was asked for at its entry.
    ///
    /// # Errors
    ///
    /// When it was killed meanwhile.
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
