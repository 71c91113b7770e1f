//! The end of processes, and calls that check whether a process is alive.
//!
//! A killed process ends like one that exits: the kernel closes its descriptors, which releases its locks
//! ([_exit(2)](https://man7.org/linux/man-pages/man2/_exit.2.html)). There are no zombies: a dead process is gone.

use super::State;
use super::fork::child_of;
use super::tables::{Actor, Member, Owner};
use crate::access::{Accesses, Object};
use crate::fs::call::Call;
use crate::fs::{Errno, Fd};
use crate::id::ProcessId;

impl State {
    /// If the process must wait at this call until another process acts: the footprint that the call would have.
    ///
    /// # Panics
    ///
    /// When the process is not one of those given to [`State::new`].
    pub fn waits(&self, process: ProcessId, call: &Call) -> Option<Accesses> {
        self.waits_at(Actor::of(Some(process)), call)
    }

    fn waits_at(&self, actor: Actor, call: &Call) -> Option<Accesses> {
        match call {
            Call::Flock { fd, operation } => self.flock_waits(actor, *fd, *operation),
            Call::Await { processes } if processes.iter().any(|process| self.is_alive(*process)) => {
                let mut awaited = Accesses::none();
                load(processes, &mut awaited);
                Some(awaited)
            }
            Call::InChild { made } => self.waits_at(child_of(actor), made),
            _ => None,
        }
    }

    /// Whether the process holds a kernel lock that its end would release, which is not one that its child shares.
    pub fn holds_locks(&self, process: ProcessId) -> bool {
        let actor = Actor::of(Some(process));
        let mut places = self.descriptors(actor).iter().flatten();
        let own = |place: &usize| self.opened(*place).descriptors == 1;
        let of_process = self.records.iter().any(|held| held.owner == Owner::Process(actor));
        let recorded = |place: usize| self.records.iter().any(|held| held.owner == Owner::Description(place));
        of_process || places.any(|place| own(place) && (self.opened(*place).lock.is_some() || recorded(*place)))
    }

    pub(super) fn end(&mut self, actor: Actor, touched: &mut Accesses) {
        for number in 0..self.descriptors(actor).len() {
            let number = u32::try_from(number).expect("a simulated process opens few files");
            // Numbers that are not open are skipped.
            let _ = self.close(actor, Fd(number), touched);
        }
        let table = self.table_mut(actor.process);
        match (actor.member, actor.process) {
            (Member::Child, _) => table.child = None,
            (Member::Parent, Some(process)) => {
                table.ended = true;
                touched.store(Object::Liveness(process));
            }
            (Member::Parent, None) => {}
        }
    }

    /// A process that is not in the table died before the first step.
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
        let table = self.tables.get(process.index() + 1);
        table.is_some_and(|table| !table.ended)
    }
}

fn load(processes: &[ProcessId], touched: &mut Accesses) {
    for process in processes {
        touched.load(Object::Liveness(*process));
    }
}
