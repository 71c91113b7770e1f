//! What the end of tasks touches: what their descriptors free, and whether the contender exists. Ends nothing.

use std::collections::BTreeSet;

use super::held_locks::{Closed, Released};
use super::programs::Programs;
use super::watched_tree::{InodeKind, Side};
use onewinner_core::access::{Accesses, Object};
use onewinner_core::id::ProcessId;

impl Programs {
    /// What the end of these tasks touches: what their descriptors free, and whether the contender exists.
    pub(crate) fn ends(&self, tasks: &[i32], of: Option<ProcessId>) -> Result<Accesses, String> {
        let mut accesses = Accesses::none();
        let known = tasks.iter().filter_map(|task| self.tree.tasks.get(task));
        let groups: BTreeSet<i32> = known.map(|(_, group)| *group).collect();
        for closed in self.locks.closed_with(&groups, &self.tree)? {
            match closed {
                Closed::Object { there, frees } => {
                    if frees == Released::Something {
                        accesses.store(Object::Locks(there.id));
                    }
                    if there.kind == InodeKind::Pipe && there.side == Side::Watched {
                        accesses.store(Object::Opens(there.id));
                    }
                }
                Closed::Socket(socket) if self.sockets.is_shared(socket) => accesses.store(Object::Network),
                Closed::Socket(_) => {}
            }
        }
        if let Some(process) = of {
            accesses.store(Object::Liveness(process));
        }
        Ok(accesses)
    }

    /// What the end of these tasks touches. What cannot be examined counts as freed.
    pub(super) fn end_of(&self, tasks: &[i32], of: Option<ProcessId>) -> Accesses {
        self.ends(tasks, of).unwrap_or_else(|_| {
            let locks = self.locks.all_tried().map(Object::Locks);
            let liveness = of.map(Object::Liveness);
            let mut accesses = Accesses::none();
            locks
                .chain(liveness)
                .chain([Object::Network])
                .for_each(|object| accesses.store(object));
            accesses
        })
    }

    pub(super) fn tasks_of(&self, process: ProcessId) -> Vec<i32> {
        let tasks = self.tree.tasks.iter().filter(|(_, (owner, _))| *owner == process);
        tasks.map(|(task, _)| *task).collect()
    }
}
