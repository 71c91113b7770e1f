//! A traced process that forks others on request.
//!
//! It has a single thread and only waits for orders, so a process that it forks may do anything. It waits at a call that every
//! filter of a container allows, with arguments that no program gives it; the tracer answers this call with the order.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{fs, os::fd::AsFd};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::personality::{self, Persona};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::Mode;
use nix::unistd::{ForkResult, Pid, dup2_stdin, dup2_stdout, fork, setpgid};

use super::process::{ForkError, PANICKED, Worker};
use super::trace::Entry;

/// A descriptor that no process has: a zygote waits for orders in a read(2) of it. Without a tracer that fails with `EBADF`.
const NO_DESCRIPTOR: i32 = -1;
/// How many bytes it asks for, so that no other read of such a descriptor is taken for it.
const ORDER_BYTES: u64 = 0x0077_a17e;

/// Whether a zygote that makes this call waits for an order.
pub fn awaits_order(entry: &Entry) -> bool {
    let [descriptor, _, bytes, ..] = entry.arguments;
    // The kernel reads the lower half of a descriptor.
    entry.number == libc::SYS_read as u64 && descriptor as i32 == NO_DESCRIPTOR && bytes == ORDER_BYTES
}

/// Switches off address space randomisation for the programs that this process, or a child of it, executes:
/// [personality(2)](https://man7.org/linux/man-pages/man2/personality.2.html). The filter of a container may refuse it.
///
/// # Errors
///
/// When the kernel refuses.
pub fn fix_addresses() -> io::Result<()> {
    let now = personality::get()?;
    personality::set(now | Persona::ADDR_NO_RANDOMIZE)?;
    Ok(())
}

/// The number of clone(2).
pub const CLONE: u64 = libc::SYS_clone as u64;
/// Its arguments for a process like the caller, whose parent is the caller's parent: `CLONE_PARENT | SIGCHLD`.
pub const CLONE_ARGUMENTS: [u64; 6] = [(libc::CLONE_PARENT | libc::SIGCHLD) as u64, 0, 0, 0, 0, 0];

/// The number of set_robust_list(2).
pub const SET_ROBUST_LIST: u64 = libc::SYS_set_robust_list as u64;
/// The number of prctl(2).
pub const CONTROL: u64 = libc::SYS_prctl as u64;
/// `PR_GET_TID_ADDRESS` of prctl(2): writes the address that set_tid_address(2) has set.
pub const GET_TID_ADDRESS: u64 = libc::PR_GET_TID_ADDRESS as u64;

/// The arguments of clone(2) as [`CLONE_ARGUMENTS`], for a process whose thread clears the word at this address when it ends:
/// a fork does not copy what set_tid_address(2) has set.
pub fn clone_arguments(clears: u64) -> [u64; 6] {
    let mut arguments = CLONE_ARGUMENTS;
    if clears != 0 {
        arguments[0] |= libc::CLONE_CHILD_CLEARTID as u64;
        // `kernel/fork.c`, `CONFIG_CLONE_BACKWARDS`: on some processors the last two arguments are exchanged.
        arguments[if cfg!(target_arch = "x86_64") { 3 } else { 4 }] = clears;
    }
    arguments
}

/// Proof that this process had a single thread when it was checked. It must not start another one.
#[derive(Debug)]
pub struct SingleThread(());

impl SingleThread {
    /// Checks that this process has a single thread.
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

/// Forks a zygote. It waits until `go` is readable, which means that it is traced, and calls `begin`. Then it runs `serve` in a
/// child for each order, until an order is negative. The child exits with the result of `serve`.
///
/// The zygote has its own process group, its standard input and output are `/dev/null`, and programs inherit no other descriptor
/// from it. It ignores SIGCHLD, so that its
/// children leave no zombies. Address space randomisation is off in the programs that it executes, if the kernel allows that:
/// see [`fix_addresses`].
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
        let single_thread = SingleThread(()); // A fork copies only the calling thread.
        if prepare().is_err() {
            return PANICKED;
        }
        // Where it is refused, the worker says so.
        let _random = fix_addresses();
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
            if fork_served(&single_thread, || serve(order)).is_err() {
                return PANICKED;
            }
        }
    })
}

fn prepare() -> nix::Result<()> {
    // Not a new session: that would be a scheduling group of its own, and a yielding tracer would get half the CPU.
    setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
    let nowhere = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
    dup2_stdin(nowhere.as_fd())?;
    dup2_stdout(nowhere.as_fd())?;
    keep_from_programs().map_err(|_| Errno::EBADF)?;
    // SAFETY: ignoring a signal installs no handler.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) }?;
    Ok(())
}

/// Marks each descriptor beside the standard streams, so that programs do not inherit it. Shells, build servers and editors leave
/// some open: contenders would share them, and so could neither be copied nor be compared.
fn keep_from_programs() -> io::Result<()> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let name = entry?.file_name();
        let descriptor: Option<i32> = name.to_str().and_then(|name| name.parse().ok());
        if let Some(descriptor) = descriptor.filter(|descriptor| *descriptor > libc::STDERR_FILENO) {
            // SAFETY: the flag of a descriptor touches no memory, and nothing here executes a program that needs one.
            unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    Ok(())
}

fn await_order() -> i64 {
    let nowhere = std::ptr::null_mut::<u8>();
    // SAFETY: no process has this descriptor, so the kernel reads nothing and writes to no memory.
    unsafe { libc::syscall(libc::SYS_read, NO_DESCRIPTOR, nowhere, ORDER_BYTES) }
}

fn fork_served(_single_thread: &SingleThread, serve: impl FnOnce() -> u8) -> nix::Result<()> {
    // SAFETY: after the fork of a *threaded* process only async-signal-safe functions may be called (fork(2)). This one has a
    // single thread: no other thread held a lock, so the child may do what any process may.
    match unsafe { fork() }? {
        ForkResult::Parent { .. } => Ok(()),
        ForkResult::Child => {
            let code = catch_unwind(AssertUnwindSafe(serve)).unwrap_or(PANICKED);
            // SAFETY: it has no precondition and does not return: no exit handler of the parent runs.
            unsafe { libc::_exit(code.into()) }
        }
    }
}
