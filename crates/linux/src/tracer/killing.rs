//! The end of contenders: one that is killed as a step, and all of them at the end of an execution.
//!
//! Knows nothing of why.

use std::time::Instant;

use super::crowd::{Crowd, PAUSE, QUIET_LIMIT, lost, untraced};
use super::interpreter::Interpreter;
use super::task::Task;
use crate::sys::tracee::{self, Seen, Until, Why};
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

impl Crowd {
    /// Kills all tasks of a contender, or of all, and waits until they are gone.
    pub(super) fn slay(&mut self, only: Option<ProcessId>, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        let doomed = |task: &Task| only.is_none_or(|process| task.process == process);
        let began = Instant::now();
        loop {
            // A child may be born until its parent is dead.
            for (number, task) in self.tasks.iter().filter(|(_, task)| doomed(task)) {
                tracee::slay(*number);
                tracee::slay(task.group);
            }
            if only.is_none() {
                self.early.keys().for_each(|task| tracee::slay(*task));
            }
            let early = only.is_none() && !self.early.is_empty();
            if !early && !self.tasks.values().any(doomed) {
                return Ok(());
            }
            if let Some(seen) = tracee::look().map_err(|error| untraced(&error))? {
                self.take_doomed(seen, only, interpreter)?;
            } else if began.elapsed() > QUIET_LIMIT {
                return Err(lost(Retry::Maybe, "a killed contender does not go".to_owned()));
            } else {
                tracee::await_change(PAUSE);
            }
        }
    }

    /// While contenders are killed: which of theirs stops is on the way to its end.
    fn take_doomed(
        &mut self,
        seen: Seen,
        only: Option<ProcessId>,
        interpreter: &mut dyn Interpreter,
    ) -> Result<(), Lost> {
        let other = |task: i32| only.is_some() && self.tasks.get(&task).is_some_and(|task| only != Some(task.process));
        match seen {
            Seen::Stopped(stopped, why) if other(stopped.task()) => self.stopped(stopped, why, interpreter),
            Seen::Stopped(stopped, why) => {
                let task = stopped.task();
                match why {
                    _ if task == self.zygote.pid() => self.zygote_stopped(stopped, why)?,
                    Why::Born(child) | Why::Vforked(child) => {
                        tracee::slay(child);
                        let _running = stopped.go(Until::Next, None);
                    }
                    Why::New if !self.tasks.contains_key(&task) => {
                        self.early.insert(task, stopped);
                    }
                    _ => {
                        let _running = stopped.go(Until::Next, None);
                    }
                }
                Ok(())
            }
            ended @ Seen::Ended(..) => self.take_in(ended, interpreter),
        }
    }
}
