//! A traced process from which others are forked on order.
//!
//! It has a single thread and does nothing but wait for orders, so that what is forked from it may do what any process may.
//! It waits at a call that no kernel has; its tracer answers that call with the order. Deliberately knows nothing of what the
//! forked processes do.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{fs, os::fd::AsFd};

use nix::fcntl::{OFlag, open};
use nix::sys::personality::{self, Persona};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::Mode;
use nix::unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, fork, setpgid};

use super::process::{ForkError, PANICKED, Worker};

/// The number of the call at which a zygote waits for orders. No kernel has it, so that without a tracer it fails.
pub const AWAIT_ORDER: u64 = 0x0077_a17e;

/// The exit code of a zygote that may not switch off address randomisation:
/// [personality(2)](https://man7.org/linux/man-pages/man2/personality.2.html).
pub const NO_PERSONALITY: u8 = 102;

/// The number of clone(2).
pub const CLONE: u64 = libc::SYS_clone as u64;
/// Its arguments for a process like the caller, with the caller's parent as its own: `CLONE_PARENT | SIGCHLD`.
pub const CLONE_ARGUMENTS: [u64; 6] = [(libc::CLONE_PARENT | libc::SIGCHLD) as u64, 0, 0, 0, 0, 0];

/// Whether a copy of the process would share with it how far a file is read: one beside the standard streams is open.
pub fn shares_offsets(process: i32) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return true;
    };
    let mut open = entries.filter_map(|entry| Some(entry.ok()?.path()));
    open.any(|path| {
        let number = path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        let has_offset = || fs::metadata(&path).is_ok_and(|metadata| metadata.is_file() || metadata.is_dir());
        number.is_none_or(|number| number > 2) && has_offset()
    })
}

/// A process that has a single thread, as was seen, and begins no other.
#[derive(Debug)]
pub struct Lonely(());

impl Lonely {
    /// Looks whether this process has a single thread.
    ///
    /// # Errors
    ///
    /// When it has more, or they cannot be counted.
    pub fn look() -> Result<Self, ForkError> {
        match fs::read_dir("/proc/self/task").map_err(ForkError::Uncounted)?.count() {
            1 => Ok(Self(())),
            threads => Err(ForkError::Threaded { threads }),
        }
    }
}

/// Forks a zygote. It waits until there is something to read from `go`, when it is traced, calls `begin`, and then
/// runs `serve` in a child of its own for each order, until an order is negative. The child exits with what `serve` returns.
///
/// The zygote has its own process group, and its standard input and output lead nowhere. It ignores the ends of its children,
/// so that a child that has ended is gone. Addresses are not drawn at random in what it executes.
///
/// # Errors
///
/// When this process has several threads, or the kernel has no process left.
pub fn fork_zygote(
    mut go: io::PipeReader,
    begin: impl FnOnce() -> u8,
    serve: impl Fn(i64) -> u8,
) -> Result<Worker, ForkError> {
    Worker::fork(move || {
        let lonely = Lonely(()); // It was forked a moment ago, and a fork takes one thread along.
        if prepare().is_err() {
            return PANICKED;
        }
        if personality::get()
            .and_then(|now| personality::set(now | Persona::ADDR_NO_RANDOMIZE))
            .is_err()
        {
            return NO_PERSONALITY;
        }
        if go.read(&mut [0]).is_err() {
            return PANICKED;
        }
        drop(go);
        match begin() {
            0 => {}
            code => return code,
        }
        loop {
            let order = await_order();
            if order < 0 {
                return 0;
            }
            if fork_served(&lonely, || serve(order)).is_err() {
                return PANICKED;
            }
        }
    })
}

fn prepare() -> nix::Result<()> {
    // No session of its own: that would be a scheduling group of its own, and a yielding tracer would get half the CPU.
    setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
    let nowhere = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
    dup2_stdin(nowhere.as_fd())?;
    dup2_stdout(nowhere.as_fd())?;
    // SAFETY: ignoring a signal installs no handler.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    Ok(())
}

fn await_order() -> i64 {
    // SAFETY: no kernel has this call; it takes no arguments and does nothing.
    unsafe { libc::syscall(AWAIT_ORDER.cast_signed()) }
}

fn fork_served(_lonely: &Lonely, serve: impl FnOnce() -> u8) -> nix::Result<()> {
    // SAFETY: after the fork of a *threaded* process only async-signal-safe functions may be called (fork(2)). This one has a
    // single thread: no lock was held by anybody else, so that the child may do what any process may.
    match unsafe { fork() }? {
        ForkResult::Parent { .. } => Ok(()),
        ForkResult::Child => {
            let code = catch_unwind(AssertUnwindSafe(serve)).unwrap_or(PANICKED);
            // SAFETY: it has no precondition and does not return: no exit handler of the parent runs.
            unsafe { libc::_exit(code.into()) }
        }
    }
}
