//! Runs races for the tests, and checks which processes and files they leave.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use onewinner_core::history::Outcome;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::Scenario;
use onewinner_linux::race::{Alignment, Mode, RaceOptions, Report, Stop, race};

/// Options for this number of rounds, with limits that no healthy race reaches.
pub(crate) fn options(scenario: Scenario, rounds: u64, alignment: Alignment, mode: Mode) -> RaceOptions {
    RaceOptions {
        rounds,
        alignment,
        mode,
        time_limit: Some(Duration::from_secs(600)),
        worker_limit: Duration::from_secs(120),
        seed: 1,
        ..RaceOptions::new(scenario)
    }
}

/// Runs a race in a new directory, and checks that no process and no file is left.
pub(crate) fn watched(primitive: &'static dyn LockPrimitive, options: RaceOptions) -> Report {
    let parent = tempfile::tempdir().expect("a temporary directory");
    let options = RaceOptions {
        directories: vec![parent.path().to_owned()],
        ..options
    };
    assert_eq!(children(), [0; 0], "before");
    let report = race(primitive, &options, &AtomicBool::new(false), &mut |_| {}).expect("a race");
    assert_eq!(children(), [0; 0], "after");
    assert_eq!(left_in(parent.path()), [""; 0]);
    let of_seen: u64 = report.seen.iter().map(|seen| seen.rounds).sum();
    assert_eq!(report.rounds, of_seen + report.unclassified);
    report
}

/// As [`watched`], and checks that every round was run.
pub(crate) fn complete(primitive: &'static dyn LockPrimitive, options: RaceOptions) -> Report {
    let rounds = options.rounds;
    let report = watched(primitive, options);
    assert_eq!((&report.stop, report.rounds), (&Stop::AllRounds, rounds));
    report
}

/// The outcomes with their counts.
pub(crate) fn outcomes(report: &Report) -> Vec<(Outcome, u64)> {
    let outcome = |seen: &onewinner_linux::race::Seen| (Outcome::of(&seen.history), seen.rounds);
    report.seen.iter().map(outcome).collect()
}

/// The processes of which this one is the parent, zombies too.
fn children() -> Vec<u32> {
    let own = std::process::id().to_string();
    processes()
        .filter(|pid| status(&Path::new("/proc").join(pid.to_string()))[1] == own)
        .collect()
}

/// State, parent and group of a process or thread, by its directory in /proc; empty words if it has ended.
pub(crate) fn status(task: &Path) -> [String; 3] {
    let stat = fs::read_to_string(task.join("stat")).unwrap_or_default();
    // The name in parentheses may contain anything, but the last one closes it; proc_pid_stat(5).
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let mut words = rest.split_whitespace().map(str::to_owned);
    std::array::from_fn(|_| words.next().unwrap_or_default())
}

/// All processes.
pub(crate) fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The names in a directory.
pub(crate) fn left_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it is there").flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
