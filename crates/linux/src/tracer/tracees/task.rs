//! One traced task: its contender, where it is, and whether it is asleep.
//!
//! Knows neither the other tasks nor what its calls mean.

use std::io;

use super::loss::untraced;
use crate::sys::private_state::Description;
use crate::sys::registers::Registers;
use crate::sys::task_state::{TaskStat, TaskState};
use crate::sys::trace::{Entry, Memory};
use crate::sys::tracee::{Stopped, Until, Why};
use crate::tracer::syscalls::interpreter::{AtCall, Wait};
use onewinner_core::explore::Lost;
use onewinner_core::id::ProcessId;

/// Where a task is.
pub(crate) enum Position {
    /// It runs, or is asleep.
    Running,
    /// It is about to make a call.
    AtCall(CallStop),
    /// It may be housekeeping of a runtime, and is about to sleep: others do not wait for it.
    Dozing(Stopped),
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
    /// That a snapshot is taken of it, or cannot be taken.
    Snapshot,
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
    /// Its sleep, or wait with a time limit.
    pub(crate) wait: Option<Wait>,
    /// The call that it makes differs from the one that it asked for.
    pub(crate) altered: Option<AlteredCall>,
}

/// A call that is made in another way than the task asked for. At its exit the task finds what it expects.
#[derive(Clone, Debug)]
pub(crate) struct AlteredCall {
    /// The call as the task asked for it.
    pub(crate) entry: Entry,
    /// What it returns if it is interrupted; the result of the kernel if this is `None`.
    pub(crate) returns: Option<i64>,
    /// Whether the interpreter examines what it has returned.
    pub(crate) examined: bool,
    /// What the task calls next, whatever it would do otherwise.
    pub(crate) then: Option<Entry>,
}

/// `EINTR`, as a call returns it.
const EINTR: i64 = -4;
/// The results of an interrupted call that only the kernel and a tracer see: `ERESTARTSYS` to `ERESTART_RESTARTBLOCK`
/// (`include/linux/errno.h`).
const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;
/// `ERESTARTNOHAND`: the call begins again, unless a handler ran.
pub(super) const RESTART_WITHOUT_HANDLER: i64 = -514;
/// `ERESTART_RESTARTBLOCK`: the same, but the kernel knows the rest of the time, which is not the time of the task.
const RESTART_BLOCK: i64 = -516;

impl AlteredCall {
    /// The call has returned: the task goes on with its own arguments.
    pub(super) fn end(self, stopped: Stopped) -> Result<(), Lost> {
        let ended = || {
            let returned = stopped.returned()?;
            let interrupted = returned == EINTR || RESTARTS.contains(&returned);
            let result = match self.returns {
                Some(returns) if interrupted => returns,
                _ if returned == RESTART_BLOCK => RESTART_WITHOUT_HANDLER,
                _ => returned,
            };
            let mut registers = stopped.registers()?;
            registers.set_arguments(self.entry.arguments);
            // The kernel begins a call again only if it finds its number.
            if RESTARTS.contains(&result) {
                registers.set_number(self.entry.number);
            }
            registers.set_returned(result);
            if let Some(next) = self.then.filter(|_| !RESTARTS.contains(&result) && result != EINTR) {
                registers.ask_again(&next);
            }
            stopped.set_registers(&registers)
        };
        ended().map_err(|error: io::Error| untraced(&error))?;
        let _running = stopped.go(Until::Next, None);
        Ok(())
    }
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
            wait: None,
            altered: None,
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

/// A task that makes another one now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spawning {
    pub(crate) parent: i32,
    /// The number that the new task gets.
    pub(crate) number: i32,
}

/// A contender that starts now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Starting {
    pub(super) process: ProcessId,
    /// The calls at which it has stopped.
    pub(super) calls: u32,
    pub(super) aim: Aim,
}

/// Where a contender that starts stops to be copied: see `copy_point.rs`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Aim {
    /// Find the last call before which it can be copied; the one so far.
    Find(Option<u32>),
    /// Stop at the call with this number.
    Stop(u32),
}

/// A process like a contender before its first controlled call: later contenders are forked from it.
pub(crate) struct ForkSnapshot {
    /// Different for all snapshots of a session.
    pub(crate) serial: u64,
    /// Between two calls.
    pub(crate) stopped: Stopped,
    /// Those of the first controlled call of the contender.
    pub(crate) registers: Registers,
    pub(crate) entry: Entry,
    /// How many tasks the contender has had before.
    pub(crate) tasks: i32,
    /// Its open files.
    pub(crate) descriptions: Vec<Description>,
    /// What the kernel does when the first thread of a copy ends.
    pub(crate) at_end: AtEnd,
}

/// What the kernel does to the memory of a thread when it ends. A fork does not copy it, so each copy has to set it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtEnd {
    /// It clears the word at this address, for those that join the thread; 0 if there is none.
    pub(crate) clears: u64,
    /// It marks the robust mutexes of this list; 0 if there is none. The size of its head.
    pub(crate) robust: (u64, u64),
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
    /// The call returns this, and the task finds the arguments that it has given.
    pub(crate) fn restore(&self, returned: i64) -> Result<(), Lost> {
        let changed = self.stopped.registers().and_then(|mut registers| {
            registers.set_arguments(self.entry.arguments);
            registers.set_returned(returned);
            self.stopped.set_registers(&registers)
        });
        changed.map_err(|error| untraced(&error))
    }

    /// The task makes the call once more, as it did.
    pub(crate) fn ask_again(&self) -> Result<(), Lost> {
        self.stopped.ask_again(&self.entry).map_err(|error| untraced(&error))
    }

    /// The call returns this instead.
    pub(crate) fn answer(&self, returned: i64) -> Result<(), Lost> {
        let changed = self.stopped.registers().and_then(|mut registers| {
            registers.set_returned(returned);
            self.stopped.set_registers(&registers)
        });
        changed.map_err(|error| untraced(&error))
    }
}
