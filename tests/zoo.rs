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
use onewinner::fs::{AccessMode, Create, Errno, Fd, Flock, Fs, Mode, OpenFlags, Stat};
use onewinner::happens_before::Class;
use onewinner::history::{Attempt, End, History};
use onewinner::id::ProcessId;
use onewinner::primitive::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive};
use onewinner::property;
use onewinner::scenario::{Kill, Scenario, Start};

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
    class: CrashClass,
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

    fn crash_class(&self) -> CrashClass {
        self.class
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
    class: CrashClass::Manual,
    acquire: |fs, lock| match fs.mkdir(lock, Mode::DIRECTORY) {
        Err(Errno::EEXIST) => Ok(None),
        made => made.map(|()| Some(Held::by_name())),
    },
    release: |fs, lock, _| fs.rmdir(lock),
};

/// As mkdir, and declared to be what it is not.
static MKDIR_CALLED_AUTO: Zoo = Zoo {
    name: "mkdir, called auto",
    class: CrashClass::Auto,
    ..MKDIR
};

/// A lock on a file that says when it is gone: unsound if the releaser is killed in between.
static TOMBSTONE: Zoo = Zoo {
    name: "tombstone",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked_and(fs, lock, |stat| stat.size == 0),
    release: |fs, lock, held| {
        ignore_absence(fs.unlink(lock))?;
        fs.write(descriptor(&held), b"d")?;
        fs.close(descriptor(&held))
    },
};

static ABSENT_AS_STALE: Zoo = Zoo {
    name: "absent-as-stale",
    class: CrashClass::Manual,
    acquire: |fs, lock| create_or(fs, lock, |fs, lock| ignore_absence(fs.unlink(lock))),
    release: |fs, lock, _| ignore_absence(fs.unlink(lock)),
};

static ABSENT_RETRIES: Zoo = Zoo {
    name: "absent: retry",
    class: CrashClass::Manual,
    acquire: |fs, lock| create_or(fs, lock, |_, _| Ok(())),
    release: |fs, lock, _| ignore_absence(fs.unlink(lock)),
};

static FLOCK_KEPT: Zoo = Zoo {
    name: "flock kept, try",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked(fs, lock, Flock::TryExclusive),
    release: |fs, _, held| fs.close(descriptor(&held)),
};

static FLOCK_KEPT_WAITING: Zoo = Zoo {
    name: "flock kept, blocking",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked(fs, lock, Flock::Exclusive),
    release: |fs, _, held| fs.close(descriptor(&held)),
};

static FLOCK_UNLINK: Zoo = Zoo {
    name: "flock + unlink, try",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked(fs, lock, Flock::TryExclusive),
    release: close_then_unlink,
};

static FLOCK_UNLINK_WAITING: Zoo = Zoo {
    name: "flock + unlink, blocking",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked(fs, lock, Flock::Exclusive),
    release: close_then_unlink,
};

static NLINK_CHECK: Zoo = Zoo {
    name: "flock + nlink check",
    class: CrashClass::Auto,
    acquire: locked_and_named,
    release: unlink_then_close,
};

static HALF_FIX: Zoo = Zoo {
    name: "half fix",
    class: CrashClass::Auto,
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
    locked_and(fs, lock, |stat| stat.links > 0)
}

fn locked_and(fs: &dyn Fs, lock: &Path, is_current: fn(Stat) -> bool) -> Result<Option<Held>, Errno> {
    for _ in 0..TRIES {
        let Some(held) = locked(fs, lock, Flock::TryExclusive)? else {
            return Ok(None);
        };
        if is_current(fs.fstat(descriptor(&held))?) {
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

/// What executions in which somebody was killed come to, over all victims and moments.
#[derive(Debug, Default)]
struct Killed {
    classes: usize,
    violated: BTreeSet<&'static str>,
    probe_won: bool,
    probe_lost: bool,
}

fn kill_everywhere(lock: &'static Zoo, processes: usize) -> Killed {
    let mut killed = Killed::default();
    for victim in ProcessId::first(processes) {
        for step in 0.. {
            let kill = Some(Kill { victim, step });
            let scenario = Scenario {
                kill,
                ..Scenario::cycle(processes, 1)
            };
            let before = killed.classes;
            let mut watch = |history: &History| killed.take(history);
            let searched = sim::explore(lock, &scenario, &mut Dpor::new(), LIMITS, &mut |execution| {
                assert_eq!(execution.end, End::Completed);
                watch(&execution.history);
                ControlFlow::Continue(())
            });
            assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
            if killed.classes == before {
                break;
            }
        }
    }
    killed
}

impl Killed {
    fn take(&mut self, history: &History) {
        if !history.died() {
            return;
        }
        self.classes += 1;
        self.violated
            .extend(property::first_violation(history).map(|(property, _)| property.name()));
        let attempts = history.attempts();
        let probe = attempts.iter().find(|attempt| Some(attempt.process) == history.probe);
        match probe.map(Attempt::acquired) {
            Some(true) => self.probe_won = true,
            Some(false) => self.probe_lost = true,
            None => panic!("all others are done, and nobody probes"),
        }
    }
}

#[test]
fn kernel_locks_are_free_and_sound_after_a_kill() {
    for lock in [&FLOCK_KEPT, &NLINK_CHECK] {
        let killed = kill_everywhere(lock, 3);
        assert!(
            killed.violated.is_empty() && killed.probe_won && !killed.probe_lost,
            "{}: {killed:?}",
            lock.name
        );
    }
}

#[test]
fn names_stay_behind_a_kill_whatever_is_declared() {
    let killed = kill_everywhere(&MKDIR, 2);
    assert!(
        killed.violated.is_empty() && killed.probe_won && killed.probe_lost,
        "{killed:?}"
    );
    let killed = kill_everywhere(&MKDIR_CALLED_AUTO, 2);
    assert_eq!(killed.violated, BTreeSet::from(["crash-liveness"]));
}

#[test]
fn a_tombstone_that_is_not_written_lets_two_in() {
    check(&TOMBSTONE, 10, 387, 0);
    assert!(kill_everywhere(&TOMBSTONE, 3).violated.contains("mutual-exclusion"));
}

#[test]
fn kills_lose_no_class() {
    for lock in [&FLOCK_KEPT, &HALF_FIX, &MKDIR] {
        for step in 0..6 {
            let victim = ProcessId(0);
            let scenario = Scenario {
                kill: Some(Kill { victim, step }),
                ..Scenario::cycle(2, 1)
            };
            let classes = |scheduler: &mut dyn Scheduler| {
                let mut classes = BTreeSet::new();
                let searched = sim::explore(lock, &scenario, scheduler, LIMITS, &mut |execution| {
                    classes.insert(Class::of(scenario.participants(), &execution.history.steps()));
                    ControlFlow::Continue(())
                });
                assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
                (classes, searched.executions)
            };
            let (reduced, executions) = classes(&mut Dpor::new());
            let (all, _) = classes(&mut Exhaustive::new());
            assert!(reduced == all, "{} in {scenario}", lock.name);
            assert_eq!(executions, all.len() as u64, "{} in {scenario}", lock.name);
        }
    }
}

#[test]
fn a_stale_name_keeps_all_out_and_a_stale_file_nobody() {
    for (lock, taken) in [(&MKDIR, false), (&FLOCK_KEPT, true)] {
        let scenario = Scenario {
            start: Start::Stale { age_s: 60 },
            ..Scenario::cycle(2, 1)
        };
        let searched = sim::explore(lock, &scenario, &mut Dpor::new(), LIMITS, &mut |execution| {
            assert_eq!(execution.history.took_stale(), taken, "{}", lock.name);
            assert!(property::first_violation(&execution.history).is_none(), "{}", lock.name);
            ControlFlow::Continue(())
        });
        assert_eq!(searched.stop, Stop::Exhausted);
    }
}
