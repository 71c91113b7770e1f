//! What calls mean: the seam between the engine, which stops and starts tasks, and those who understand their calls.
//!
//! ```text
//!  a task stops at a call ──decide──▶ harmless: it goes on, and nobody hears of it
//!                                     answered: it is told a result and the kernel is never asked
//!                                     controlled: it waits until the search takes the step ──before──▶ the kernel ──after──▶ Performed
//!                                     uncontrolled: nothing follows from this execution
//! ```
//!
//! Deliberately knows no ptrace and no search.

use std::io;
use std::path::PathBuf;

use crate::sys::filter::Clock;
use crate::sys::trace::{Entry, Memory};
use onewinner_core::access::Accesses;
use onewinner_core::explore::{Lost, Move};
use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::fs::sim;
use onewinner_core::happens_before::Step;
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

/// What to do about a call that a task is about to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Neither does another contender notice it nor does it notice another: it is made at once, and is no step.
    Harmless,
    /// It is not made: the task gets this result, negative for an error number.
    Answered(i64),
    /// It is a step: the task waits until the search takes it.
    Controlled,
    /// The same, and the process ends with it: [`Interpreter::exit`] tells what that touches.
    Exits,
    /// It sleeps for a time, and so that something happens meanwhile: it is let go without sleeping when something has.
    Sleeps,
    /// It cannot go on with the kernel's clock: contenders are started anew with one that the tracer keeps.
    NeedsVirtualClock,
    /// It cannot go on as a copy of another one: contenders are started anew, each for itself.
    NeedsFreshStart,
    /// The contender has done all that the scenario asks: the task waits here until the execution ends.
    Finished,
    /// Nobody knows what it does: the execution is lost, for this reason, which names the call.
    Uncontrolled(String),
}

/// How a controlled call is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// As the task asks for it.
    AsAsked,
    /// With these arguments in place of its own: a lock that would wait is asked for without waiting.
    With([u64; 6]),
}

/// What came of a controlled call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was made: a step.
    Performed {
        /// What was asked.
        call: Call,
        /// What the kernel answered.
        reply: Reply,
        /// What it touched.
        accesses: Accesses,
    },
    /// It would have waited, and was not made: the task is held, and asks again when [`Interpreter::may_go_on`] says so.
    Waits,
}

/// Who understands the calls of contenders; the engine asks it while their tasks are stopped.
///
/// For each execution [`begin`](Self::begin) comes first. Then for each call [`decide`](Self::decide), and if it is
/// controlled [`forecast`](Self::forecast) as often as the search likes, and when the step is taken
/// [`before`](Self::before) and [`after`](Self::after), or [`exit`](Self::exit) alone.
///
/// Duties of an implementer:
///
/// 1. It tells the same story of the same execution: no process numbers, no times.
/// 2. What it does not understand is [`Decision::Uncontrolled`], never harmless.
pub(crate) trait Interpreter {
    /// A new execution begins in these directories; process *i* works in the *i* mod *k*-th. What stands there was there
    /// before the first step.
    ///
    /// # Errors
    ///
    /// When they cannot be looked at.
    fn begin(&mut self, directories: &[PathBuf]) -> io::Result<()>;

    /// What to do about this call.
    fn decide(&mut self, at: &AtCall<'_>) -> Decision;

    /// What a controlled call may touch: see [`onewinner_core::explore::System::forecast`].
    fn forecast(&self, at: &AtCall<'_>) -> Accesses;

    /// Whether a controlled call can be made now; one that waits for a lock cannot.
    fn may_go_on(&self, at: &AtCall<'_>) -> bool;

    /// The step is taken: how the call is to be made. Look now at what it is about to change.
    ///
    /// # Errors
    ///
    /// When nothing can follow from the execution.
    fn before(&mut self, at: &AtCall<'_>) -> Result<Made, Lost>;

    /// The call was made, and the kernel returned this; negative for an error number.
    ///
    /// # Errors
    ///
    /// When the answer cannot be true, so that nothing follows from the execution.
    fn after(&mut self, at: &AtCall<'_>, returned: i64) -> Result<Outcome, Lost>;

    /// A controlled call fails without being made: how it is shown. `None` if it has to be made all the same.
    fn fails(&mut self, _at: &AtCall<'_>) -> Option<Call> {
        None
    }

    /// The process is about to end with this call: what is shown, and what the end touches.
    fn exit(&mut self, at: &AtCall<'_>) -> (Call, Accesses);

    /// A step that the world takes for a process: its death, or its waiting for others. What it touches.
    fn made(&mut self, process: ProcessId, call: &Call) -> Accesses;

    /// What such a step would touch.
    fn would(&self, process: ProcessId, call: &Call) -> Accesses;

    /// The next step of the process is made by the world; see [`made`](Self::made).
    fn awaits(&mut self, _process: ProcessId, _call: &Call) {}

    /// Whether the end of the process would free a lock.
    fn holds_locks(&self, _process: ProcessId) -> bool {
        false
    }

    /// A task of a contender is there; its process has the number `group`.
    fn born(&mut self, _process: ProcessId, _task: i32, _group: i32) {}

    /// The first process of a contender is there, the first time or again.
    fn starts(&mut self, _process: ProcessId, _task: i32) {}

    /// A task runs another program, whose stack begins there.
    ///
    /// # Errors
    ///
    /// When its memory cannot be changed.
    fn executed(&mut self, _memory: &Memory, _stack: u64) -> io::Result<()> {
        Ok(())
    }

    /// A thread called execve and took the number of its process: its call goes on under that number.
    fn renumbered(&mut self, _thread: i32, _process: i32) {}

    /// A task is gone.
    fn gone(&mut self, _task: i32) {}

    /// The first contender of a run has come to its first controlled call: what contenders are like is known now.
    fn first_contender_is_ready(&mut self) {}

    /// The clock that contenders need.
    fn clock(&self) -> Clock {
        Clock::Real
    }

    /// Whether a contender may be a copy of one that was started for it.
    fn copies(&self) -> bool {
        false
    }

    /// The contender, as it is, is what later ones are copies of.
    fn keeps(&mut self, _process: ProcessId, _task: i32) {}

    /// What was not seen, or not done as it was asked for.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// See [`onewinner_core::explore::Model::replay`]; `performed` are the steps of the execution.
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses>;

    /// See [`onewinner_core::explore::Model::waiting`].
    fn waiting(&mut self) -> Vec<Step>;

    /// The simulated file system that goes along, if one does.
    fn shadow(&self) -> Option<&sim::State> {
        None
    }
}
