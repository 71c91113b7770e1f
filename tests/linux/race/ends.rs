//! How races end: at limits, on an interrupt, when workers die or hang, and on SIGKILL. Nothing is left behind.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use onewinner_core::id::ProcessId;
use onewinner_core::primitive::CreateNew;
use onewinner_core::scenario::Scenario;
use onewinner_linux::race::{Alignment, Mode, Note, RaceError, RaceOptions, Stop, race};
use onewinner_linux::run_directory::{PREFIX, RunDirectoryError};
use onewinner_linux::sys::process::{Ended, ForkError};

use super::locks::{Fault, Faulty};
use super::world::{left_in, options, processes, status, watched};
use crate::harness::{Test, tests};

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_worker_that_hangs_is_named_and_killed,
        aligned_only_the_one_that_hangs_is_named,
        a_worker_that_dies_is_named,
        the_time_limit_ends_a_race_with_what_was_counted,
        an_interrupt_ends_a_race_with_what_was_counted,
        a_threaded_process_gets_an_error_with_advice,
        a_directory_that_takes_no_files_is_an_error,
        no_worker_outlives_the_command_and_the_next_run_removes_what_it_left,
    ]
}

const MODES: [Mode; 3] = [Mode::LiveWorkers, Mode::Fresh, Mode::Threads];

/// More rounds than any race runs.
const FOR_EVER: u64 = u64::MAX;

/// The worker limit of tests about workers that hang: no other worker may starve for so long.
const IMPATIENCE: Duration = Duration::from_secs(1);

fn impatient(scenario: Scenario, alignment: Alignment, mode: Mode) -> RaceOptions {
    RaceOptions {
        worker_limit: IMPATIENCE,
        ..options(scenario, 100, alignment, mode)
    }
}

fn a_worker_that_hangs_is_named_and_killed() {
    for mode in MODES {
        for lock in [&Faulty(Fault::LoserSleeps), &Faulty(Fault::LoserSpins)] {
            let report = watched(lock, impatient(Scenario::contend(4), Alignment::Natural, mode));
            let Stop::Hung(hung) = &report.stop else {
                panic!("{mode:?}: {:?}", report.stop)
            };
            assert!((1..4).contains(&hung.len()), "{mode:?}: {hung:?}");
            assert_eq!(report.rounds, 0);
        }
    }
}

/// The winner waits at the barrier for its next call, and must not be named.
fn aligned_only_the_one_that_hangs_is_named() {
    for mode in MODES {
        let lock = &Faulty(Fault::LoserSleeps);
        let report = watched(lock, impatient(Scenario::contend(2), Alignment::Aligned, mode));
        assert!(
            matches!(&report.stop, Stop::Hung(hung) if hung.len() == 1),
            "{:?}",
            report.stop
        );
    }
}

fn a_worker_that_dies_is_named() {
    for mode in MODES {
        let report = watched(
            &Faulty(Fault::WinnerDies),
            options(Scenario::contend(4), 100, Alignment::Natural, mode),
        );
        let Stop::Lost(lost) = &report.stop else {
            panic!("{mode:?}: {:?}", report.stop)
        };
        let [lost] = &lost[..] else {
            panic!("one wins: {lost:?}")
        };
        assert!(matches!(lost.ended, Ended::Killed(6)), "{lost:?}");
        let all: Vec<ProcessId> = ProcessId::first(4).collect();
        assert!(if mode == Mode::Threads {
            lost.processes == all
        } else {
            lost.processes.len() == 1
        });
        assert_eq!(report.rounds, 0);
    }
}

fn the_time_limit_ends_a_race_with_what_was_counted() {
    for mode in MODES {
        // In the first of them that is long enough for a round on this machine.
        let counted = [200, 2_000, 20_000, 200_000].into_iter().any(|limit_ms| {
            let report = watched(
                &CreateNew,
                RaceOptions {
                    time_limit: Some(Duration::from_millis(limit_ms)),
                    ..options(Scenario::contend(4), FOR_EVER, Alignment::Natural, mode)
                },
            );
            assert_eq!(report.stop, Stop::TimeLimit);
            report.rounds > 0
        });
        assert!(counted, "{mode:?}");
    }
}

fn an_interrupt_ends_a_race_with_what_was_counted() {
    let parent = tempfile::tempdir().expect("a temporary directory");
    for mode in MODES {
        let interrupted = AtomicBool::new(false);
        let options = RaceOptions {
            directories: vec![parent.path().to_owned()],
            ..options(Scenario::contend(4), FOR_EVER, Alignment::Natural, mode)
        };
        let mut reported = 0;
        let report = race(&CreateNew, &options, &interrupted, &mut |rounds| {
            reported = rounds;
            if rounds > 20 {
                interrupted.store(true, Ordering::Relaxed);
            }
        });
        let report = report.expect("a race");
        assert_eq!((&report.stop, report.rounds), (&Stop::Interrupted, reported));
        assert_eq!(left_in(parent.path()), [""; 0]);
    }
}

fn a_threaded_process_gets_an_error_with_advice() {
    let parent = tempfile::tempdir().expect("a temporary directory");
    let options = RaceOptions {
        directories: vec![parent.path().to_owned()],
        ..options(Scenario::contend(2), 1, Alignment::Natural, Mode::LiveWorkers)
    };
    let raced = std::thread::scope(|scope| {
        let racing = scope.spawn(|| race(&CreateNew, &options, &AtomicBool::new(false), &mut |_| {}));
        racing.join().expect("an error and no panic")
    });
    assert!(
        matches!(raced, Err(RaceError::Fork(ForkError::Threaded { threads: 2 }))),
        "{raced:?}"
    );
    assert_eq!(left_in(parent.path()), [""; 0]);
}

fn a_directory_that_takes_no_files_is_an_error() {
    let absent = RaceOptions {
        directories: vec!["/no/such/directory".into()],
        ..options(Scenario::contend(2), 1, Alignment::Natural, Mode::LiveWorkers)
    };
    let error = race(&CreateNew, &absent, &AtomicBool::new(false), &mut |_| {}).expect_err("absent");
    assert!(
        matches!(error, RaceError::RunDirectory(RunDirectoryError::Missing { .. })),
        "{error}"
    );
}

/// The command of the fact below.
pub(crate) fn race_without_end(directory: &Path) {
    let modes = MODES
        .into_iter()
        .zip([Alignment::Natural, Alignment::Delayed, Alignment::Aligned]);
    for (mode, alignment) in modes.cycle() {
        let options = RaceOptions {
            directories: vec![directory.to_owned()],
            time_limit: Some(Duration::from_millis(30)),
            ..options(Scenario::contend(8), FOR_EVER, alignment, mode)
        };
        if let Err(error) = race(&CreateNew, &options, &AtomicBool::new(false), &mut |_| {}) {
            eprintln!("{error}");
            return;
        }
    }
}

/// Kills the command at moments spread over its start, three races, and the changes between them.
fn no_worker_outlives_the_command_and_the_next_run_removes_what_it_left() {
    const KILLS: u64 = 60;
    let parent = tempfile::tempdir().expect("a temporary directory");
    let own = std::env::current_exe().expect("a path");
    for kill in 0..KILLS {
        let mut command = Command::new(&own)
            .arg(crate::RACE)
            .arg(parent.path())
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("the binary that runs");
        // 37 and 151 have no common divisor: the moments do not repeat.
        std::thread::sleep(Duration::from_millis(kill * 37 % 151) + Duration::from_micros(kill * 131 % 1000));
        command.kill().expect("it races without end");
        let ended = command.wait().expect("a child");
        assert_eq!(ended.code(), None, "it ended by itself: {ended}");
        wait_for_the_end_of_group(command.id());
        let left = left_in(parent.path());
        // A run that is killed while it asks whether the directory answers leaves the directory of that question.
        let questions = left.iter().filter(|name| name.ends_with("-look")).count();
        let runs = left.len() - questions;
        assert!(
            runs <= 1 && questions <= 1 && left.iter().all(|name| name.starts_with(PREFIX)),
            "{left:?}"
        );
        if kill % 10 == 9 {
            check_that_the_next_run_removes(parent.path(), runs);
        }
    }
}

fn check_that_the_next_run_removes(parent: &Path, runs: usize) {
    let options = RaceOptions {
        directories: vec![parent.to_owned()],
        ..options(Scenario::contend(2), 5, Alignment::Natural, Mode::LiveWorkers)
    };
    let report = race(&CreateNew, &options, &AtomicBool::new(false), &mut |_| {}).expect("a race");
    let swept = report.notes.iter().find_map(|note| match note {
        Note::Swept(count) => Some(*count),
        Note::OneCpu | Note::Crowded { .. } => None,
    });
    assert_eq!((swept.unwrap_or(0), left_in(parent)), (runs, Vec::new()));
}

/// Waits until no process of this group is alive: the command led it, and workers do not leave it.
fn wait_for_the_end_of_group(group: u32) {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let survivors: Vec<u32> = processes().filter(|pid| lives_in(*pid, group)).collect();
        if survivors.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{survivors:?} outlive the command");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A zombie does not count as alive: its files are closed. But its other threads may be alive.
fn lives_in(pid: u32, group: u32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .map(|task| status(&task.path()))
        .any(|[state, _, its_group]| its_group == group.to_string() && !["Z", "X"].contains(&state.as_str()))
}
