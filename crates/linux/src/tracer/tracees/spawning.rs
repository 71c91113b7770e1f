//! Tasks that make another task, one after another: each new task gets the number that is chosen for it.
//!
//! The number is chosen while the parent is stopped before its call. So the next parent waits until that call has made its task.

use super::numbers::check_number;
use super::registry::Tracees;
use super::task::{Spawning, Task};
use crate::sys::tracee::{Stopped, Until};
use onewinner_core::explore::Lost;
use onewinner_core::id::ProcessId;

impl Tracees {
    /// Lets a task make another one, when its turn comes. It is stopped before fork(2), vfork(2) or clone(2).
    pub(crate) fn spawn(&mut self, parent: Stopped) -> Result<(), Lost> {
        if self.numbers.is_none() {
            let _running = parent.go(Until::Next, None);
            return Ok(());
        }
        self.spawns.push_back(parent);
        self.spawn_next()
    }

    /// Lets the next task make another one, if none does so now.
    pub(crate) fn spawn_next(&mut self) -> Result<(), Lost> {
        if self.spawning.is_some() {
            return Ok(());
        }
        let Some(numbers) = &mut self.numbers else {
            return Ok(());
        };
        let Some(stopped) = self.spawns.pop_front() else {
            return Ok(());
        };
        let parent = stopped.task();
        if let Some(known) = self.tasks.get(&parent) {
            let number = numbers.child(known.process)?;
            self.spawning = Some(Spawning { parent, number });
        }
        // If the call fails, it stops at its exit.
        let _running = stopped.go(Until::Exit, None);
        Ok(())
    }

    /// A task has made another one.
    ///
    /// # Errors
    ///
    /// When that has another number than the chosen one.
    pub(crate) fn spawned(&mut self, parent: i32, child: i32) -> Result<(), Lost> {
        let Some(spawning) = self.spawning.take_if(|spawning| spawning.parent == parent) else {
            return Ok(());
        };
        check_number(spawning.number, child)
    }

    /// The call of a task has returned; returns whether it was one that should have made another task, and has not.
    pub(crate) fn has_not_spawned(&mut self, parent: i32) -> Result<bool, Lost> {
        if self.spawning.take_if(|spawning| spawning.parent == parent).is_none() {
            return Ok(false);
        }
        if let (Some(numbers), Some(known)) = (&mut self.numbers, self.tasks.get(&parent)) {
            numbers.take_back_child(known.process);
        }
        Ok(true)
    }

    /// The oldest process that a contender has left takes the place of its first one, which has ended. Returns its number.
    pub(crate) fn inherit(&mut self, process: ProcessId) -> Option<i32> {
        let leads = |(number, task): &(&i32, &Task)| task.process == process && task.group == **number;
        let (heir, _) = self.tasks.iter().filter(leads).min_by_key(|(_, task)| task.number)?;
        let heir = *heir;
        self.first.insert(process, heir);
        Some(heir)
    }

    /// A task has ended, perhaps before it could make another one.
    pub(crate) fn spawns_no_more(&mut self, parent: i32) -> Result<(), Lost> {
        self.spawns.retain(|stopped| stopped.task() != parent);
        self.spawning.take_if(|spawning| spawning.parent == parent);
        self.spawn_next()
    }
}
