//! Locks with their release: as many executions as there are classes, counted by the exhaustive search.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Dpor, Exhaustive, Scheduler, Stop};
use onewinner_core::fs::{Create, Errno, Fs, Mode, OpenFlags};
use onewinner_core::happens_before::Class;
use onewinner_core::history::{End, Outcome};
use onewinner_core::primitive::{AcquireError, CallError, CreateNew, Expectation, Held, LockPrimitive, StatThenWrite};
use onewinner_core::scenario::Scenario;

use super::program::LIMITS;

/// `stat L; if absent, open(L, O_CREAT)`, and `unlink L`: each attempt has at most three steps.
struct StatThenCreate;

impl LockPrimitive for StatThenCreate {
    fn name(&self) -> &'static str {
        "stat-then-create"
    }

    fn protocol(&self) -> &'static str {
        "stat(L); open(L, O_CREAT)"
    }

    fn expectation(&self) -> Expectation {
        Expectation::SeveralWinners
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        if fs.stat(lock).is_ok() {
            return Err(AcquireError::Busy);
        }
        let flags = OpenFlags {
            create: Create::IfAbsent,
            ..OpenFlags::WRITE
        };
        fs.open(lock, flags, Mode::FILE)
            .map_err(CallError::when("create", lock))?;
        Ok(Held::by_name())
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _: Held) -> Result<(), CallError> {
        match fs.unlink(lock) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(CallError::when("remove", lock)(errno)),
        }
    }
}

struct Explored {
    executions: u64,
    classes: BTreeSet<Class>,
    outcomes: BTreeSet<Outcome>,
}

fn explored(lock: &'static dyn LockPrimitive, scenario: &Scenario, scheduler: &mut dyn Scheduler) -> Explored {
    let (mut classes, mut outcomes) = (BTreeSet::new(), BTreeSet::new());
    let searched = sim::explore(lock, scenario, scheduler, LIMITS, &mut |execution| {
        assert_eq!(execution.end, End::Completed);
        classes.insert(Class::of(scenario.processes, &execution.history.steps()));
        outcomes.insert(Outcome::of(&execution.history));
        ControlFlow::Continue(())
    });
    assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
    Explored {
        executions: searched.executions,
        classes,
        outcomes,
    }
}

/// One execution of each class, and as many classes as that.
fn check_count(lock: &'static dyn LockPrimitive, scenario: &Scenario, classes: usize) {
    let reduced = explored(lock, scenario, &mut Dpor::new());
    let name = lock.name();
    assert_eq!(
        (reduced.executions, reduced.classes.len()),
        (classes as u64, classes),
        "{name} in {scenario}"
    );
}

/// The same classes and outcomes as in every interleaving.
fn check_equal(lock: &'static dyn LockPrimitive, scenario: &Scenario) {
    let reduced = explored(lock, scenario, &mut Dpor::new());
    let all = explored(lock, scenario, &mut Exhaustive::new());
    let name = lock.name();
    eprintln!(
        "{name} in {scenario}: {} interleavings, {} classes",
        all.executions,
        all.classes.len()
    );
    assert!(reduced.classes == all.classes, "{name} in {scenario}");
    assert!(reduced.outcomes == all.outcomes, "{name} in {scenario}");
    assert_eq!(reduced.executions, all.classes.len() as u64, "{name} in {scenario}");
}

#[test]
fn create_new_with_release() {
    check_count(&CreateNew, &Scenario::cycle(2, 1), 4);
    check_count(&CreateNew, &Scenario::cycle(3, 1), 21);
    check_equal(&CreateNew, &Scenario::cycle(2, 2));
    check_equal(&CreateNew, &Scenario::cycle(3, 1));
}

#[test]
fn stat_then_create_with_release() {
    check_count(&StatThenCreate, &Scenario::cycle(2, 1), 10);
    check_count(&StatThenCreate, &Scenario::cycle(3, 1), 204);
}

#[test]
fn stat_then_write() {
    for scenario in [
        Scenario::contend(2),
        Scenario::contend(3),
        Scenario::cycle(2, 1),
        Scenario::cycle(2, 2),
    ] {
        check_equal(&StatThenWrite, &scenario);
    }
}

#[test]
fn hub_sync() {
    check_equal(&CreateNew, &Scenario::hub_sync(2));
    check_count(&StatThenWrite, &Scenario::hub_sync(2), 392);
    check_count(&StatThenWrite, &Scenario::cycle(3, 1), 870);
}

#[test]
#[ignore = "slow suite: run with cargo test --release --test portable reduction:: -- --ignored"]
fn what_has_many_interleavings() {
    check_equal(&StatThenWrite, &Scenario::hub_sync(2));
    check_equal(&StatThenWrite, &Scenario::cycle(3, 1));
}

#[test]
fn one_process_after_another_is_one_class() {
    use onewinner_core::fs::inject::Injection;
    for call in 0..3 {
        let errno = Errno::EIO;
        check_equal(&StatThenWrite, &Scenario::fault(Injection { call, errno }));
    }
}
