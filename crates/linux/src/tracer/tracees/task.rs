//! One traced task: its contender, where it is, and whether it is asleep.
//!
//! Knows neither the other tasks nor what its calls mean.

use std::io;

use super::loss::untraced;
use crate::sys::private_state::Offset;
use crate::sys::registers::Registers;
use crate::sys::task_state::{TaskStat, TaskState};
use crate::sys::trace::{Entry, Memory};
use crate::sys::tracee::{Stopped, Why};
use crate::tracer::syscalls::interpreter::AtCall;
use onewinner_core::explore::Lost;
use onewinner_core::id::ProcessId;

/// Where a task is.
pub(crate) enum Position {
    /// It runs, or is asleep.
    Running,
    /// It is about to make a call.
    AtCall(CallStop),
}

/// A task that is stopped at a call.
pub(crate) struct CallStop {
    pub(crate) stopped: Stopped,
    pub(crate) entry: Entry,
    /// What its contender waits for there.
    pub(crate) at: At,
}

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// That the search takes the step.
    Call,
    /// The same, and with the step its process ends.
    Exit,
    /// That something happens which it may look for.
    Sleep,
    /// The end of the execution.
    Finish,
}

pub(crate) struct Task {
    pub(crate) process: ProcessId,
    /// The number of its process: that of the first of its threads.
    pub(crate) group: i32,
    /// Its rank among all tasks of the execution.
    pub(crate) number: u32,
    pub(crate) position: Position,
    pub(crate) memory: Memory,
    pub(crate) status: TaskStat,
    /// It is asleep until its child calls execve.
    pub(crate) vforked: bool,
    /// It has not executed the program yet.
    pub(crate) prepares: bool,
}

impl Task {
    pub(crate) fn open(process: ProcessId, task: i32, group: i32, number: u32) -> io::Result<Self> {
        Ok(Self {
            process,
            group,
            number,
            position: Position::Running,
            memory: Memory::of(task)?,
            status: TaskStat::of(task)?,
            vforked: false,
            prepares: false,
        })
    }

    /// Whether it waits in the kernel: for another task, for input, or for a time.
    pub(crate) fn is_asleep(&self) -> bool {
        match self.status.state() {
            // A first thread that has ended waits so for the others.
            Some(TaskState::Sleeping | TaskState::Stopped | TaskState::Zombie) => true,
            Some(TaskState::Uninterruptible) => self.vforked,
            Some(TaskState::Dead | TaskState::Other) | None => false,
        }
    }
}

impl Task {
    pub(crate) fn at(&self, task: i32, entry: Entry) -> AtCall<'_> {
        AtCall {
            process: self.process,
            task,
            group: self.group,
            memory: &self.memory,
            entry,
        }
    }
}

/// A call that a task makes now, as a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingCall {
    pub(crate) process: ProcessId,
    pub(crate) task: i32,
    pub(crate) entry: Entry,
}

/// A process like a contender before its first controlled call: later contenders are forked from it.
pub(crate) struct ForkSnapshot {
    /// Between two calls.
    pub(crate) stopped: Stopped,
    /// Those of the first controlled call of the contender.
    pub(crate) registers: Registers,
    pub(crate) entry: Entry,
    /// How many tasks the contender has had before.
    pub(crate) tasks: i32,
    /// The offsets of its open files.
    pub(crate) offsets: Vec<Offset>,
}

/// A snapshot process that runs for a moment, and where it has stopped.
pub(crate) struct RunningSnapshot {
    pub(crate) task: i32,
    pub(crate) stop: Option<(Stopped, Why)>,
}

/// A task whose call has returned.
pub(crate) struct AtExit {
    pub(crate) stopped: Stopped,
    pub(crate) entry: Entry,
}

impl AtExit {
    /// The call returns this instead.
    pub(crate) fn answer(&self, returned: i64) -> Result<(), Lost> {
        let changed = self.stopped.registers().and_then(|mut registers| {
            registers.set_returned(returned);
            self.stopped.set_registers(&registers)
        });
        changed.map_err(|error| untraced(&error))
    }
}
