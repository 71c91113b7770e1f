//! The tests of the defect that onewinner began with, each by its name, on what is here now.
//!
//! Races run in the command, because a race forks and libtest is threaded.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use crate::harness::{Test, tests};
use onewinner_core::backend::sim;
use onewinner_core::explore::{Limits, Replay};
use onewinner_core::fs::Fs;
use onewinner_core::history::Outcome;
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{self, AcquireError, CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::scenario::Scenario;
use onewinner_core::schedule::Schedule;
use onewinner_core::workload::hub_sync::{self, SyncError};
use onewinner_linux::real_fs::RealFs;
use serde_json::Value;

const CONTENDERS: u64 = 16;

/// Runs the command and returns the outcomes of its one result.
fn race(arguments: &str) -> Vec<Value> {
    let words = arguments.split(' ').chain(["--json", "--seed", "1"]);
    let ran = Command::new(env!("CARGO_BIN_EXE_onewinner"))
        .arg("race")
        .args(words)
        .output();
    let ran = ran.expect("the command runs");
    let document: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| {
        panic!("{arguments}: {error}: {}", String::from_utf8_lossy(&ran.stderr));
    });
    document["results"][0]["coverage"]["outcomes"]
        .as_array()
        .expect("a table")
        .clone()
}

/// Checks that every round ended with this number of winners, and that all other contenders were busy.
#[track_caller]
fn check_winners(arguments: &str, winners: u64, rounds: u64) {
    let outcomes = race(arguments);
    assert_eq!(outcomes.len(), 1, "{arguments}: {outcomes:?}");
    let row = &outcomes[0];
    let counts = ["winners", "busy", "errors", "count"].map(|name| row[name].as_u64().expect("a count"));
    assert_eq!(counts, [winners, CONTENDERS - winners, 0, rounds], "{arguments}");
}

fn of_16_processes_and_of_16_threads_exactly_one_wins_and_15_get_exists() {
    check_winners("create-new -n 16 --rounds 300", 1, 300);
    check_winners("create-new -n 16 --rounds 300 --threads", 1, 300);
    check_winners("create-new -n 16 --rounds 100 --align", 1, 100);
    assert_eq!(io::Error::from(AcquireError::Busy).kind(), io::ErrorKind::AlreadyExists);
}

/// The mutation check: a schedule on the simulation, and the aligned race on the kernel. The natural rate is printed only.
fn the_same_against_stat_then_write_reports_16_winners() {
    // All look before anyone writes.
    let processes = || ProcessId::first(16);
    let calls_of_a_winner = 4;
    let writes = processes().flat_map(|process| std::iter::repeat_n(process, calls_of_a_winner - 1));
    let schedule: Schedule = processes().chain(writes).collect();
    let mut outcome = None;
    let mut scheduler = Replay::new(schedule);
    sim::explore(
        &StatThenWrite,
        &Scenario::contend(16),
        &mut scheduler,
        Limits::default(),
        &mut |execution| {
            outcome = Some(Outcome::of(&execution.history));
            ControlFlow::Break(())
        },
    );
    assert_eq!(outcome.map(|outcome| (outcome.winners, outcome.busy)), Some((16, 0)));

    check_winners("stat-then-write -n 16 --rounds 100 --align", 16, 100);
    check_winners("stat-then-write -n 16 --rounds 100 --align --threads", 16, 100);
    println!("natural: {:?}", race("stat-then-write -n 16 --rounds 300"));
}

fn lock_released_the_next_attempt_proceeds() {
    for primitive in primitive::CONTROLS {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (fs, lock) = (RealFs::new(), directory.path().join("lock"));
        for _ in 0..3 {
            let held = primitive.try_acquire(&fs, &lock).expect("free");
            assert_eq!(
                primitive.try_acquire(&fs, &lock),
                Err(AcquireError::Busy),
                "{}",
                primitive.name()
            );
            primitive.release(&fs, &lock, held).expect("held");
        }
        assert_eq!((lock.exists(), fs.open_descriptors()), (false, 0));
    }
}

fn hub() -> tempfile::TempDir {
    let context = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(context.path().join("hub")).expect("a fresh directory");
    context
}

fn sync(fs: &dyn Fs, context: &Path) -> Result<hub_sync::Outcome, SyncError> {
    hub_sync::sync(&CreateNew, fs, context, &hub_sync::source(2))
}

fn released_after_corrupt_state() {
    let (context, fs) = (hub(), RealFs::new());
    let state = context.path().join("hub/.sync-state.json");
    fs::write(&state, "{\"last_sequence\": ").expect("writable");
    assert!(sync(&fs, context.path()).is_err());
    assert!(!context.path().join("hub/.sync.lock").exists());
    fs::write(&state, "{\"last_sequence\": 1}").expect("writable");
    assert!(matches!(sync(&fs, context.path()), Ok(hub_sync::Outcome::Synced(_))));
}

fn lock_lives_at_context_dir_hub_sync_lock() {
    let (context, fs) = (hub(), RealFs::new());
    let lock = context.path().join("hub").join(".sync.lock");
    assert_eq!(hub_sync::lock_path(context.path()), lock);
    let held = CreateNew.try_acquire(&fs, &lock).expect("free");
    assert!(matches!(sync(&fs, context.path()), Ok(hub_sync::Outcome::Busy)));
    CreateNew.release(&fs, &lock, held).expect("held");
    assert!(matches!(sync(&fs, context.path()), Ok(hub_sync::Outcome::Synced(_))));
    assert!(!lock.exists());
}

/// loom says the same of two: `tests/portable/loom.rs`, `hub_sync_with_2_contenders`.
fn duplicates_in_the_hub_directory_with_stat_then_write_and_none_with_create_new() {
    let duplicates = |arguments: &str| {
        let outcomes = race(arguments);
        let counts = outcomes.iter().map(|row| row["duplicates"].as_u64().expect("counted"));
        (counts.clone().min(), counts.max())
    };
    // Two entries each: the first is right, the other fifteen are superfluous.
    let superfluous = Some(2 * (CONTENDERS - 1));
    let aligned = "-n 16 --rounds 50 --align --workload hub-sync";
    assert_eq!(
        duplicates(&format!("stat-then-write {aligned}")),
        (superfluous, superfluous)
    );
    assert_eq!(duplicates(&format!("create-new {aligned}")), (Some(0), Some(0)));
    assert_eq!(
        duplicates("create-new -n 16 --rounds 50 --workload hub-sync"),
        (Some(0), Some(0))
    );
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        of_16_processes_and_of_16_threads_exactly_one_wins_and_15_get_exists,
        the_same_against_stat_then_write_reports_16_winners,
        lock_released_the_next_attempt_proceeds,
        released_after_corrupt_state,
        lock_lives_at_context_dir_hub_sync_lock,
        duplicates_in_the_hub_directory_with_stat_then_write_and_none_with_create_new,
    ]
}
