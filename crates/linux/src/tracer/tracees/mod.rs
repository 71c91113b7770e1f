//! Every traced task of an execution: stopped, run, copied and killed.
//!
//! | file | what it holds |
//! |---|---|
//! | `engine.rs` | waits for events and asks the interpreter what each call means |
//! | `registry.rs` | all tasks, and where each one is |
//! | `task.rs` | one task: its contender, where it is stopped, whether it sleeps |
//! | `decided.rs` | what becomes of a task at the entry of a call |
//! | `signalled.rs` | tasks that a signal has stopped |
//! | `time_limits.rs` | tasks that sleep, or wait with a time limit |
//! | `event.rs` | what the registry reports to the engine |
//! | `killing.rs` | how one contender, or all, are killed |
//! | `fork_snapshot.rs` | contenders that are forked from a stopped one instead of started |
//! | `fork_snapshots.rs` | which start of a contender each snapshot stands for |
//! | `copy_point.rs` | where a contender can be copied |
//! | `numbers.rs` | which numbers tasks get |
//! | `spawning.rs` | tasks that make other tasks, one after another |
//! | `search_end.rs` | when every wait ends, because the search is over |
//! | `start_order.rs` | what the zygote is ordered to start |
//! | `watchdog.rs` | when the tracer gives up waiting for tasks |
//! | `loss.rs` | why an execution is lost |
//!
//! Knows no system call by name, and no scenario.

mod copy_point;
mod decided;
pub(crate) mod engine;
pub(crate) mod event;
pub(crate) mod fork_snapshot;
pub(crate) mod fork_snapshots;
mod killing;
pub(crate) mod loss;
pub(crate) mod numbers;
pub(crate) mod registry;
pub(crate) mod search_end;
mod signalled;
mod spawning;
pub(crate) mod start_order;
pub(crate) mod task;
mod time_limits;
mod watchdog;
