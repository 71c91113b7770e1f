//! The trait between the engine, which stops and resumes tasks, and the code that understands their calls.
//!
//! ```text
//!  a task stops at a call ──decide──▶ harmless: it goes on, and is not recorded
//!                                     last: it is made, and the tracer ends the process
//!                                     examined: it is made, and not recorded; then ──examine──▶ the task goes on
//!                                     answered: the tracer returns the result instead of the kernel
//!                                     controlled: it waits until the search takes the step ──before──▶ the kernel ──after──▶ Performed
//!                                     uncontrolled: the execution is lost
//!                                     superseded: the search begins anew
//! ```
//!
//! Knows no ptrace and no search.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use super::at_call::{AtCall, Decision, Wait};
use super::timers::Timers;
use super::virtual_time::Time;
use crate::sys::private_state::NotPrivate;
use crate::sys::trace::Memory;
use onewinner_core::access::Accesses;
use onewinner_core::explore::{Lost, Move};
use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::fs::sim;
use onewinner_core::happens_before::Step;
use onewinner_core::id::ProcessId;

/// How a controlled call is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// As the task makes it.
    AsAsked,
    /// With these arguments instead: a lock that would wait is requested without waiting.
    With([u64; 6]),
}

/// The outcome of a controlled call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was made: a step.
    Performed {
        /// The call.
        call: Call,
        /// The answer.
        reply: Reply,
        /// What it touched.
        accesses: Accesses,
        /// What it returns instead of what the kernel returned.
        instead: Option<i64>,
    },
    /// It has changed something, and then waits: a step, after which the task comes to the same call again.
    BeginsAgain {
        /// What it has done.
        call: Call,
        /// What it touched.
        accesses: Accesses,
    },
    /// It would have waited, and was not made.
    Waits,
}

/// Understands the calls of contenders. The engine asks it while their tasks are stopped.
///
/// For each execution [`begin`](Self::begin) comes first. Then for each call [`decide`](Self::decide), and if it is
/// controlled [`forecast`](Self::forecast) as often as the search likes, and when the step is taken
/// [`before`](Self::before) and [`after`](Self::after), or [`exit`](Self::exit) alone.
///
/// Duties of an implementer:
///
/// 1. The same execution gives the same results: no process numbers, no times.
/// 2. A call that it does not understand is [`Decision::Uncontrolled`], never harmless.
pub(crate) trait Interpreter {
    /// Another search of the same program begins. It may begin anew to watch another path if it `grows`; `streams` are the named
    /// pipes of its contenders, by device and inode. If it `is_alike`, contenders get the same messages as in the last one.
    fn renew(&mut self, _grows: bool, _streams: BTreeMap<(u64, u64), ProcessId>, _is_alike: bool) {}

    /// A new execution begins in these directories; process *i* works in the *i* mod *k*-th. Files in them exist before the
    /// first step.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn begin(&mut self, directories: &[PathBuf]) -> io::Result<()>;

    /// What to do about this call.
    fn decide(&mut self, at: &AtCall<'_>) -> Decision;

    /// What a controlled call may touch: see [`onewinner_core::explore::System::forecast`].
    fn forecast(&self, at: &AtCall<'_>) -> Accesses;

    /// Whether a controlled call can be made now; one that waits for a lock cannot.
    fn may_go_on(&self, at: &AtCall<'_>) -> bool;

    /// The step is taken: how the call is to be made. Examine now what it is about to change.
    ///
    /// # Errors
    ///
    /// When the execution is lost.
    fn before(&mut self, at: &AtCall<'_>) -> Result<Made, Lost>;

    /// What else the step has touched that the contender has taken, with these accesses; these of its tasks are stopped now.
    ///
    /// # Errors
    ///
    /// When the execution is lost.
    fn step(&mut self, _process: ProcessId, _accesses: &Accesses, _stopped: &[i32]) -> Result<Accesses, Lost> {
        Ok(Accesses::none())
    }

    /// What else the next step of the contender may touch.
    fn may_touch(&self, _process: ProcessId) -> Accesses {
        Accesses::none()
    }

    /// The call was made, and the kernel returned this; negative for an error number.
    ///
    /// # Errors
    ///
    /// When the answer cannot be true: the execution is lost.
    fn after(&mut self, at: &AtCall<'_>, returned: i64) -> Result<Outcome, Lost>;

    /// A controlled call fails without being made: how it is shown. `None` if it has to be made all the same.
    fn fails(&mut self, _at: &AtCall<'_>) -> Option<Call> {
        None
    }

    /// A call whose result is examined was made, and the kernel returned this. What it has written to the memory of the task may be
    /// changed.
    ///
    /// # Errors
    ///
    /// When the execution is lost.
    fn examine(&mut self, _at: &AtCall<'_>, _returned: i64) -> Result<(), Lost> {
        Ok(())
    }

    /// The process is about to end with this call: the call as it is shown, and what the end touches.
    fn exit(&mut self, at: &AtCall<'_>) -> (Call, Accesses);

    /// A step that the tracer takes for a process: its kill, or the end of its wait for others. What it touches.
    fn made(&mut self, process: ProcessId, call: &Call) -> Accesses;

    /// What such a step would touch.
    fn would(&self, process: ProcessId, call: &Call) -> Accesses;

    /// The next step of the process is taken by the tracer; see [`made`](Self::made).
    fn awaits(&mut self, _process: ProcessId, _call: &Call) {}

    /// Whether the end of the process would free a lock.
    fn holds_locks(&self, _process: ProcessId) -> bool {
        false
    }

    /// A task of a contender exists; its process has the number `group`.
    fn born(&mut self, _process: ProcessId, _task: i32, _group: i32) {}

    /// The first process of a contender exists, the first time or again.
    fn starts(&mut self, _process: ProcessId, _task: i32) {}

    /// What the beginning of a contender follows from that starts now: what the clock shows, and a number for the times that it has
    /// caused. `None` if it follows from more.
    fn at_start(&self, _process: ProcessId) -> Option<(Duration, u64)> {
        None
    }

    /// The contender that has started is a copy of the fork snapshot with this serial number, and goes on from there.
    fn copied(&mut self, _process: ProcessId, _task: i32, _serial: u64) {}

    /// What starts next in this execution is the holder of a stale lock.
    fn leaves_a_stale_lock(&mut self) {}

    /// What the counter of the processor shows to a task that reads it, with the instruction at this address.
    fn counter(&mut self, _at: &AtCall<'_>, _instruction: u64) -> u64 {
        0
    }

    /// A process of this contender, with the number `group`, runs another program, whose stack begins there.
    ///
    /// # Errors
    ///
    /// When its memory cannot be changed.
    fn executed(&mut self, _process: ProcessId, _group: i32, _memory: &Memory, _stack: u64) -> io::Result<()> {
        Ok(())
    }

    /// Another process of the contender takes the place of its first one, which has ended.
    fn inherits(&mut self, _process: ProcessId, _task: i32) {}

    /// A thread called execve and took the number of its process: its call goes on under that number.
    fn renumbered(&mut self, _thread: i32, _process: i32) {}

    /// A task has ended.
    fn gone(&mut self, _task: i32) {}

    /// The virtual clock and the timers of contenders, if they have any.
    fn time(&self) -> Option<(&Time, &Timers)> {
        None
    }

    /// See [`time`](Self::time).
    fn time_mut(&mut self) -> Option<(&mut Time, &mut Timers)> {
        None
    }

    /// The time limit of a wait is over: changes the memory of its task as the call does.
    ///
    /// # Errors
    ///
    /// When that memory cannot be written.
    fn times_out(&mut self, _at: &AtCall<'_>, _wait: &Wait) -> io::Result<()> {
        Ok(())
    }

    /// Whether tasks of a contender have sent signals to each other.
    fn has_signalled(&self, _process: ProcessId) -> bool {
        false
    }

    /// A timer of the contender has expired, or the tracer has replaced the result of a call.
    fn alters(&mut self, _process: ProcessId) {}

    /// A signal interrupts the controlled call at which a task is stopped: the call is not made, or begins again.
    fn interrupted(&mut self, _task: i32) {}

    /// Whether contenders may be forked from a snapshot.
    fn copies(&self) -> bool {
        false
    }

    /// Copies of a contender share these open files, by device and inode.
    fn copies_share(&mut self, _files: BTreeSet<(u64, u64)>) {}

    /// The contender, whose only task is this one, has become the snapshot with this serial number, that later ones are forked
    /// from.
    fn keeps(&mut self, _process: ProcessId, _task: i32, _serial: u64) {}

    /// The snapshot with this serial number is gone.
    fn discards(&mut self, _serial: u64) {}

    /// Contenders cannot be forked from a snapshot.
    fn keeps_none(&mut self, _why: NotPrivate) {}

    /// Paths beside the watched directories that contenders share: the search has to begin anew, and to watch them.
    fn shares(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What was not observed, or differs from the request.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// See [`onewinner_core::explore::Model::replay`]; `performed` are the steps of the execution.
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses>;

    /// See [`onewinner_core::explore::Model::waiting`].
    fn waiting(&mut self) -> Vec<Step>;

    /// The simulated file system that predicts each call, if there is one.
    fn shadow(&self) -> Option<&sim::State> {
        None
    }
}
