//! The operating system, where the standard library does not reach: the only unsafe code of the crate.
//!
//! | file | what | unsafe because |
//! |---|---|---|
//! | `process.rs` | fork a worker, look whether it ended, kill it | `fork` gives the child a copy of everything |
//! | `memory.rs` | memory that forked processes share | a mapping is a raw pointer |
//! | `futex.rs` | sleep until a word of that memory changes | the call is not in libc's prototypes |
//! | `clock.rs` | the monotonic clock, comparable between processes | it is not |
//! | `machine.rs` | kernel, limits, the file system under a directory | it is not |
//! | `syscalls.rs` | the calls that stop a traced program, with their arguments | it is not |
//! | `bits.rs` | flags of system calls by name | it is not |
//! | `filter.rs` | the seccomp filter that stops it there | it is not |
//! | `trace.rs` | what a stopped process is about to call, and its memory | it is not |
//!
//! Deliberately knows nothing of locks, rounds or workers' work; every function is safe to call with any arguments.

pub mod bits;
pub mod clock;
pub mod filter;
#[expect(unsafe_code, reason = "a system call without a prototype")]
pub mod futex;
pub mod machine;
#[expect(unsafe_code, reason = "a mapping is a raw pointer")]
pub mod memory;
#[expect(unsafe_code, reason = "fork and _exit")]
pub mod process;
pub mod syscalls;
pub mod trace;

pub use memory::Shared;

/// How many CPUs this process may use; 1 when the kernel does not tell.
pub fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The user for whom files are created.
pub fn effective_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Lets another process have the CPU: [sched_yield(2)](https://man7.org/linux/man-pages/man2/sched_yield.2.html).
pub fn give_way() {
    std::thread::yield_now();
}
