//! Ctrl-C: the command prints its coverage, leaves nothing, and exits with 130. A second one ends it immediately.

use std::fs::{self, File};
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::command::{LIMIT, command, directory, end_of, eventually, left_in, processes_of};
use crate::harness::{Test, tests};

/// The CPU time of a running search, in clock ticks: a command that only starts needs at most one.
const UNDER_WAY_TICKS: u64 = 20;

fn send(pid: i32, signal: Signal) {
    // The process may have ended in the meantime.
    let _gone = kill(Pid::from_raw(pid), signal);
}

fn pid(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("a pid")
}

/// The number after a word in `/proc/PID/status`, in this radix: proc_pid_status(5).
fn status(pid: i32, word: &str, radix: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let rest = status
        .lines()
        .find_map(|line| line.strip_prefix(word)?.strip_prefix(':'))?;
    u64::from_str_radix(rest.trim(), radix).ok()
}

/// Whether a process handles both signals: the command registers SIGTERM last. Before that it has nothing to clean up or
/// print.
fn handles_signals(pid: i32) -> bool {
    let mask = [Signal::SIGINT, Signal::SIGTERM].map(bit).into_iter().sum::<u64>();
    // Each signal has two actions, and the second one is added to a handled signal.
    status(pid, "SigCgt", 16).is_some_and(|caught| caught & mask == mask)
}

/// The bit of a signal in a signal set: proc_pid_status(5).
fn bit(signal: Signal) -> u64 {
    1 << (signal as i32 - 1)
}

/// The CPU time of a process with all its threads, in clock ticks: proc_pid_stat(5).
fn computed_ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may contain anything, but the last one closes it; its state is the third field.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let times = rest.split_whitespace().skip(11).take(2);
    times.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// Waits until a command handles signals and its search is running.
#[track_caller]
fn await_search(child: &Child) {
    let searches = || handles_signals(pid(child)) && computed_ticks(pid(child)) >= UNDER_WAY_TICKS;
    assert!(eventually(LIMIT, searches), "no search began");
}

/// Starts a race in `directory` and waits until all its workers race.
fn race(directory: &Path, processes: usize) -> Child {
    let dir = directory.display();
    let line = format!("race create-new -n {processes} --rounds 100000000 --worker-time 3600 --dir {dir}");
    let child = command(directory, &line).spawn().expect("it starts");
    let all_race = || {
        let there = processes_of(directory);
        there.len() == processes + 1 && there.into_iter().all(races)
    };
    assert!(eventually(LIMIT, all_race), "{:?}", processes_of(directory));
    child
}

fn an_interrupted_race_prints_its_coverage_and_leaves_nothing() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let directory = directory();
        let child = race(directory.path(), 16);
        send(pid(&child), signal);
        let ran = end_of(child).says(&[
            "create-new · race · contend 16",
            "inconclusive: interrupted",
            "  covered   ",
            "interrupted: the part completed until then is above",
        ]);
        assert_eq!((ran.code, &*ran.stderr), (Some(130), ""));
        assert_eq!(processes_of(directory.path()), [0; 0]);
        assert_eq!(left_in(directory.path()), [""; 0]);
    }
}

fn an_interrupt_of_the_whole_foreground_group_does_the_same() {
    let directory = directory();
    let child = race(directory.path(), 4);
    for pid in processes_of(directory.path()) {
        send(pid, Signal::SIGINT);
    }
    let ran = end_of(child).says(&["  covered   "]);
    assert_eq!(ran.code, Some(130));
    assert_eq!(processes_of(directory.path()), [0; 0]);
    assert_eq!(left_in(directory.path()), [""; 0]);
}

fn an_interrupted_search_prints_its_coverage() {
    for arguments in [
        "explore create-new --backend sim -n 8 --search random --max-executions 1000000000 --time 3600",
        "explore create-new --backend sim -n 12 --search exhaustive --time 3600",
        "model create-new -n 5 --preemptions 20 --time 3600",
    ] {
        let directory = directory();
        let child = command(directory.path(), arguments).spawn().expect("it starts");
        await_search(&child);
        send(pid(&child), Signal::SIGINT);
        let ran = end_of(child).says(&[
            "  inconclusive: the search was interrupted",
            "cut at an interrupt",
            "interrupted: the part completed until then is above",
        ]);
        assert_eq!((ran.code, &*ran.stderr), (Some(130), ""), "{arguments}");
        assert_eq!(left_in(directory.path()), [""; 0]);
    }
}

fn an_interrupted_document_is_complete_and_contains_130() {
    let directory = directory();
    let child = command(
        directory.path(),
        "explore create-new --backend sim -n 12 --search exhaustive --time 3600 --json",
    )
    .spawn()
    .expect("it starts");
    await_search(&child);
    send(pid(&child), Signal::SIGINT);
    let ran = end_of(child).says(&[]);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_eq!((ran.code, &document["exit"]), (Some(130), &130.into()));
    assert_eq!(document["results"][0]["coverage"]["extent"]["extent"], "cut");
}

fn an_interrupted_confirm_prints_what_it_has() {
    let directory = directory();
    let printed = tempfile::NamedTempFile::new().expect("a temporary file");
    let text = || fs::read_to_string(printed.path()).expect("it is ours");
    let mut confirm = command(directory.path(), "confirm");
    confirm.stdout(File::create(printed.path()).expect("it is ours"));
    let child = confirm.spawn().expect("it starts");
    let has_begun = || text().contains("\nloom: 3 contend");
    assert!(eventually(LIMIT, has_begun), "{}", text());
    send(pid(&child), Signal::SIGINT);
    let (ran, text) = (end_of(child), text());
    assert_eq!((ran.code, &*ran.stderr), (Some(130), ""), "{text}");
    for part in ["claimed", "Interrupted: the completed lines are above."] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("race: hub sync"), "it goes on: {text}");
    assert_eq!(left_in(directory.path()), [""; 0]);
}

/// Whether a worker has asked the kernel to kill it with its parent: by then it has waited for starts.
fn races(pid: i32) -> bool {
    status(pid, "voluntary_ctxt_switches", 10).is_some_and(|waits| waits > 20)
}

/// Stopped workers cannot exit on request, so the first Ctrl-C has to wait for them.
fn a_second_interrupt_ends_the_command_and_its_workers_immediately() {
    let directory = directory();
    let mut child = race(directory.path(), 4);
    let own = pid(&child);
    for worker in processes_of(directory.path()).into_iter().filter(|pid| *pid != own) {
        send(worker, Signal::SIGSTOP);
    }
    send(own, Signal::SIGINT);
    // The kernel merges two pending signals into one.
    let delivered = || status(own, "ShdPnd", 16).is_some_and(|pending| pending & bit(Signal::SIGINT) == 0);
    assert!(eventually(LIMIT, delivered), "the first one is not heard");
    let patience = Duration::from_millis(500);
    assert!(
        !eventually(patience, || child.try_wait().expect("ours").is_some()),
        "nobody could leave"
    );
    send(own, Signal::SIGINT);
    // The race itself would wait for an hour.
    let ran = end_of(child);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(eventually(LIMIT, || processes_of(directory.path()).is_empty()));
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        an_interrupted_race_prints_its_coverage_and_leaves_nothing,
        an_interrupt_of_the_whole_foreground_group_does_the_same,
        an_interrupted_search_prints_its_coverage,
        an_interrupted_document_is_complete_and_contains_130,
        an_interrupted_confirm_prints_what_it_has,
        a_second_interrupt_ends_the_command_and_its_workers_immediately,
    ]
}
