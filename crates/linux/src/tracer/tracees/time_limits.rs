//! Tasks that sleep, or wait with a time limit: which ones do, and how the search ends that.
//!
//! A sleeping task is stopped at its call, which is never made. One that waits for something sleeps in the kernel, in a call
//! without a limit. Knows no clock.

use super::event::TaskEvent;
use super::loss::untraced;
use super::registry::Tracees;
use super::task::{AlteredCall, At, CallStop, Position, RESTART_WITHOUT_HANDLER};
use crate::sys::trace::Entry;
use crate::sys::tracee::{self, Stopped, Until};
use crate::tracer::syscalls::interpreter::{AtCall, Wait};
use onewinner_core::explore::Lost;
use onewinner_core::id::ProcessId;

/// `ERESTARTSYS`: the call begins again, unless a handler without `SA_RESTART` ran.
const RESTART: i64 = -512;
impl Tracees {
    /// The tasks of a contender that sleep or wait with a time limit, from the oldest to the youngest.
    pub(crate) fn waits(&self, process: ProcessId) -> Vec<(i32, &Wait)> {
        let own = self.tasks.iter().filter(|(_, task)| task.process == process);
        let mut waits: Vec<_> = own
            .filter_map(|(number, task)| Some((task.number, *number, task.wait.as_ref()?)))
            .collect();
        waits.sort_unstable_by_key(|(number, ..)| *number);
        waits.into_iter().map(|(_, task, wait)| (task, wait)).collect()
    }

    /// The call in which a task sleeps or waits.
    ///
    /// # Panics
    ///
    /// When it does neither.
    pub(crate) fn at_wait(&self, task: i32) -> AtCall<'_> {
        let known = &self.tasks[&task];
        match (&known.position, &known.altered) {
            (Position::AtCall(CallStop { entry, .. }), _) | (_, Some(AlteredCall { entry, .. })) => {
                known.at(task, *entry)
            }
            (Position::Running | Position::Dozing(_), None) => unreachable!("{task} does not wait"),
        }
    }

    /// Lets a task wait for something in a call without a limit.
    pub(super) fn wait(&mut self, stopped: Stopped, entry: Entry, wait: Wait, without: [u64; 6]) -> Result<(), Lost> {
        stopped.rewrite(without).map_err(|error| untraced(&error))?;
        if let Some(known) = self.tasks.get_mut(&stopped.task()) {
            known.wait = Some(wait);
            known.altered = Some(AlteredCall {
                entry,
                returns: None,
                examined: false,
                then: None,
            });
        }
        let _running = stopped.go(Until::Exit, None);
        Ok(())
    }

    /// The call of a task has returned.
    pub(super) fn returns(&mut self, stopped: Stopped) -> Result<Option<TaskEvent>, Lost> {
        if let Some(known) = self.tasks.get_mut(&stopped.task()) {
            known.wait = None;
            if let Some(altered) = known.altered.take() {
                if altered.examined {
                    let entry = altered.entry;
                    return Ok(Some(TaskEvent::Returned { stopped, entry }));
                }
                return altered.end(stopped).map(|()| None);
            }
        }
        self.returned = Some(stopped);
        Ok(None)
    }

    /// Ends a sleep or wait because its time is over: the call returns this.
    pub(crate) fn time_out(&mut self, task: i32, returns: i64) -> Result<(), Lost> {
        let known = self.tasks.get_mut(&task).expect("a task that waits is known");
        known.wait = None;
        match &mut known.altered {
            Some(altered) => {
                altered.returns = Some(returns);
                tracee::interrupt(task).map_err(|error| untraced(&error))
            }
            None => self.answer(task, returns),
        }
    }

    /// Whether a thread of a contender that may be housekeeping sleeps.
    pub(crate) fn dozes(&self, process: ProcessId) -> bool {
        self.tasks
            .values()
            .any(|task| task.process == process && matches!(task.position, Position::Dozing(_)))
    }

    /// Ends the sleeps of such threads. Returns whether there were any.
    pub(crate) fn wake_dozing(&mut self, process: ProcessId) -> Result<bool, Lost> {
        let mut any = false;
        for task in self.tasks.values_mut().filter(|task| task.process == process) {
            match std::mem::replace(&mut task.position, Position::Running) {
                Position::Dozing(stopped) => {
                    stopped.answer(0).map_err(|error| untraced(&error))?;
                    let _running = stopped.go(Until::Next, None);
                    any = true;
                }
                other => task.position = other,
            }
        }
        Ok(any)
    }

    /// A task for which a signal is pending leaves the call at which it is stopped, as it would leave the kernel. Returns whether
    /// it does.
    pub(crate) fn leave_call(&mut self, task: i32) -> Result<bool, Lost> {
        let known = self.tasks.get_mut(&task).expect("a task that stands is known");
        let Position::AtCall(CallStop { at, entry, .. }) = known.position else {
            return Ok(false);
        };
        let returns = match at {
            At::Call => RESTART,
            At::Sleep => RESTART_WITHOUT_HANDLER,
            At::Exit | At::Finish | At::Snapshot => return Ok(false),
        };
        known.wait = None;
        known.altered = Some(AlteredCall {
            entry,
            returns: Some(returns),
            examined: false,
            then: None,
        });
        let position = std::mem::replace(&mut known.position, Position::Running);
        if let Position::AtCall(CallStop { stopped, .. }) = position {
            stopped.answer(RESTART).map_err(|error| untraced(&error))?;
            let _running = stopped.go(Until::Exit, None);
        }
        Ok(true)
    }
}
