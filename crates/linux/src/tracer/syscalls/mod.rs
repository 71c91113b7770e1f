//! What system calls mean, and which objects they touch.
//!
//! | file | what it holds |
//! |---|---|
//! | `interpreter.rs` | the trait between the engine and those who understand calls |
//! | `primitives.rs` | the calls of a lock over `Fs`, predicted by the simulated file system |
//! | `fs_calls.rs` | registers and memory of such a call as a `Call`, and its reply |
//! | `programs.rs` | the calls of programs, observed from the kernel |
//! | `decision.rs` | whether a call of a program is a step |
//! | `spawn.rs` | calls that make a process, and devices with random bytes |
//! | `decode.rs` | a call of a program as a value: names, paths, descriptors |
//! | `footprint.rs` | which objects a call of a program touches |
//! | `watched_tree.rs` | the watched directories: what a path or a descriptor means there |
//! | `replies.rs` | what the kernel answered, without what differs between executions |
//! | `time_and_entropy.rs` | the virtual clock and the random bytes of programs |
//!
//! Starts and stops nothing.

mod decision;
mod decode;
mod footprint;
pub(crate) mod fs_calls;
pub(crate) mod interpreter;
pub(crate) mod primitives;
pub(crate) mod programs;
mod replies;
mod spawn;
mod time_and_entropy;
pub(crate) mod watched_tree;
