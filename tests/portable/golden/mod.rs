//! Toy programs whose interleavings and classes were counted by hand or by plain enumeration: the ground truth of the
//! search.
//!
//! Here those over a file system; those over memory cells are in `cells.rs`.

mod cells;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Covered, Dpor, Exhaustive, Limits, Scheduler, Split, Stop, search_in_parallel};
use onewinner_core::fs::{Create, Errno, Fs, Mode, OpenFlags};
use onewinner_core::happens_before::Class;
use onewinner_core::history::End;
use onewinner_core::primitive::{AcquireError, CallError, Expectation, Held, LockPrimitive};
use onewinner_core::scenario::Scenario;

pub(crate) const LIMITS: Limits = Limits {
    executions: 1_000_000,
    steps: 1_000,
    time: Duration::from_secs(1_800),
};

/// A program of one attempt each in which the listed calls are the only ones.
struct Toy {
    looks_first: bool,
    flags: OpenFlags,
}

/// `stat L; if absent, create L`, where creating over an existing file is a store.
static STAT_THEN_TRUNCATE: Toy = Toy {
    looks_first: true,
    flags: OpenFlags::OVERWRITE,
};
/// The same where it is a load.
static STAT_THEN_CREATE: Toy = Toy {
    looks_first: true,
    flags: OpenFlags {
        create: Create::IfAbsent,
        ..OpenFlags::WRITE
    },
};
static EXCL: Toy = Toy {
    looks_first: false,
    flags: OpenFlags::CREATE_NEW,
};

impl LockPrimitive for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn protocol(&self) -> &'static str {
        ""
    }

    fn expectation(&self) -> Expectation {
        Expectation::SeveralWinners
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        if self.looks_first && fs.stat(lock).is_ok() {
            return Err(AcquireError::Busy);
        }
        match fs.open(lock, self.flags, Mode::FILE) {
            Ok(_) => Ok(Held::by_name()),
            Err(Errno::EEXIST) => Err(AcquireError::Busy),
            Err(errno) => Err(CallError::when("create", lock)(errno).into()),
        }
    }

    fn release(&self, _: &dyn Fs, _: &Path, _: Held) -> Result<(), CallError> {
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Counted {
    executions: u64,
    classes: usize,
    /// Executions with two or more winners.
    broken: u64,
}

fn count(toy: &'static Toy, processes: usize, scheduler: &mut dyn Scheduler) -> Counted {
    let mut classes = BTreeSet::new();
    let mut broken = 0;
    let scenario = Scenario::contend(processes);
    let searched = sim::explore(toy, &scenario, scheduler, LIMITS, &mut |execution| {
        assert_eq!(execution.end, End::Completed);
        classes.insert(Class::of(processes, &execution.history.steps()));
        let attempts = execution.history.attempts();
        broken += u64::from(attempts.iter().filter(|attempt| attempt.acquired()).count() > 1);
        ControlFlow::Continue(())
    });
    assert_eq!(searched.stop, Stop::Exhausted);
    Counted {
        executions: searched.executions,
        classes: classes.len(),
        broken,
    }
}

fn check(toy: &'static Toy, processes: usize, interleavings: u64, classes: usize, broken: u64) {
    let expected = Counted {
        executions: interleavings,
        classes,
        broken,
    };
    assert_eq!(
        count(toy, processes, &mut Exhaustive::new()),
        expected,
        "{processes} processes"
    );
    check_reduced(toy, processes, classes);
}

/// The same in rounds, for several workers.
fn check_in_rounds(toy: &'static Toy, processes: usize, classes: usize) {
    for (depth, threads) in [(3, 1), (6, 1), (3, 2), (6, 3)] {
        let all = Mutex::new((0, BTreeSet::new()));
        let searched = search_in_parallel(Split { depth, threads }, LIMITS, &|task, limits| {
            let mut part = Dpor::for_task(task);
            let scenario = Scenario::contend(processes);
            let searched = sim::explore(toy, &scenario, &mut part, limits, &mut |execution| {
                let mut all = all.lock().expect("nobody panics");
                all.0 += 1;
                all.1.insert(Class::of(processes, &execution.history.steps()));
                ControlFlow::Continue(())
            });
            part.into_result(searched)
        });
        let (executions, found) = all.into_inner().expect("nobody panics");
        assert_eq!(
            (searched.covered, executions, found.len()),
            (Covered::Everything, classes, classes),
            "{processes} processes, depth {depth}, {threads} threads"
        );
    }
}

fn check_reduced(toy: &'static Toy, processes: usize, classes: usize) {
    check_in_rounds(toy, processes, classes);
    let Counted {
        executions,
        classes: found,
        ..
    } = count(toy, processes, &mut Dpor::new());
    assert_eq!(
        (executions, found),
        (classes as u64, classes),
        "{processes} processes, reduced"
    );
}

#[test]
fn stat_then_create_with_truncation() {
    check(&STAT_THEN_TRUNCATE, 2, 6, 4, 4);
    check(&STAT_THEN_TRUNCATE, 3, 66, 21, 60);
    check(&STAT_THEN_TRUNCATE, 4, 1_176, 148, 1_152);
}

#[test]
fn stat_then_create_over_an_existing_file_is_a_load() {
    check(&STAT_THEN_CREATE, 2, 6, 4, 4);
    check(&STAT_THEN_CREATE, 3, 66, 12, 60);
    check(&STAT_THEN_CREATE, 4, 1_176, 32, 1_152);
}

#[test]
fn losers_of_excl_commute() {
    for (processes, interleavings) in [(2, 2), (3, 6), (4, 24), (5, 120)] {
        check(&EXCL, processes, interleavings, processes, 0);
    }
    check_reduced(&EXCL, 16, 16);
}
