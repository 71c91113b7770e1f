//! What system calls mean, and which objects they touch.
//!
//! | file | what it holds |
//! |---|---|
//! | `interpreter.rs` | the trait between the engine and those who understand calls |
//! | `at_call.rs` | a task at a call, and what to do about it |
//! | `primitives.rs` | the calls of a lock over `Fs`, predicted by the simulated file system |
//! | `fs_calls.rs` | registers and memory of such a call as a `Call`, and its reply |
//! | `programs.rs` | the calls of programs, observed from the kernel |
//! | `examined.rs` | what a call that is no step has returned, corrected |
//! | `performed.rs` | what such a call has touched when it was made, and what its contender shows to others now |
//! | `decision.rs` | whether a call of a program is a step |
//! | `spawn.rs` | calls that make a process |
//! | `made_files.rs` | files and devices whose contents the tracer makes |
//! | `task_files.rs` | the same, of a task in `/proc` |
//! | `shown_files.rs` | what a contender may read there of another one |
//! | `kernel_files.rs` | which files of `/proc` and `/sys` are the same in each execution |
//! | `process_calls.rs` | the same, for calls that concern processes and not files |
//! | `decode.rs` | a call of a program as a value: names, paths, descriptors, addresses |
//! | `descriptor_links.rs` | descriptors that lead to no file |
//! | `call_flags.rs` | what the flags of a call decide about its footprint |
//! | `footprint.rs` | which objects a call of a program touches |
//! | `inode_effects.rs` | what a call does to an inode |
//! | `polls.rs` | whether a wait is for something that others can reach |
//! | `ends.rs` | what the end of a process touches |
//! | `known_ends.rs` | how a contender has ended before, after the same calls and results |
//! | `held_locks.rs` | kernel locks that are held, and what frees them |
//! | `loaders.rs` | where the dynamic loader is in the memory of each process, and where it reads the counter |
//! | `lock_request.rs` | a record lock that a task waits for |
//! | `lock_waits.rs` | calls that wait for a kernel lock, and circles of them |
//! | `messages.rs` | sockets and messages that reach others without an address |
//! | `socket_address.rs` | the address of a socket in the memory of a task |
//! | `sockets.rs` | sockets that other contenders can reach |
//! | `elsewhere.rs` | what contenders use beside the watched directories |
//! | `sharing.rs` | which paths of that contenders share, so that they become watched |
//! | `path_walk.rs` | what a path or a descriptor of a task leads to |
//! | `proc_walk.rs` | the same, below `/proc` |
//! | `process_numbers.rs` | whose process has a number that a contender asks about |
//! | `watched_tree.rs` | the identities of inodes and tasks, and which are watched |
//! | `machine_figures.rs` | figures of the machine that stay the same |
//! | `replies.rs` | what the kernel answered, without what differs between executions |
//! | `symbols.rs` | calls as they are shown, with symbols instead of process numbers |
//! | `virtual_time.rs` | the virtual clock of programs |
//! | `clock_uses.rs` | what contenders do with the clock, as part of their footprints |
//! | `clocks.rs` | the clocks of the kernel |
//! | `clock_calls.rs` | the calls that read one |
//! | `task_times.rs` | when tasks began, and their CPU time |
//! | `file_times.rs` | the times of files on that clock |
//! | `given_times.rs` | the times that a call gives to a file |
//! | `timed_waits.rs` | sleeps, and waits with a time limit |
//! | `timers.rs` | the timers of programs |
//! | `timer_setting.rs` | how a timer is armed, in the memory of a task |
//! | `timer_files.rs` | the timers behind a descriptor |
//! | `timer_file_calls.rs` | the calls that arm these |
//! | `entropy.rs` | the random bytes of programs |
//!
//! Starts and stops nothing.

mod at_call;
mod call_flags;
mod clock_calls;
mod clock_uses;
mod clocks;
mod decision;
mod decode;
mod descriptor_links;
mod elsewhere;
mod ends;
mod entropy;
mod examined;
mod file_times;
mod footprint;
pub(crate) mod fs_calls;
mod given_times;
mod held_locks;
mod inode_effects;
pub(crate) mod interpreter;
mod kernel_files;
mod known_ends;
mod loaders;
mod lock_request;
mod lock_waits;
mod machine_figures;
mod made_files;
mod messages;
mod path_walk;
mod performed;
mod polls;
pub(crate) mod primitives;
mod proc_walk;
mod process_calls;
mod process_numbers;
pub(crate) mod programs;
mod replies;
pub(crate) mod sharing;
mod shown_files;
mod socket_address;
mod sockets;
mod spawn;
mod symbols;
mod task_files;
mod task_times;
mod timed_waits;
mod timer_file_calls;
mod timer_files;
mod timer_setting;
pub(crate) mod timers;
pub(crate) mod virtual_time;
pub(crate) mod watched_tree;
