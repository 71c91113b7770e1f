//! Lock protocols of the world, small, each with its classes counted by hand elsewhere: footprints, waiting and the judgement
//! of overlap are held against those counts together.
//!
//! The counts are of complete searches; three tries for retry loops. Deliberately asks nothing of `check`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use onewinner::backend::sim;
use onewinner::explore::{Dpor, Exhaustive, Limits, Scheduler, Stop};
use onewinner::fs::{AccessMode, Create, Errno, Fd, Flock, Fs, Mode, OpenFlags};
use onewinner::happens_before::Class;
use onewinner::history::End;
use onewinner::primitive::{AcquireError, CallError, Expectation, Held, LockPrimitive};
use onewinner::property;
use onewinner::scenario::Scenario;

const LIMITS: Limits = Limits {
    executions: 2_000_000,
    steps: 1_000,
    time: Duration::from_secs(240),
};

/// As often as a retry loop goes round.
const TRIES: usize = 3;

/// A protocol made of two functions; an attempt that returns nothing has lost.
struct Zoo {
    name: &'static str,
    acquire: fn(&dyn Fs, &Path) -> Result<Option<Held>, Errno>,
    release: fn(&dyn Fs, &Path, Held) -> Result<(), Errno>,
}

impl LockPrimitive for Zoo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn protocol(&self) -> &'static str {
        ""
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let held = (self.acquire)(fs, lock).map_err(CallError::when("take", lock))?;
        held.ok_or(AcquireError::Busy)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        (self.release)(fs, lock, held).map_err(CallError::when("give back", lock))
    }
}

static MKDIR: Zoo = Zoo {
    name: "mkdir",
    acquire: |fs, lock| match fs.mkdir(lock, Mode::DIRECTORY) {
        Err(Errno::EEXIST) => Ok(None),
        made => made.map(|()| Some(Held::by_name())),
    },
    release: |fs, lock, _| fs.rmdir(lock),
};

static ABSENT_AS_STALE: Zoo = Zoo {
    name: "absent-as-stale",
    acquire: |fs, lock| create_or(fs, lock, |fs, lock| ignore_absence(fs.unlink(lock))),
    release: |fs, lock, _| ignore_absence(fs.unlink(lock)),
};

static ABSENT_RETRIES: Zoo = Zoo {
    name: "absent: retry",
    acquire: |fs, lock| create_or(fs, lock, |_, _| Ok(())),
    release: |fs, lock, _| ignore_absence(fs.unlink(lock)),
};

static FLOCK_KEPT: Zoo = Zoo {
    name: "flock kept, try",
    acquire: |fs, lock| locked(fs, lock, Flock::TryExclusive),
    release: |fs, _, held| fs.close(descriptor(&held)),
};

static FLOCK_KEPT_WAITING: Zoo = Zoo {
    name: "flock kept, blocking",
    acquire: |fs, lock| locked(fs, lock, Flock::Exclusive),
    release: |fs, _, held| fs.close(descriptor(&held)),
};

static FLOCK_UNLINK: Zoo = Zoo {
    name: "flock + unlink, try",
    acquire: |fs, lock| locked(fs, lock, Flock::TryExclusive),
    release: close_then_unlink,
};

static FLOCK_UNLINK_WAITING: Zoo = Zoo {
    name: "flock + unlink, blocking",
    acquire: |fs, lock| locked(fs, lock, Flock::Exclusive),
    release: close_then_unlink,
};

static NLINK_CHECK: Zoo = Zoo {
    name: "flock + nlink check",
    acquire: locked_and_named,
    release: unlink_then_close,
};

static HALF_FIX: Zoo = Zoo {
    name: "half fix",
    acquire: locked_and_named,
    release: close_then_unlink,
};

fn descriptor(held: &Held) -> Fd {
    held.descriptor.expect("held by a descriptor")
}

fn ignore_absence(removed: Result<(), Errno>) -> Result<(), Errno> {
    match removed {
        Err(Errno::ENOENT) => Ok(()),
        removed => removed,
    }
}

fn unlink_then_close(fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), Errno> {
    ignore_absence(fs.unlink(lock))?;
    fs.close(descriptor(&held))
}

fn close_then_unlink(fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), Errno> {
    fs.close(descriptor(&held))?;
    ignore_absence(fs.unlink(lock))
}

/// Creates exclusively; whoever finds the name and then finds it gone does `gone` and tries again.
fn create_or(fs: &dyn Fs, lock: &Path, gone: fn(&dyn Fs, &Path) -> Result<(), Errno>) -> Result<Option<Held>, Errno> {
    for _ in 0..TRIES {
        match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
            Err(Errno::EEXIST) => {}
            opened => return opened.map(|_| Some(Held::by_name())),
        }
        match fs.stat(lock) {
            Err(Errno::ENOENT) => gone(fs, lock)?,
            looked => return looked.map(|_| None),
        }
    }
    Ok(None)
}

fn locked(fs: &dyn Fs, lock: &Path, operation: Flock) -> Result<Option<Held>, Errno> {
    let flags = OpenFlags {
        access: AccessMode::ReadWrite,
        create: Create::IfAbsent,
        ..OpenFlags::READ
    };
    let fd = fs.open(lock, flags, Mode::FILE)?;
    match fs.flock(fd, operation) {
        Err(Errno::EAGAIN) => fs.close(fd).map(|()| None),
        locked => locked.map(|()| Some(Held { descriptor: Some(fd) })),
    }
}

fn locked_and_named(fs: &dyn Fs, lock: &Path) -> Result<Option<Held>, Errno> {
    for _ in 0..TRIES {
        let Some(held) = locked(fs, lock, Flock::TryExclusive)? else {
            return Ok(None);
        };
        if fs.fstat(descriptor(&held))?.links > 0 {
            return Ok(Some(held));
        }
        fs.close(descriptor(&held))?;
    }
    Ok(None)
}

#[derive(Debug, PartialEq, Eq)]
struct Counted {
    executions: u64,
    classes: usize,
    /// Classes that break mutual exclusion.
    violating: usize,
}

fn count(lock: &'static Zoo, scenario: &Scenario, scheduler: &mut dyn Scheduler) -> Counted {
    let (mut classes, mut violating) = (BTreeSet::new(), BTreeSet::new());
    let searched = sim::explore(lock, scenario, scheduler, LIMITS, &mut |execution| {
        assert_eq!(execution.end, End::Completed);
        let class = Class::of(scenario.processes, &execution.history.steps());
        if let Some((property, violation)) = property::first_violation(&execution.history) {
            let sentence = violation.sentence;
            assert!(
                matches!(property.name(), "mutual-exclusion" | "only-own"),
                "{} in {scenario}: {sentence}",
                lock.name
            );
            if property.name() == "mutual-exclusion" {
                violating.insert(class.clone());
            }
        }
        classes.insert(class);
        ControlFlow::Continue(())
    });
    assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
    Counted {
        executions: searched.executions,
        classes: classes.len(),
        violating: violating.len(),
    }
}

/// Classes of two processes with one round each and of three, and how many of the latter let two in.
fn check(lock: &'static Zoo, two: usize, three: usize, violating: usize) {
    for (processes, classes, violating) in [(2, two, 0), (3, three, violating)] {
        let scenario = Scenario::cycle(processes, 1);
        let expected = Counted {
            executions: classes as u64,
            classes,
            violating,
        };
        let found = count(lock, &scenario, &mut Dpor::new());
        assert_eq!(found, expected, "{} in {scenario}", lock.name);
    }
}

/// The same, by every interleaving.
fn check_all(lock: &'static Zoo, classes: usize, interleavings: u64, violating: usize) {
    let found = count(lock, &Scenario::cycle(3, 1), &mut Exhaustive::new());
    let expected = Counted {
        executions: interleavings,
        classes,
        violating,
    };
    assert_eq!(found, expected, "{}", lock.name);
}

#[test]
fn names() {
    check(&MKDIR, 4, 21, 0);
    check(&ABSENT_AS_STALE, 6, 159, 24);
    check(&ABSENT_RETRIES, 6, 111, 0);
}

#[test]
fn kernel_locks_that_are_tried() {
    check(&FLOCK_KEPT, 8, 63, 0);
    check(&FLOCK_UNLINK, 14, 261, 24);
    check(&NLINK_CHECK, 10, 387, 0);
    check(&HALF_FIX, 18, 1_017, 24);
}

#[test]
fn interleavings_of_kernel_locks() {
    check_all(&FLOCK_KEPT, 63, 1_680, 0);
    check_all(&FLOCK_UNLINK, 261, 12_798, 24);
    check_all(&FLOCK_KEPT_WAITING, 18, 168, 0);
    check_all(&FLOCK_UNLINK_WAITING, 156, 5_958, 24);
}
