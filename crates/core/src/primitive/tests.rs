//! Tests of all primitives without contention, and of the sound ones when a call fails.

use std::cell::{Cell, RefCell};

use super::*;
use crate::fs::call::{ByCall, Call};
use crate::fs::inject::{Injection, injected};
use crate::fs::sim::{Node, State};
use crate::fs::{FileKind, ProcessId};

const LOCK: &str = "/lock";

/// Three processes on one simulated file system.
struct FakeFs(RefCell<State>);

impl FakeFs {
    fn new() -> Self {
        Self(RefCell::new(State::new(3)))
    }

    fn process(&self, number: u8) -> impl Fs {
        let process = ProcessId(number);
        ByCall::new(process, move |call: Call| self.0.borrow_mut().step(process, &call).0)
    }

    /// All files, and the number of open descriptors of a process.
    fn seen_by(&self, number: u8) -> (Vec<Node>, usize) {
        let state = self.0.borrow();
        (state.tree(), state.open_descriptors(ProcessId(number)))
    }

    fn remove_all(&self) {
        let nodes = self.0.borrow().tree();
        // The entries of a directory come after it.
        for Node { path, kind, .. } in nodes.into_iter().rev() {
            let call = match kind {
                FileKind::Directory => Call::Rmdir { path },
                _ => Call::Unlink { path },
            };
            self.0.borrow_mut().prepare(&call).expect("it is there, and empty");
        }
    }
}

/// Runs `operation` as the first process, with its call number `call` failing. Returns `None` when it makes fewer calls.
fn disturbed<T>(fake: &FakeFs, call: u32, operation: impl FnOnce(&dyn Fs) -> T) -> Option<T> {
    let (fs, met) = (fake.process(0), Cell::new(false));
    let errno = Errno::EIO;
    let done = operation(&injected(&fs, Injection { call, errno }, |_| met.set(true)));
    met.get().then_some(done)
}

fn sound() -> impl Iterator<Item = &'static dyn LockPrimitive> {
    let claims_one = |lock: &&'static dyn LockPrimitive| lock.expectation() == Expectation::ExactlyOneWinner;
    ALL.iter().copied().filter(claims_one)
}

#[test]
fn names_are_unique_and_found() {
    for primitive in ALL {
        let found = by_name(primitive.name()).expect("listed");
        assert_eq!(found.protocol(), primitive.protocol());
    }
    assert!(by_name("no-such-lock").is_none());
}

#[test]
fn one_control_claims_one_winner_and_the_other_does_not() {
    let claims = CONTROLS.iter().map(|lock| lock.expectation());
    assert!(claims.eq([Expectation::SeveralWinners, Expectation::ExactlyOneWinner]));
}

#[test]
fn a_second_attempt_is_busy_until_release_and_leaves_nothing() {
    for primitive in ALL {
        let (fake, lock) = (FakeFs::new(), Path::new(LOCK));
        let (fs, other) = (fake.process(0), fake.process(1));
        for _ in 0..2 {
            let held = primitive.try_acquire(&fs, lock).expect("free");
            let before = fake.seen_by(1);
            let busy = primitive.try_acquire(&other, lock).expect_err("held");
            assert_eq!(busy, AcquireError::Busy, "{}", primitive.name());
            assert_eq!(io::Error::from(busy).kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fake.seen_by(1), before, "{}", primitive.name());
            primitive.release(&fs, lock, held).expect("held by us");
            let held = primitive.try_acquire(&other, lock).expect("free again");
            primitive.release(&other, lock, held).expect("held by the other");
        }
        let descriptors = (fake.seen_by(0).1, fake.seen_by(1).1);
        assert_eq!(descriptors, (0, 0), "{}", primitive.name());
    }
}

#[test]
fn a_release_leaves_nothing_but_the_file_of_a_kernel_lock() {
    for primitive in ALL {
        let (fake, lock) = (FakeFs::new(), Path::new(LOCK));
        let held = primitive.try_acquire(&fake.process(0), lock).expect("free");
        let by_name = held == Held::by_name();
        primitive.release(&fake.process(0), lock, held).expect("held by us");
        let (tree, descriptors) = fake.seen_by(0);
        let left: Vec<_> = tree.iter().map(|node| (&*node.path, node.content.len())).collect();
        // The second lock under which a lease is released is a kernel lock too.
        let kept = [(lock, 0), (Path::new("/lock.mutex"), 0)];
        let harmless = left.iter().all(|node| kept.contains(node)) && !(by_name && left.contains(&kept[0]));
        assert!(harmless && descriptors == 0, "{}: {left:?}", primitive.name());
    }
}

#[test]
fn releasing_a_removed_lock_succeeds() {
    for primitive in ALL {
        let (fake, lock) = (FakeFs::new(), Path::new(LOCK));
        let held = primitive.try_acquire(&fake.process(0), lock).expect("free");
        fake.remove_all();
        let released = primitive.release(&fake.process(0), lock, held);
        assert_eq!(released, Ok(()), "{}", primitive.name());
        assert_eq!(fake.seen_by(0).1, 0, "{}", primitive.name());
    }
}

#[test]
fn a_release_with_a_failing_call_returns_the_error_and_keeps_no_descriptor() {
    for primitive in ALL {
        for call in 0.. {
            let (fake, lock) = (FakeFs::new(), Path::new(LOCK));
            let held = primitive.try_acquire(&fake.process(0), lock).expect("free");
            let Some(released) = disturbed(&fake, call, |fs| primitive.release(fs, lock, held)) else {
                assert!(call > 0, "{}: a release makes a call", primitive.name());
                break;
            };
            let error = released.expect_err(primitive.name());
            assert_eq!(error.errno, Errno::EIO, "{}", primitive.name());
            assert_eq!(fake.seen_by(0).1, 0, "{}, call {call}", primitive.name());
        }
    }
}

#[test]
fn a_missing_directory_is_an_error_and_never_busy() {
    for primitive in ALL {
        let fs = crate::fs::sim::alone();
        let tried = primitive.try_acquire(&fs, Path::new("/absent/lock"));
        let Err(AcquireError::Failed(error)) = tried else {
            panic!("{}: {tried:?}", primitive.name());
        };
        assert_eq!(error.errno, Errno::ENOENT, "{}", primitive.name());
    }
}

#[test]
fn an_attempt_with_a_failing_call_fails_and_leaves_nothing_and_the_next_one_wins() {
    for primitive in sound() {
        for call in 0.. {
            let (fake, lock) = (FakeFs::new(), Path::new(LOCK));
            let Some(tried) = disturbed(&fake, call, |fs| primitive.try_acquire(fs, lock)) else {
                assert!(call > 0, "{}: an attempt makes a call", primitive.name());
                break;
            };
            let case = format!("{}, call {call}", primitive.name());
            assert!(matches!(tried, Err(AcquireError::Failed(_))), "{case}: {tried:?}");
            let (tree, descriptors) = fake.seen_by(0);
            assert_eq!(descriptors, 0, "{case}");
            assert!(tree.iter().all(|node| node.path == lock), "{case}: {tree:?}");
            assert!(primitive.try_acquire(&fake.process(1), lock).is_ok(), "{case}");
        }
    }
}

#[test]
fn a_losing_attempt_with_a_failing_call_fails_and_changes_nothing() {
    for primitive in sound() {
        for call in 0.. {
            let (fake, lock) = (FakeFs::new(), Path::new(LOCK));
            let held = primitive.try_acquire(&fake.process(1), lock).expect("free");
            let before = fake.seen_by(0);
            let Some(tried) = disturbed(&fake, call, |fs| primitive.try_acquire(fs, lock)) else {
                assert!(call > 0, "{}: an attempt makes a call", primitive.name());
                break;
            };
            let case = format!("{}, call {call}", primitive.name());
            assert!(matches!(tried, Err(AcquireError::Failed(_))), "{case}: {tried:?}");
            let mut after = fake.seen_by(0);
            // What cannot be removed stays, under a name that no other process uses.
            after.0.retain(|node| !node.path.starts_with("/lock.P0"));
            assert_eq!(after, before, "{case}");
            primitive.release(&fake.process(1), lock, held).expect("held");
            let next = primitive.try_acquire(&fake.process(0), lock);
            assert!(next.is_ok(), "{case}: {next:?}");
        }
    }
}

/// The lock of a holder that was killed long ago.
fn left_behind(primitive: &dyn LockPrimitive) -> FakeFs {
    let fake = FakeFs::new();
    let held = primitive.try_acquire(&fake.process(2), Path::new(LOCK));
    let _ = held.expect("free");
    let die = fake.0.borrow_mut().step(ProcessId(2), &Call::Die).0;
    die.expect("every process can be killed");
    let path = PathBuf::from(LOCK);
    // Only files become old.
    let _ = fake.0.borrow_mut().prepare(&Call::Expire { path });
    fake
}

#[test]
fn a_stale_lock_is_taken_over_exactly_if_the_crash_class_says_so() {
    for primitive in ALL {
        let tried = primitive.try_acquire(&left_behind(*primitive).process(0), Path::new(LOCK));
        let manual = primitive.crash_class() == CrashClass::Manual;
        assert_eq!(tried.is_err(), manual, "{}: {tried:?}", primitive.name());
    }
}

#[test]
fn a_breaker_with_a_failing_call_fails_and_shuts_nobody_out() {
    for primitive in sound().filter(|lock| lock.crash_class() != CrashClass::Manual) {
        for call in 0.. {
            let (fake, lock) = (left_behind(primitive), Path::new(LOCK));
            let Some(tried) = disturbed(&fake, call, |fs| primitive.try_acquire(fs, lock)) else {
                assert!(call > 0, "{}: an attempt makes a call", primitive.name());
                break;
            };
            let case = format!("{}, call {call}", primitive.name());
            assert!(matches!(tried, Err(AcquireError::Failed(_))), "{case}: {tried:?}");
            assert_eq!(fake.seen_by(0).1, 0, "{case}");
            let next = primitive.try_acquire(&fake.process(1), lock);
            assert!(next.is_ok(), "{case}: {next:?}");
        }
    }
}

/// The file system of the first process, with another reply to some calls after they were performed.
fn answering(fake: &FakeFs, answer: impl Fn(&Call) -> Option<Errno>) -> impl Fs {
    let process = ProcessId(0);
    ByCall::new(process, move |call: Call| {
        let (reply, _) = fake.0.borrow_mut().step(process, &call);
        answer(&call).map_or(reply, Err)
    })
}

#[test]
fn a_link_whose_reply_was_lost_is_recognised_by_the_link_count() {
    let fake = FakeFs::new();
    let again = |call: &Call| matches!(call, Call::Link { .. }).then_some(Errno::EEXIST);
    let tried = Link.try_acquire(&answering(&fake, again), Path::new(LOCK));
    assert_eq!(tried, Ok(Held::by_name()));
}

#[test]
fn a_non_empty_directory_is_busy_whichever_error_reports_it() {
    for errno in [Errno::ENOTEMPTY, Errno::EEXIST] {
        let fake = FakeFs::new();
        let _held = RenameDirectory.try_acquire(&fake.process(1), Path::new(LOCK));
        let full = |call: &Call| matches!(call, Call::Rename { .. }).then_some(errno);
        let tried = RenameDirectory.try_acquire(&answering(&fake, full), Path::new(LOCK));
        assert_eq!(tried, Err(AcquireError::Busy), "{errno}");
    }
}

#[test]
fn eacces_from_fcntl_is_an_error_and_not_busy() {
    for primitive in [Fcntl::Process, Fcntl::Description] {
        let fake = FakeFs::new();
        let locks = |call: &Call| matches!(call, Call::RecordLock { .. } | Call::OfdLock { .. });
        let fs = answering(&fake, |call| locks(call).then_some(Errno::EACCES));
        let tried = primitive.try_acquire(&fs, Path::new(LOCK));
        assert!(matches!(tried, Err(AcquireError::Failed(_))), "{tried:?}");
    }
}

#[test]
fn an_owner_of_another_user_is_alive() {
    let fake = left_behind(&PidFile);
    let fs = answering(&fake, |call| matches!(call, Call::Alive { .. }).then_some(Errno::EPERM));
    let tried = BreakUnlink::Blind.try_acquire(&fs, Path::new(LOCK));
    assert_eq!(tried, Err(AcquireError::Busy));
}

#[test]
fn a_prepared_file_of_an_earlier_attempt_may_be_the_lock_and_is_not_written_to() {
    let (fake, lock) = (FakeFs::new(), Path::new(LOCK));
    let fs = fake.process(0);
    let _held = Link.try_acquire(&fs, lock).expect("free");
    fs.link(lock, Path::new("/lock.P0"))
        .expect("as if it had been killed before the last call");
    for primitive in [&Link as &dyn LockPrimitive, &RenameOver::Blind] {
        assert_eq!(primitive.try_acquire(&fs, lock), Err(AcquireError::Busy));
    }
}
