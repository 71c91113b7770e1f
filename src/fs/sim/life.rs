//! Processes that end, and who looks whether they have.
//!
//! A process that was killed ends like one that exits: the kernel closes its descriptors, which frees its locks
//! ([_exit(2)](https://man7.org/linux/man-pages/man2/_exit.2.html)). There are no zombies: a dead process is gone.

use super::State;
use super::calls::Actor;
use crate::access::{Accesses, Object};
use crate::fs::call::Call;
use crate::fs::{Errno, Fd};
use crate::id::ProcessId;

impl State {
    /// Whether the process cannot make this call now, but only after another one has done something: the footprint that the
    /// call would have.
    ///
    /// # Panics
    ///
    /// When the process is not one of those given to [`State::new`].
    pub fn waits(&self, process: ProcessId, call: &Call) -> Option<Accesses> {
        match call {
            Call::Flock { fd, operation } => self.flock_waits(Some(process), *fd, *operation),
            Call::Await { processes } if processes.iter().any(|process| self.is_alive(*process)) => {
                let mut awaited = Accesses::none();
                load(processes, &mut awaited);
                Some(awaited)
            }
            _ => None,
        }
    }

    /// Whether the process has a lock that its end would free.
    pub fn holds_locks(&self, process: ProcessId) -> bool {
        let places = self.table(Some(process)).descriptors.iter().flatten();
        let mut open = places.filter_map(|place| self.descriptions[*place].as_ref());
        open.any(|description| description.lock.is_some())
    }

    pub(super) fn end(&mut self, actor: Actor, touched: &mut Accesses) {
        for number in 0..self.table(actor).descriptors.len() {
            let number = u32::try_from(number).expect("a simulated process opens few files");
            // Of those that are open.
            let _ = self.close(actor, Fd(number), touched);
        }
        if let Some(process) = actor {
            touched.store(Object::Liveness(process));
            self.table_mut(actor).ended = true;
        }
    }

    pub(super) fn alive(&self, process: ProcessId, touched: &mut Accesses) -> Result<(), Errno> {
        touched.load(Object::Liveness(process));
        if self.is_alive(process) {
            Ok(())
        } else {
            Err(Errno::ESRCH)
        }
    }

    pub(super) fn await_ends(&self, processes: &[ProcessId], touched: &mut Accesses) {
        let alive = processes.iter().find(|process| self.is_alive(**process));
        assert_eq!(alive, None, "this would wait: ask `State::waits` first");
        load(processes, touched);
    }

    fn is_alive(&self, process: ProcessId) -> bool {
        !self.table(Some(process)).ended
    }
}

fn load(processes: &[ProcessId], touched: &mut Accesses) {
    for process in processes {
        touched.load(Object::Liveness(*process));
    }
}
