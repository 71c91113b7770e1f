//! System calls beyond the standard library: the only unsafe code of the crate.
//!
//! | file | what | unsafe because |
//! |---|---|---|
//! | `process.rs` | fork a worker, check whether it ended, kill it | `fork` gives the child a copy of everything |
//! | `supervisor.rs` | child processes under a deadline and a cancel token | no unsafe code |
//! | `abilities.rs` | what the kernel lets this process do | no unsafe code |
//! | `isolated.rs` | one piece of work in a separate process | no unsafe code |
//! | `task_state.rs` | the state of a process or thread in `/proc/PID/stat` | no unsafe code |
//! | `orphans.rs` | ends processes whose parents have ended | no unsafe code |
//! | `probe.rs` | whether the file system of a directory answers | `fork` |
//! | `memory.rs` | memory that forked processes share | a mapping is a raw pointer |
//! | `futex.rs` | sleep until a word of that memory changes | the call is not in libc's prototypes |
//! | `clock.rs` | the monotonic clock, comparable between processes | no unsafe code |
//! | `machine.rs` | kernel, limits, the file system under a directory | no unsafe code |
//! | `namespace.rs` | a private mount and PID namespace, and mounts in it | `mount_setattr` is not in libc's prototypes |
//! | `sealed.rs` | a world of their own for traced programs | no unsafe code |
//! | `private_layers.rs` | private layers over the places that programs write to | no unsafe code |
//! | `layer_places.rs` | which places that are | no unsafe code |
//! | `layer_contents.rs` | what programs have written there, removed again | no unsafe code |
//! | `mount_points.rs` | where something is mounted | no unsafe code |
//! | `loopback.rs` | the loopback interface of a new network namespace | ioctl takes a C struct |
//! | `affinity.rs` | one CPU for a tracer and its tracees | no unsafe code |
//! | `counter.rs` | the counter of the processor, taken from a program | a system call without a prototype |
//! | `tracee.rs`, `registers.rs` | traced tasks, running or stopped | ptrace takes raw addresses |
//! | `private_state.rs` | whether a fork copies all of the state of a process | calls without a prototype |
//! | `zygote.rs` | a process that forks others on request | `fork` |
//! | `syscalls.rs` | the system calls that stop a traced program, with their arguments | no unsafe code |
//! | `arguments.rs` | arguments of system calls as values of `Fs` | no unsafe code |
//! | `bits.rs` | flags of system calls by name | no unsafe code |
//! | `filter.rs` | the seccomp filter that stops a program at these calls | no unsafe code |
//! | `seccomp.rs` | loads filters | no unsafe code |
//! | `fifo.rs` | named pipes | no unsafe code |
//! | `launch.rs` | becoming a program | handlers of signals |
//! | `lines.rs` | lines from a pipe, each awaited for a limited time | no unsafe code |
//! | `descriptors.rs` | the descriptors of a stopped process: locks, copies, readiness | calls without a prototype |
//! | `passing.rs` | the calls that pass without a stop, each with its reason | no unsafe code |
//! | `timer_file.rs` | timers behind a descriptor of a traced program | ioctl takes an address |
//! | `signals.rs` | the signals of timers | a system call without a prototype |
//! | `waits.rs` | whether a lock that another process waits for is available | no unsafe code |
//! | `trace.rs` | the next system call of a stopped process, and its memory | no unsafe code |
//!
//! Knows nothing of locks and rounds. Every function is safe to call with any arguments.

pub mod abilities;
pub mod affinity;
pub mod arguments;
pub mod bits;
pub mod clock;
pub mod convert;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "a system call without a prototype")
)]
pub mod counter;
#[expect(unsafe_code, reason = "system calls without a prototype")]
pub mod descriptors;
pub mod fifo;
pub mod filter;
#[expect(unsafe_code, reason = "a system call without a prototype")]
pub mod futex;
pub mod isolated;
#[expect(unsafe_code, reason = "signals are reset")]
pub mod launch;
mod layer_contents;
mod layer_places;
pub mod lines;
#[expect(unsafe_code, reason = "ioctl on a C struct")]
pub mod loopback;
pub mod machine;
#[expect(unsafe_code, reason = "a mapping is a raw pointer")]
pub mod memory;
mod mount_points;
#[expect(unsafe_code, reason = "a system call without a prototype")]
pub mod namespace;
pub mod orphans;
pub mod passing;
pub mod private_layers;
#[expect(unsafe_code, reason = "system calls without a prototype")]
pub mod private_state;
#[expect(unsafe_code, reason = "fork, and raw calls after it")]
pub mod probe;
#[expect(unsafe_code, reason = "fork and _exit")]
pub mod process;
#[cfg_attr(
    target_arch = "aarch64",
    expect(unsafe_code, reason = "a request of ptrace that nix has no name for")
)]
pub mod registers;
pub mod sealed;
pub mod seccomp;
#[expect(unsafe_code, reason = "a system call without a prototype")]
pub mod signals;
pub mod supervisor;
pub mod syscalls;
pub mod task_state;
#[expect(unsafe_code, reason = "ioctl takes an address")]
pub mod timer_file;
pub mod trace;
#[expect(unsafe_code, reason = "ptrace and waitpid, where nix has no words")]
pub mod tracee;
pub mod waits;
#[expect(unsafe_code, reason = "fork, _exit, and a call that waits for an order")]
pub mod zygote;

use std::io;
use std::path::{Path, PathBuf};

pub use memory::Shared;

/// The number of CPUs that this process may use; 1 if unknown.
pub fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The user who owns the files that this process creates.
pub fn effective_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Makes a directory in `parent` with a unique name that begins with `prefix`; only this user may enter it:
/// [mkdtemp(3)](https://man7.org/linux/man-pages/man3/mkdtemp.3.html).
///
/// # Errors
///
/// When `parent` does not take a directory, or when the working directory is needed and unknown.
pub fn create_unique_directory(parent: &Path, prefix: &str) -> io::Result<PathBuf> {
    let template = std::path::absolute(parent)?.join(format!("{prefix}XXXXXX"));
    Ok(nix::unistd::mkdtemp(&template)?)
}

/// Yields the CPU to another process: [sched_yield(2)](https://man7.org/linux/man-pages/man2/sched_yield.2.html).
pub fn yield_cpu() {
    std::thread::yield_now();
}
