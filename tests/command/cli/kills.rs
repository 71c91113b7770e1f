//! SIGKILL of the command at any moment: its workers die with it, and the next run removes what it left.

use std::os::unix::process::CommandExt;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::command::{LIMIT, command, directory, eventually, left_in, members_of, onewinner_in, processes_of};
use crate::harness::{Test, tests};

/// In the first milliseconds the command creates directories, memory and workers.
const BEGINNING_MS: f64 = 8.0;
/// After this time the race is running.
const SWING_MS: f64 = 150.0;

fn ten_killed_races_leave_no_process_and_one_directory_each_at_most() {
    killed(10, RACES);
}

fn a_hundred_killed_races_leave_no_process_and_one_directory_each_at_most() {
    killed(100, RACES);
}

fn ten_killed_tracers_leave_no_process_and_one_directory_each_at_most() {
    killed(10, TRACERS);
}

fn a_hundred_killed_tracers_leave_no_process_and_one_directory_each_at_most() {
    killed(100, TRACERS);
}

/// Commands that run until they are killed; each gets the directory.
const RACES: &[&str] = &[
    "race create-new -n 8 --rounds 100000000",
    "race create-new -n 8 --rounds 100000000 --fresh",
    "race create-new -n 8 --rounds 100000000 --threads",
    "race create-new -n 8 --rounds 100000000 --align",
    "race create-new -n 8 --rounds 100000000 --workload hub-sync",
];
/// If tracing is forbidden they end immediately, and leave nothing either.
const TRACERS: &[&str] = &[
    "explore stat-then-write --backend traced --scenario cycle -n 4 --rounds 2",
    "explore create-new --backend traced --scenario cycle -n 5 --rounds 3",
    "explore create-new --backend traced -n 3 --workload hub-sync --search random",
];

fn killed(times: u32, commands: &[&str]) {
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut moments = ChaCha8Rng::seed_from_u64(seed);
    let directory = directory();
    let dir = directory.path();
    for time in 0..times {
        let mode = commands[time as usize % commands.len()];
        let latest = if time % 2 == 0 { BEGINNING_MS } else { SWING_MS };
        let moment = Duration::from_secs_f64(moments.random_range(0.0..latest) / 1_000.0);
        let line = format!("{mode} --dir {}", dir.display());
        // In a separate process group, to find its workers until they are zombies.
        let mut child = command(dir, &line).process_group(0).spawn().expect("it starts");
        let group = child.id();
        std::thread::sleep(moment);
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
        let gone = eventually(LIMIT, || processes_of(dir).is_empty() && members_of(group).is_empty());
        assert!(
            gone,
            "killed after {moment:?}, {mode:?}: {:?} live on",
            processes_of(dir)
        );
        let left = left_in(dir);
        // A run that starts within milliseconds of a kill may leave the cleanup to the next run.
        assert!(left.len() <= 2, "killed after {moment:?}, {mode:?}: {left:?}");
    }
    onewinner_in(dir, "race create-new -n 2 --rounds 1 --dir .").exits(0);
    assert_eq!(left_in(dir), [""; 0], "the next run sweeps");
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        ten_killed_races_leave_no_process_and_one_directory_each_at_most,
        a_hundred_killed_races_leave_no_process_and_one_directory_each_at_most: "a hundred kills; twenty seconds",
        ten_killed_tracers_leave_no_process_and_one_directory_each_at_most,
        a_hundred_killed_tracers_leave_no_process_and_one_directory_each_at_most: "a hundred kills; twenty seconds",
    ]
}
