//! The call before which a contender that starts can still be copied.
//!
//! A fork does not copy all state: see `sys/private_state.rs`. A shell makes its first controlled call in a child, and a
//! program may open a socket before its own. So the first execution counts the calls at which a contender stops, up to its first
//! controlled one, and notes the last before which it was alone and had opened nothing that copies would share. The next
//! execution stops it there. Its calls up to that point are the same in each execution.

use super::registry::Tracees;
use super::task::{Aim, At, CallStop, Position, Starting, Task};
use crate::sys::private_state;
use crate::sys::trace::Entry;
use crate::sys::tracee::Stopped;
use onewinner_core::id::ProcessId;

impl Tracees {
    /// A contender starts, and stops at this call; without one, the call is looked for.
    pub(crate) fn watch_start(&mut self, process: ProcessId, stop: Option<u32>) {
        let aim = stop.map_or(Aim::Find(None), Aim::Stop);
        let calls = 0;
        self.starting = self.numbers.is_some().then_some(Starting { process, calls, aim });
    }

    /// The contender has started. Returns the last call before which it can be copied, if it was looked for and there is one.
    pub(crate) fn end_of_start(&mut self) -> Option<u32> {
        match self.starting.take()?.aim {
            Aim::Find(last) => last,
            Aim::Stop(_) => None,
        }
    }

    /// A task stops at the entry of a call; returns it unless it waits here for a snapshot.
    pub(super) fn pass_copy_point(&mut self, stopped: Stopped, entry: Entry) -> Option<(Stopped, Entry)> {
        let task = stopped.task();
        let Some(starting) = &mut self.starting else {
            return Some((stopped, entry));
        };
        let own = |known: &&Task| known.process == starting.process;
        if self.tasks.get(&task).is_none_or(|known| !own(&known)) {
            return Some((stopped, entry));
        }
        starting.calls += 1;
        let is_alone = self.tasks.values().filter(own).count() == 1;
        match &mut starting.aim {
            Aim::Find(last) => {
                if is_alone && private_state::descriptors(task).is_ok() {
                    *last = Some(starting.calls);
                }
            }
            Aim::Stop(call) if *call == starting.calls && is_alone => {
                let known = self.tasks.get_mut(&task).expect("it is alone");
                let at = At::Snapshot;
                known.position = Position::AtCall(CallStop { stopped, entry, at });
                return None;
            }
            Aim::Stop(_) => {}
        }
        Some((stopped, entry))
    }

    /// Takes a task that waits for a snapshot back to the entry of its call.
    pub(super) fn leave_copy_point(&mut self, process: ProcessId) -> Option<(Stopped, Entry)> {
        let waits = |task: &&mut Task| {
            let snapshot =
                |position: &Position| matches!(position, Position::AtCall(CallStop { at: At::Snapshot, .. }));
            task.process == process && snapshot(&task.position)
        };
        let task = self.tasks.values_mut().find(waits)?;
        match std::mem::replace(&mut task.position, Position::Running) {
            Position::AtCall(CallStop { stopped, entry, .. }) => Some((stopped, entry)),
            Position::Running | Position::Dozing(_) => None,
        }
    }
}
