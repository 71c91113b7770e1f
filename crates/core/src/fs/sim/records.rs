//! Record locks on whole files, of processes (`F_SETLK`) and of open file descriptions (`F_OFD_SETLK`). Each inode has one table,
//! in which locks of different owners conflict;
//! [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html).
//!
//! `flock` has a separate table (locks.rs). Unlike there, a request that fails does not lose the old lock.

use super::State;
use super::hosts::apart;
use super::tables::{Actor, Lock, Owner, Record};
use crate::access::{Accesses, InodeId, Object};
use crate::fs::{Errno, Fd, RecordLock};
use crate::id::ProcessId;

impl State {
    pub(super) fn record_lock(
        &mut self,
        actor: Actor,
        fd: Fd,
        operation: RecordLock,
        touched: &mut Accesses,
    ) -> Result<(), Errno> {
        let place = self.place(actor, fd)?;
        self.lock_record(place, Owner::Process(actor), operation, touched)
    }

    pub(super) fn ofd_lock(
        &mut self,
        actor: Actor,
        fd: Fd,
        operation: RecordLock,
        touched: &mut Accesses,
    ) -> Result<(), Errno> {
        let place = self.place(actor, fd)?;
        self.lock_record(place, Owner::Description(place), operation, touched)
    }

    /// As `posix_lock_inode` in `fs/locks.c`, after its caller has checked the access mode (`check_fmode_for_setlk`).
    fn lock_record(
        &mut self,
        place: usize,
        owner: Owner,
        operation: RecordLock,
        touched: &mut Accesses,
    ) -> Result<(), Errno> {
        let description = self.opened(place);
        let inode = description.inode;
        let wanted = match operation {
            RecordLock::TryExclusive if !description.writable => return Err(Errno::EBADF),
            RecordLock::TryShared if !description.readable => return Err(Errno::EBADF),
            RecordLock::TryExclusive => Some(Lock::Exclusive),
            RecordLock::TryShared => Some(Lock::Shared),
            RecordLock::Unlock => None,
        };
        let own = self.records.iter().position(|held| held.is(inode, owner));
        // No other process can have changed it, and none can conflict with it.
        if own.map(|own| self.records[own].lock) == wanted {
            return Ok(());
        }
        if wanted.is_some_and(|wanted| self.is_recorded_by_another(inode, owner, wanted)) {
            touched.load(Object::Records(inode));
            return Err(Errno::EAGAIN);
        }
        touched.store(Object::Records(inode));
        self.records.retain(|held| !held.is(inode, owner));
        self.records.extend(wanted.map(|lock| Record { inode, owner, lock }));
        Ok(())
    }

    /// Whether another owner holds a lock that conflicts with the wanted one.
    fn is_recorded_by_another(&self, inode: InodeId, owner: Owner, wanted: Lock) -> bool {
        let mut others = self.records.iter().filter(|held| {
            let hosts = &self.hosts.records;
            held.inode == inode
                && held.owner != owner
                && !apart(hosts, self.process_of(owner), self.process_of(held.owner))
        });
        others.any(|held| held.lock == Lock::Exclusive || wanted == Lock::Exclusive)
    }

    /// The process that owns a record lock.
    pub(super) fn process_of(&self, owner: Owner) -> Option<ProcessId> {
        match owner {
            Owner::Process(actor) => actor.process,
            Owner::Description(place) => self.opened(place).opener,
        }
    }

    /// Releases the lock of the owner on the inode, if it has one: what a close does.
    pub(super) fn drop_record(&mut self, inode: InodeId, owner: Owner, touched: &mut Accesses) {
        if let Some(own) = self.records.iter().position(|held| held.is(inode, owner)) {
            touched.store(Object::Records(inode));
            self.records.remove(own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::call::Call;
    use crate::fs::{AccessMode, Create, Flock, Mode, OpenFlags};

    const P: ProcessId = ProcessId(0);
    const Q: ProcessId = ProcessId(1);

    fn open(access: AccessMode) -> Call {
        let flags = OpenFlags {
            access,
            create: Create::IfAbsent,
            ..OpenFlags::READ
        };
        let (path, mode) = ("/lock".into(), Mode::FILE);
        Call::Open { path, flags, mode }
    }

    /// Both have the file open twice, for reading and writing.
    fn opened() -> State {
        let mut state = State::new(2);
        for process in [P, P, Q, Q] {
            let opened = state.step(process, &open(AccessMode::ReadWrite)).0;
            opened.expect("an empty file system takes it");
        }
        state
    }

    fn record(operation: RecordLock) -> Call {
        let fd = Fd(0);
        Call::RecordLock { fd, operation }
    }

    fn ofd(fd: u32, operation: RecordLock) -> Call {
        let fd = Fd(fd);
        Call::OfdLock { fd, operation }
    }

    #[test]
    fn a_lock_excludes_others_until_it_is_released() {
        let mine = [record(RecordLock::TryExclusive), ofd(0, RecordLock::TryExclusive)];
        let theirs = [record(RecordLock::TryShared), ofd(1, RecordLock::TryExclusive)];
        let close = |fd| Call::Close { fd: Fd(fd) };
        for (taken, frees) in [
            (&mine[0], vec![record(RecordLock::Unlock)]),
            (&mine[0], vec![close(0)]),
            (&mine[0], vec![close(1)]),
            (&mine[0], vec![Call::Die]),
            (&mine[1], vec![ofd(0, RecordLock::Unlock)]),
            (&mine[1], vec![close(1), close(0)]),
            (&mine[1], vec![Call::Exit]),
        ] {
            for asked in &theirs {
                let mut state = opened();
                let (granted, stored) = state.step(P, taken);
                assert!(granted.is_ok() && state.holds_locks(P));
                let (busy, looked) = state.step(Q, asked);
                assert_eq!(busy, Err(Errno::EAGAIN), "{taken}, {asked}");
                assert!(looked.conflict(&stored) && !looked.conflict(&looked));
                let (last, before) = frees.split_last().expect("something frees");
                for call in before {
                    assert!(!state.step(P, call).1.conflict(&looked), "{call} frees nothing");
                }
                assert!(state.step(P, last).1.conflict(&looked), "{last} frees");
                assert_eq!((state.step(Q, asked).0.is_ok(), state.holds_locks(P)), (true, false));
            }
        }
    }

    #[test]
    fn a_process_does_not_conflict_with_itself_but_a_description_conflicts_with_all_others() {
        let mut state = opened();
        for call in [record(RecordLock::TryShared), record(RecordLock::TryExclusive)] {
            assert!(state.step(P, &call).0.is_ok());
        }
        let again = state.step(P, &record(RecordLock::TryExclusive));
        assert!(again.0.is_ok() && again.1.is_empty());
        assert_eq!(state.step(P, &ofd(1, RecordLock::TryShared)).0, Err(Errno::EAGAIN));
        assert!(state.step(P, &record(RecordLock::Unlock)).0.is_ok());
        assert!(state.step(P, &ofd(1, RecordLock::TryExclusive)).0.is_ok());
        assert_eq!(state.step(P, &ofd(0, RecordLock::TryShared)).0, Err(Errno::EAGAIN));
        assert_eq!(state.step(P, &record(RecordLock::TryShared)).0, Err(Errno::EAGAIN));
    }

    #[test]
    fn a_request_that_fails_loses_nothing() {
        let mut state = opened();
        assert!(state.step(P, &record(RecordLock::TryShared)).0.is_ok());
        assert!(state.step(Q, &record(RecordLock::TryShared)).0.is_ok());
        let wanted = record(RecordLock::TryExclusive);
        assert_eq!(state.step(P, &wanted).0, Err(Errno::EAGAIN));
        assert_eq!(state.step(Q, &wanted).0, Err(Errno::EAGAIN), "P still shares");
    }

    #[test]
    fn a_record_lock_requires_the_matching_access_mode_and_flock_does_not() {
        for (access, shared, exclusive) in [
            (AccessMode::Read, Ok(()), Err(Errno::EBADF)),
            (AccessMode::Write, Err(Errno::EBADF), Ok(())),
        ] {
            let mut state = State::new(1);
            assert!(state.step(P, &open(access)).0.is_ok());
            let fd = Fd(0);
            let operation = Flock::TryExclusive;
            assert!(state.step(P, &Call::Flock { fd, operation }).0.is_ok());
            for (operation, expected) in [(RecordLock::TryShared, shared), (RecordLock::TryExclusive, exclusive)] {
                for call in [record(operation), ofd(0, operation)] {
                    assert_eq!(state.step(P, &call).0.map(drop), expected, "{call} of {access:?}");
                    let unlock = record(RecordLock::Unlock);
                    assert!(state.step(P, &unlock).0.is_ok());
                }
            }
        }
    }
}
