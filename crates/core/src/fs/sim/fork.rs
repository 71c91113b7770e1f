//! A process that forks, and what its child does;
//! [fork(2)](https://man7.org/linux/man-pages/man2/fork.2.html).
//!
//! The child shares the open file descriptions of its parent, with their offsets and locks. It does not share record locks. A
//! process has one child at a time: a second fork fails as if `RLIMIT_NPROC` were reached. The child may outlive its parent.

use super::State;
use super::tables::{Actor, Member};
use crate::access::Accesses;
use crate::fs::Errno;
use crate::fs::call::{Call, Reply};

impl State {
    /// Forks. It touches nothing, because no other process can observe how many descriptors a description has.
    pub(super) fn fork(&mut self, actor: Actor) -> Result<(), Errno> {
        if actor.member == Member::Child {
            return Err(Errno::ENOSYS);
        }
        if self.table(actor.process).child.is_some() {
            return Err(Errno::EAGAIN);
        }
        let inherited = self.descriptors(actor).to_owned();
        for place in inherited.iter().flatten() {
            self.opened_mut(*place).descriptors += 1;
        }
        self.table_mut(actor.process).child = Some(inherited);
        Ok(())
    }

    /// Performs a call of the child; fails if there is no child.
    pub(super) fn in_child(&mut self, actor: Actor, made: &Call, touched: &mut Accesses) -> Reply {
        if actor.member == Member::Child {
            return Err(Errno::ENOSYS);
        }
        if self.table(actor.process).child.is_none() {
            return Err(Errno::ESRCH);
        }
        let (reply, accesses) = self.perform(child_of(actor), made);
        *touched = accesses;
        reply
    }
}

/// The child of the caller. A child has no child itself.
pub(super) fn child_of(actor: Actor) -> Actor {
    let member = Member::Child;
    Actor { member, ..actor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::call::Value;
    use crate::fs::{Fd, Flock, Mode, OpenFlags, RecordLock};
    use crate::id::ProcessId;

    const P: ProcessId = ProcessId(0);
    const Q: ProcessId = ProcessId(1);
    const FD: Fd = Fd(0);

    fn in_child(made: Call) -> Call {
        let made = Box::new(made);
        Call::InChild { made }
    }

    fn flock(operation: Flock) -> Call {
        Call::Flock { fd: FD, operation }
    }

    /// P and Q have the file open, and P has forked.
    fn forked() -> State {
        let mut state = State::new(2);
        for process in [P, Q] {
            let (path, flags, mode) = ("/lock".into(), OpenFlags::APPEND, Mode::FILE);
            let opened = state.step(process, &Call::Open { path, flags, mode }).0;
            opened.expect("an empty file system takes it");
        }
        assert_eq!(state.step(P, &Call::Fork), (Ok(Value::Done), Accesses::none()));
        state
    }

    #[test]
    fn a_lock_of_a_description_is_held_until_parent_and_child_have_closed_it() {
        for first_and_last in [
            [Call::Close { fd: FD }, in_child(Call::Exit)],
            [in_child(Call::Close { fd: FD }), Call::Die],
            [Call::Exit, in_child(Call::Die)],
        ] {
            let mut state = forked();
            assert!(state.step(P, &flock(Flock::TryExclusive)).0.is_ok());
            assert!(!state.holds_locks(P), "its child shares it");
            for call in first_and_last {
                let (busy, looked) = state.step(Q, &flock(Flock::TryExclusive));
                assert_eq!(busy, Err(Errno::EAGAIN));
                assert!(state.waits(Q, &flock(Flock::Exclusive)).is_some());
                let (done, footprint) = state.step(P, &call);
                assert!(done.is_ok());
                let free = state.waits(Q, &flock(Flock::Exclusive)).is_none();
                assert_eq!(footprint.conflict(&looked), free, "{call}");
            }
            assert!(state.step(Q, &flock(Flock::TryExclusive)).0.is_ok());
        }
    }

    #[test]
    fn a_record_lock_belongs_only_to_the_parent() {
        let record = |operation| Call::RecordLock { fd: FD, operation };
        let take = record(RecordLock::TryExclusive);
        let mut state = forked();
        assert!(state.step(P, &take).0.is_ok() && state.holds_locks(P));
        assert_eq!(state.step(P, &in_child(take.clone())).0, Err(Errno::EAGAIN));
        for call in [record(RecordLock::Unlock), Call::Close { fd: FD }, Call::Exit] {
            assert!(state.step(P, &in_child(call)).0.is_ok());
            assert_eq!(state.step(Q, &take).0, Err(Errno::EAGAIN));
        }
        assert!(state.step(P, &record(RecordLock::Unlock)).0.is_ok());
        assert!(state.step(Q, &take).0.is_ok());
    }

    #[test]
    fn offsets_are_shared_and_descriptors_are_not() {
        let mut state = forked();
        let write = |bytes: &[u8]| Call::Write {
            fd: FD,
            bytes: bytes.to_owned(),
        };
        for call in [
            write(b"a"),
            in_child(write(b"b")),
            in_child(Call::Close { fd: FD }),
            write(b"c"),
        ] {
            assert!(state.step(P, &call).0.is_ok(), "{call}");
        }
        assert_eq!(state.tree()[0].content, b"abc");
        assert_eq!(state.step(P, &in_child(write(b"d"))).0, Err(Errno::EBADF));
        assert_eq!(state.open_descriptors(P), 1);
    }

    #[test]
    fn a_process_has_one_child_at_a_time_and_a_child_has_none() {
        let mut state = forked();
        assert_eq!(state.step(P, &Call::Fork).0, Err(Errno::EAGAIN));
        assert_eq!(state.step(P, &in_child(Call::Fork)).0, Err(Errno::ENOSYS));
        assert_eq!(state.step(P, &in_child(in_child(Call::Exit))).0, Err(Errno::ENOSYS));
        assert!(state.step(P, &in_child(Call::Exit)).0.is_ok());
        assert_eq!(state.step(P, &in_child(Call::Exit)).0, Err(Errno::ESRCH));
        assert!(state.step(P, &Call::Fork).0.is_ok());
    }

    #[test]
    fn a_child_waits_where_its_parent_would() {
        let mut state = forked();
        assert!(state.step(Q, &flock(Flock::TryExclusive)).0.is_ok());
        let call = flock(Flock::Exclusive);
        assert_eq!(state.waits(P, &in_child(call.clone())), state.waits(P, &call));
        assert!(state.waits(P, &call).is_some());
    }
}
