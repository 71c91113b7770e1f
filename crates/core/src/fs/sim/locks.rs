//! `flock`: locks on inodes that belong to open file descriptions.
//!
//! The lock table of an inode contains what its open descriptions hold. A request that fails loads the table, and one that is
//! granted stores it. A request for a lock that the description already holds touches nothing that another process can change.

use super::State;
use super::hosts::apart;
use super::tables::{Actor, Description, Lock};
use crate::access::{Accesses, Object};
use crate::fs::{Errno, Fd, Flock};

/// Whether a request waits for conflicting locks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Tries,
    Waits,
}

/// The requested lock; `None` for `LOCK_UN`.
fn request(operation: Flock) -> Option<(Lock, Patience)> {
    match operation {
        Flock::TryExclusive => Some((Lock::Exclusive, Patience::Tries)),
        Flock::Exclusive => Some((Lock::Exclusive, Patience::Waits)),
        Flock::TryShared => Some((Lock::Shared, Patience::Tries)),
        Flock::Shared => Some((Lock::Shared, Patience::Waits)),
        Flock::Unlock => None,
    }
}

impl State {
    /// As `flock_lock_inode` in `fs/locks.c`.
    pub(super) fn flock(
        &mut self,
        actor: Actor,
        fd: Fd,
        operation: Flock,
        touched: &mut Accesses,
    ) -> Result<(), Errno> {
        let description = self.description(actor, fd)?;
        let (table, own) = (Object::Locks(description.inode), description.lock);
        let Some((wanted, patience)) = request(operation) else {
            if own.is_some() {
                touched.store(table);
                self.description_mut(actor, fd)?.lock = None;
            }
            return Ok(());
        };
        if own == Some(wanted) {
            return Ok(());
        }
        if !self.is_in_the_way(actor, fd, wanted)? {
            touched.store(table);
            self.description_mut(actor, fd)?.lock = Some(wanted);
            return Ok(());
        }
        if patience == Patience::Waits {
            // The kernel releases the old lock and then waits: two steps in one call, which this state machine cannot take.
            assert!(own.is_some(), "{operation} would wait: ask `State::waits` first");
            touched.load(table);
            return Err(Errno::ENOSYS);
        }
        match own {
            Some(_) => touched.store(table),
            None => touched.load(table),
        }
        self.description_mut(actor, fd)?.lock = None;
        Err(Errno::EAGAIN)
    }

    /// If a request has to wait now: the footprint that it will have when it is granted.
    pub(super) fn flock_waits(&self, actor: Actor, fd: Fd, operation: Flock) -> Option<Accesses> {
        let description = self.description(actor, fd).ok()?;
        let (wanted, Patience::Waits) = request(operation)? else {
            return None;
        };
        if description.lock.is_some() || !self.is_in_the_way(actor, fd, wanted).ok()? {
            return None;
        }
        let mut granted = Accesses::none();
        granted.store(Object::Locks(description.inode));
        Some(granted)
    }

    /// Whether another description holds a lock that conflicts with the wanted one.
    fn is_in_the_way(&self, actor: Actor, fd: Fd, wanted: Lock) -> Result<bool, Errno> {
        let own = self.place(actor, fd)?;
        let description = self.opened(own);
        let meets = |other: &&Description| {
            other.inode == description.inode && !apart(&self.hosts.flock, description.opener, other.opener)
        };
        let others = self.descriptions.iter().enumerate().filter(|(place, _)| *place != own);
        let mut held = others.filter_map(|(_, other)| other.as_ref().filter(meets)?.lock);
        Ok(held.any(|held| held == Lock::Exclusive || wanted == Lock::Exclusive))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::call::Call;
    use crate::fs::{Mode, OpenFlags};
    use crate::id::ProcessId;

    fn flock(operation: Flock) -> Call {
        let fd = Fd(0);
        Call::Flock { fd, operation }
    }

    /// Two processes that have opened one file.
    fn opened() -> State {
        let mut state = State::new(2);
        for process in ProcessId::first(2) {
            let (path, flags, mode) = ("/lock".into(), OpenFlags::APPEND, Mode::FILE);
            let opened = state.step(process, &Call::Open { path, flags, mode }).0;
            opened.expect("an empty file system takes it");
        }
        state
    }

    #[test]
    fn a_request_waits_until_unlock_close_or_the_end_of_the_holder() {
        let (one, other) = (ProcessId(0), ProcessId(1));
        let (wait, unlock, close) = (flock(Flock::Exclusive), flock(Flock::Unlock), Call::Close { fd: Fd(0) });
        for free in [unlock, close, Call::Exit, Call::Die] {
            let mut state = opened();
            assert_eq!(state.waits(one, &wait), None);
            let (taken, granted) = state.step(one, &wait);
            assert!(taken.is_ok() && state.waits(one, &wait).is_none() && state.holds_locks(one));
            assert_eq!(
                state.waits(other, &wait),
                Some(granted.clone()),
                "as when it is granted"
            );

            let (busy, looked) = state.step(other, &flock(Flock::TryExclusive));
            assert_eq!(busy, Err(Errno::EAGAIN));
            assert!(looked.conflict(&granted) && !looked.conflict(&looked));

            let (_, freed) = state.step(one, &free);
            assert!(freed.conflict(&looked), "{free}");
            assert_eq!(
                (state.waits(other, &wait), state.holds_locks(one)),
                (None, false),
                "{free}"
            );
        }
    }

    #[test]
    fn a_shared_lock_excludes_exclusive_requests() {
        let (one, other) = (ProcessId(0), ProcessId(1));
        let mut state = opened();
        for process in [one, other] {
            assert!(state.step(process, &flock(Flock::TryShared)).0.is_ok());
        }
        let alone = flock(Flock::Exclusive);
        // The kernel releases the shared lock and waits. This is not modelled, and reported as such.
        assert_eq!(state.step(one, &alone).0, Err(Errno::ENOSYS));
        assert!(state.step(other, &Call::Exit).0.is_ok());
        assert!(state.step(one, &alone).0.is_ok());
    }

    #[test]
    fn awaiting_the_end_of_processes_waits_for_all_of_them() {
        let mut state = State::new(3);
        let call = Call::Await {
            processes: ProcessId::first(2).collect(),
        };
        for process in ProcessId::first(2) {
            let waits = state.waits(ProcessId(2), &call).expect("one is alive");
            let alive = Call::Alive { process };
            assert!(state.step(ProcessId(2), &alive).0.is_ok());
            let (_, end) = state.step(process, &Call::Exit);
            assert!(waits.conflict(&end));
            assert_eq!(state.step(ProcessId(2), &alive).0, Err(Errno::ESRCH));
        }
        assert_eq!(state.waits(ProcessId(2), &call), None);
    }
}
