//! A task at a call, and what to do about it.
//!
//! Knows no call by name.

use std::io;
use std::time::Duration;

use crate::sys::trace::{Entry, Memory};
use onewinner_core::id::ProcessId;

/// A task that is stopped at the entry of a call, or at its exit.
pub(crate) struct AtCall<'a> {
    /// The contender to whose tree it belongs.
    pub(crate) process: ProcessId,
    /// The number of the task: its `cwd` and descriptors are in `/proc/{task}`.
    pub(crate) task: i32,
    /// The number of its process: of the first of its threads.
    pub(crate) group: i32,
    /// Its memory.
    pub(crate) memory: &'a Memory,
    /// The call.
    pub(crate) entry: Entry,
}

impl AtCall<'_> {
    /// Writes what a read from this offset returns of a file with these contents to the memory of the task. Returns how many bytes.
    ///
    /// # Errors
    ///
    /// When the memory cannot be written.
    pub(super) fn hand_over(&self, contents: &[u8], from: u64) -> io::Result<usize> {
        let [_, place, wanted, ..] = self.entry.arguments;
        let at_most = |count: u64, most: usize| usize::try_from(count).unwrap_or(usize::MAX).min(most);
        let rest = &contents[at_most(from, contents.len())..];
        let rest = &rest[..at_most(wanted, rest.len())];
        self.memory.write(place, rest)?;
        Ok(rest.len())
    }
}

#[cfg(test)]
impl<'a> AtCall<'a> {
    /// A call of this process, as if it were the first contender and stopped at it.
    pub(crate) fn of_this_process(memory: &'a Memory, arguments: [u64; 6]) -> Self {
        let task = std::process::id().cast_signed();
        Self {
            process: ProcessId(0),
            task,
            group: task,
            memory,
            entry: Entry {
                architecture: 0,
                number: 0,
                arguments,
            },
        }
    }
}

/// What to do about a call that a task is about to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// No other contender can notice it, nor can it notice another: it is made immediately, and is not a step.
    Harmless,
    /// The same, and then the task makes this call, with which its process ends: nothing that it does before can be noticed.
    Last(Entry),
    /// It is not made: the task gets this result, negative for an error number.
    Answered(i64),
    /// It is made immediately, and is not a step; then the interpreter examines what it has returned, and may change it.
    Examined,
    /// The execution is lost, and may succeed when it starts anew: contenders are not copied any more.
    StartsAnew(String),
    /// It is a step: the task waits until the search takes it.
    Controlled,
    /// The same, and the process ends with it: the interpreter returns what that touches.
    Exits,
    /// It sleeps: the task waits here until the search ends the sleep.
    Sleeps(Wait),
    /// A thread that may be housekeeping of a runtime sleeps: it waits here until the contender has come to rest.
    Dozes,
    /// It waits for something, with a time limit: it is made with these arguments, which have none. The search may end it at any
    /// time.
    Waits(Wait, [u64; 6]),
    /// It makes a process or a thread: that gets the number that is chosen for it.
    Spawns,
    /// The contender has done all that the scenario asks: the task waits here until the execution ends.
    Finished,
    /// Its effects are unknown: the execution is lost, for this reason, which names the call.
    Uncontrolled(String),
    /// It would be a step if the search began anew: the execution is left, for this reason.
    Superseded(String),
}

/// A sleep, or a wait with a time limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// The name of the call.
    pub(crate) name: &'static str,
    /// How long it may last.
    pub(crate) length: Duration,
    /// The moment on the virtual clock when it is over.
    pub(crate) until: Duration,
    /// Whether it may be housekeeping of a runtime: it is in a thread that has made no controlled call.
    pub(crate) is_idle: bool,
    /// What the call returns when the time is over.
    pub(crate) returns: i64,
    /// Whether something else than time may end it.
    pub(crate) waits: bool,
}
