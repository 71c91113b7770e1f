//! Kills contenders: one as a step, or all at the end of an execution.
//!
//! Does not know why.

use super::event::TaskEvent;
use super::registry::Tracees;
use super::task::Task;
use crate::sys::tracee::{self, Seen, Until, Why};
use onewinner_core::explore::Lost;
use onewinner_core::id::ProcessId;

impl Tracees {
    /// Kills all tasks of a contender, or of all; returns whether some are left.
    ///
    /// The caller repeats it after each event: a child may be born until its parent is dead.
    pub(crate) fn kill(&mut self, only: Option<ProcessId>) -> bool {
        let doomed = |task: &Task| only.is_none_or(|process| task.process == process);
        let mut left = false;
        for (number, task) in self.tasks.iter().filter(|(_, task)| doomed(task)) {
            tracee::kill_process(*number);
            tracee::kill_process(task.group);
            left = true;
        }
        if only.is_none() {
            self.early.keys().for_each(|task| tracee::kill_process(*task));
            left |= !self.early.is_empty();
        }
        left
    }

    /// Records one stop or end while contenders are killed: a task of theirs that stops is on the way to its end.
    pub(crate) fn take_in_while_killing(
        &mut self,
        seen: Seen,
        only: Option<ProcessId>,
    ) -> Result<Option<TaskEvent>, Lost> {
        let other = |task: i32| only.is_some() && self.tasks.get(&task).is_some_and(|task| only != Some(task.process));
        match seen {
            Seen::Stopped(stopped, why) if other(stopped.task()) => self.stopped(stopped, why),
            Seen::Stopped(stopped, why) => {
                let task = stopped.task();
                match why {
                    _ if task == self.zygote.pid() => self.zygote_stopped(stopped, why)?,
                    Why::Born(child) | Why::Vforked(child) => {
                        tracee::kill_process(child);
                        let _running = stopped.go(Until::Next, None);
                    }
                    Why::Executed(before) if before != task => {
                        // A thread called execve: its number is gone, and no end of it is reported.
                        self.tasks.remove(&before);
                        let _running = stopped.go(Until::Next, None);
                    }
                    Why::New if !self.tasks.contains_key(&task) => {
                        self.early.insert(task, stopped);
                    }
                    _ => {
                        let _running = stopped.go(Until::Next, None);
                    }
                }
                Ok(None)
            }
            ended @ Seen::Ended(..) => self.take_in(ended),
        }
    }
}
