//! The operating system, where the standard library does not reach: the only unsafe code of the crate.
//!
//! | file | what | unsafe because |
//! |---|---|---|
//! | `process.rs` | fork a worker, look whether it ended, kill it | `fork` gives the child a copy of everything |
//! | `supervisor.rs` | child processes under a deadline and a cancellation | it is not |
//! | `task_state.rs` | the state of a process or thread in `/proc/PID/stat` | it is not |
//! | `probe.rs` | whether a directory answers | `fork` |
//! | `memory.rs` | memory that forked processes share | a mapping is a raw pointer |
//! | `futex.rs` | sleep until a word of that memory changes | the call is not in libc's prototypes |
//! | `clock.rs` | the monotonic clock, comparable between processes | it is not |
//! | `machine.rs` | kernel, limits, the file system under a directory | it is not |
//! | `namespace.rs` | namespaces of our own, and mounts in them | it is not |
//! | `affinity.rs` | one CPU for a tracer and its tracees | it is not |
//! | `tracee.rs`, `registers.rs` | traced tasks, running or stopped | ptrace takes raw addresses |
//! | `zygote.rs` | a process from which others are forked on order | `fork` |
//! | `syscalls.rs` | the calls that stop a traced program, with their arguments | it is not |
//! | `arguments.rs` | what arguments of calls mean, in the words of `Fs` | it is not |
//! | `bits.rs` | flags of system calls by name | it is not |
//! | `filter.rs` | the seccomp filter that stops it there | it is not |
//! | `seccomp.rs` | loads filters | it is not |
//! | `fifo.rs` | named pipes | it is not |
//! | `launch.rs` | becoming a program | handlers of signals |
//! | `waits.rs` | whether a lock could be had that another process waits for | it is not |
//! | `trace.rs` | what a stopped process is about to call, and its memory | it is not |
//!
//! Deliberately knows nothing of locks, rounds or workers' work; every function is safe to call with any arguments.

pub mod affinity;
pub mod arguments;
pub mod bits;
pub mod clock;
pub mod convert;
pub mod fifo;
pub mod filter;
#[expect(unsafe_code, reason = "a system call without a prototype")]
pub mod futex;
#[expect(unsafe_code, reason = "signals are reset")]
pub mod launch;
pub mod machine;
#[expect(unsafe_code, reason = "a mapping is a raw pointer")]
pub mod memory;
pub mod namespace;
#[expect(unsafe_code, reason = "fork, and raw calls after it")]
pub mod probe;
#[expect(unsafe_code, reason = "fork and _exit")]
pub mod process;
#[cfg_attr(
    target_arch = "aarch64",
    expect(unsafe_code, reason = "a request of ptrace that nix has no name for")
)]
pub mod registers;
pub mod seccomp;
pub mod supervisor;
pub mod syscalls;
pub mod task_state;
pub mod trace;
#[expect(unsafe_code, reason = "ptrace and waitpid, where nix has no words")]
pub mod tracee;
pub mod waits;
#[expect(unsafe_code, reason = "fork, _exit, and a call that does not exist")]
pub mod zygote;

use std::io;
use std::path::{Path, PathBuf};

pub use memory::Shared;

/// How many CPUs this process may use; 1 when the kernel does not tell.
pub fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The user for whom files are created.
pub fn effective_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Makes a directory in `parent` whose name begins with `prefix` and exists nowhere else; only this user may enter it:
/// [mkdtemp(3)](https://man7.org/linux/man-pages/man3/mkdtemp.3.html).
///
/// # Errors
///
/// When `parent` does not take a directory, or when the working directory is needed and unknown.
pub fn create_unique_directory(parent: &Path, prefix: &str) -> io::Result<PathBuf> {
    let template = std::path::absolute(parent)?.join(format!("{prefix}XXXXXX"));
    Ok(nix::unistd::mkdtemp(&template)?)
}

/// Lets another process have the CPU: [sched_yield(2)](https://man7.org/linux/man-pages/man2/sched_yield.2.html).
pub fn give_way() {
    std::thread::yield_now();
}
