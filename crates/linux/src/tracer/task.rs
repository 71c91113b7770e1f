//! One traced task: whose it is, where it stands, and whether it is asleep.
//!
//! Knows neither the other tasks nor what its calls mean.

use std::io;

use super::interpreter::AtCall;
use super::loss::untraced;
use crate::sys::registers::Registers;
use crate::sys::task_state::{TaskStat, TaskState};
use crate::sys::trace::{Entry, Memory};
use crate::sys::tracee::{Stopped, Why};
use onewinner_core::explore::Lost;
use onewinner_core::id::ProcessId;

/// Where a task is.
pub(super) enum Place {
    /// It runs, or is asleep.
    Running,
    /// It is about to make a call.
    Stands(Standing),
}

/// A task that stands at a call.
pub(super) struct Standing {
    pub(super) stopped: Stopped,
    pub(super) entry: Entry,
    /// What its contender waits for there.
    pub(super) at: At,
}

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// That the search takes the step.
    Call,
    /// The same, and with the step its process ends.
    Exit,
    /// That something happens which it may look for.
    Sleep,
    /// The end of the execution.
    Finish,
}

pub(super) struct Task {
    pub(super) process: ProcessId,
    /// The number of its process: that of the first of its threads.
    pub(super) group: i32,
    /// Where it came among all tasks of the execution.
    pub(super) number: u32,
    pub(super) place: Place,
    pub(super) memory: Memory,
    pub(super) status: TaskStat,
    /// It is asleep until its child calls execve.
    pub(super) vforked: bool,
    /// It has not become the program yet.
    pub(super) prepares: bool,
}

impl Task {
    pub(super) fn open(process: ProcessId, task: i32, group: i32, number: u32) -> io::Result<Self> {
        Ok(Self {
            process,
            group,
            number,
            place: Place::Running,
            memory: Memory::of(task)?,
            status: TaskStat::of(task)?,
            vforked: false,
            prepares: false,
        })
    }

    /// Whether it can do nothing by itself: it waits for another one, for input, or for a time.
    pub(super) fn is_asleep(&self) -> bool {
        match self.status.state() {
            // A first thread that has ended waits so for the others.
            Some(TaskState::Sleeping | TaskState::Stopped | TaskState::Zombie) => true,
            Some(TaskState::Uninterruptible) => self.vforked,
            Some(TaskState::Dead | TaskState::Other) | None => false,
        }
    }
}

impl Task {
    pub(super) fn at(&self, task: i32, entry: Entry) -> AtCall<'_> {
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
pub(super) struct PendingCall {
    pub(super) process: ProcessId,
    pub(super) task: i32,
    pub(super) entry: Entry,
}

/// A contender that is kept at its first controlled call: later ones are forked from it.
pub(super) struct Template {
    /// At the exit of a call.
    pub(super) stopped: Stopped,
    /// Those of its first controlled call.
    pub(super) registers: Registers,
    pub(super) entry: Entry,
}

/// A template that is let go for a moment, and where it has stopped.
pub(super) struct Moving {
    pub(super) task: i32,
    pub(super) came: Option<(Stopped, Why)>,
}

/// A task whose call has returned.
pub(super) struct AtExit {
    pub(super) stopped: Stopped,
    pub(super) entry: Entry,
}

impl AtExit {
    /// The call returns this instead.
    pub(super) fn answer(&self, returned: i64) -> Result<(), Lost> {
        let changed = self.stopped.registers().and_then(|mut registers| {
            registers.set_returned(returned);
            self.stopped.set_registers(&registers)
        });
        changed.map_err(|error| untraced(&error))
    }
}
