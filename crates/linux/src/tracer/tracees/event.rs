//! What the registry of traced tasks reports to the engine.
//!
//! The registry does not know who handles an event. An event with a stopped task is a request: the handler examines the task
//! and hands it back.

use crate::sys::counter::CounterReading;
use crate::sys::trace::Entry;
use crate::sys::tracee::Stopped;
use onewinner_core::id::ProcessId;

/// A change of a task of a contender.
#[derive(Debug)]
pub(crate) enum TaskEvent {
    /// A task exists now.
    Created {
        /// The contender to which it belongs.
        process: ProcessId,
        /// The number of the task.
        task: i32,
        /// The number of its process: of the first of its threads.
        group: i32,
        /// Whether it is the first process of the contender.
        birth: Birth,
    },
    /// A task is stopped at the entry of a call. The handler decides and calls `apply`.
    ReachedCall {
        /// The task.
        stopped: Stopped,
        /// The call.
        entry: Entry,
    },
    /// A task is stopped at the exit of a call whose result is examined. The handler calls `resume`.
    Returned {
        /// The task.
        stopped: Stopped,
        /// The call.
        entry: Entry,
    },
    /// A task is stopped where it reads the counter of the processor. The handler calls `show_counter` of `signalled.rs`.
    ReadsCounter {
        /// The task.
        stopped: Stopped,
        /// The instruction.
        reading: CounterReading,
    },
    /// A task runs another program now, and is stopped. The handler calls `resume`.
    Executed {
        /// The task.
        stopped: Stopped,
        /// The number of the thread that called execve, if it was another: that number is gone.
        replaced: Option<i32>,
    },
    /// A task has ended.
    Exited(i32),
}

/// Whether a new task is the first process of its contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Birth {
    /// It is the first process.
    First,
    /// Another task of the contender created it.
    Later,
}
