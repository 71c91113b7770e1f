//! SIGKILL of the command at any moment: its workers and programs die with it, no mount stays, and the next run removes the
//! directory that it left.

use std::os::unix::process::CommandExt;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::command::{LIMIT, command, directory, eventually, left_in, members_of, onewinner_in, processes_with};
use crate::explored::programs::line;
use crate::harness::{Capability, Test, ignore, tests};

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

/// Programs that are explored until the command is killed.
fn programs() -> Vec<String> {
    let driver = |source: &str, how: &str| {
        let line = line(source, how).unwrap_or_else(|missing| {
            let capability = Capability::program(&missing).expect("the programs that tests use are listed");
            ignore(capability, "it is not on the PATH")
        });
        format!(
            "explore --time 600 --driver {}",
            shlex::try_quote(&format!("{line} {{lock}}")).expect("no zero byte")
        )
    };
    vec![
        driver("seed.c", "create-new"),
        driver("hangs.c", "fifo"),
        driver("hangs.c", "spin"),
        driver("leaves.c", "daemon"),
        driver("polls.sh", ""),
        driver("seed.py", "create-new"),
    ]
}

fn a_dozen_killed_explorations_of_programs_leave_no_process_and_one_directory_each_at_most() {
    killed(12, &programs());
}

fn a_hundred_killed_explorations_of_programs_leave_no_process_and_one_directory_each_at_most() {
    killed(100, &programs());
}

fn killed(times: u32, commands: &[impl AsRef<str>]) {
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut moments = ChaCha8Rng::seed_from_u64(seed);
    let directory = directory();
    let dir = directory.path();
    for time in 0..times {
        let mode = commands[time as usize % commands.len()].as_ref();
        // Each command in the beginning and in full swing.
        let turn = time as usize / commands.len();
        let latest = if turn.is_multiple_of(2) { SWING_MS } else { BEGINNING_MS };
        let moment = Duration::from_secs_f64(moments.random_range(0.0..latest) / 1_000.0);
        let line = format!("{mode} --dir {}", dir.display());
        // In a separate process group, to find its workers until they are zombies.
        let mut explore = command(dir, "");
        explore.args(shlex::split(&line).expect("quotes are closed"));
        let mut child = explore.process_group(0).spawn().expect("it starts");
        let group = child.id();
        std::thread::sleep(moment);
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
        let gone = eventually(LIMIT, || processes_with(dir).is_empty() && members_of(group).is_empty());
        assert!(
            gone,
            "killed after {moment:?}, {mode:?}: {:?} live on",
            processes_with(dir)
        );
        let left = left_in(dir);
        // A run that is killed while it asks whether the directory answers leaves the directory of that question, and removes
        // nothing of earlier runs.
        let questions = left.iter().filter(|name| name.ends_with("-look")).count();
        assert!(
            left.len() - questions <= 1 && questions <= 1,
            "killed after {moment:?}, {mode:?}: {left:?}"
        );
    }
    onewinner_in(dir, "race create-new -n 2 --rounds 1 --dir .").exits(0);
    assert_eq!(left_in(dir), [""; 0], "the next run sweeps");
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("/proc is mounted");
    assert!(
        !mounts.contains(dir.to_str().expect("UTF-8")),
        "a mount is left: {mounts}"
    );
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        ten_killed_races_leave_no_process_and_one_directory_each_at_most,
        a_hundred_killed_races_leave_no_process_and_one_directory_each_at_most: "a hundred kills; twenty seconds",
        ten_killed_tracers_leave_no_process_and_one_directory_each_at_most,
        a_hundred_killed_tracers_leave_no_process_and_one_directory_each_at_most: "a hundred kills; twenty seconds",
        a_dozen_killed_explorations_of_programs_leave_no_process_and_one_directory_each_at_most,
        a_hundred_killed_explorations_of_programs_leave_no_process_and_one_directory_each_at_most: "a hundred kills; a minute",
    ]
}
