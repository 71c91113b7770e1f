//! Ctrl-C: the coverage so far is printed, nothing is left, and the exit code is 130. A second one ends at once.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::command::{LIMIT, command, directory, end_of, eventually, left_in, processes_of};

/// How long a command may take to clear up on a busy machine; far below the limits that would end it otherwise.
const SOON: Duration = Duration::from_secs(15);

fn send(pid: i32, signal: Signal) {
    // One that ended meanwhile needs no signal.
    let _gone = kill(Pid::from_raw(pid), signal);
}

fn pid(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("a pid")
}

/// Starts a race in `directory` and waits until all its workers are there.
fn race(directory: &Path, processes: usize) -> Child {
    let dir = directory.display();
    let line = format!("race create-new -n {processes} --rounds 100000000 --dir {dir}");
    let child = command(directory, &line).spawn().expect("it starts");
    let all_there = || processes_of(directory).len() == processes + 1;
    assert!(eventually(LIMIT, all_there), "{:?}", processes_of(directory));
    child
}

#[test]
fn an_interrupted_race_prints_its_coverage_and_leaves_nothing() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let directory = directory();
        let child = race(directory.path(), 16);
        std::thread::sleep(Duration::from_millis(200));
        let began = Instant::now();
        send(pid(&child), signal);
        let ran = end_of(child).says(&[
            "create-new · race · contend 16",
            "inconclusive: interrupted",
            "  covered   ",
            "interrupted: what was covered until then stands above",
        ]);
        assert_eq!((ran.code, &*ran.stderr), (Some(130), ""));
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        assert_eq!(processes_of(directory.path()), [0; 0]);
        assert_eq!(left_in(directory.path()), [""; 0]);
    }
}

#[test]
fn an_interrupt_of_the_whole_foreground_group_is_no_different() {
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

#[test]
fn an_interrupted_search_prints_its_coverage() {
    for arguments in [
        "explore create-new --backend sim -n 8 --search random --max-executions 1000000000 --time 3600",
        "explore create-new --backend sim -n 12 --search exhaustive",
        "model create-new -n 5 --preemptions 20 --time 3600",
    ] {
        let directory = directory();
        let child = command(directory.path(), arguments).spawn().expect("it starts");
        // Before it has said how signals are to be handled, there is nothing to clear up or to print.
        std::thread::sleep(Duration::from_secs(1));
        let began = Instant::now();
        send(pid(&child), Signal::SIGINT);
        let ran = end_of(child).says(&[
            "  inconclusive: the search was interrupted",
            "cut at an interrupt",
            "interrupted: what was covered until then stands above",
        ]);
        assert_eq!((ran.code, &*ran.stderr), (Some(130), ""), "{arguments}");
        assert!(began.elapsed() < SOON, "{arguments}: {:?}", began.elapsed());
        assert_eq!(left_in(directory.path()), [""; 0]);
    }
}

#[test]
fn an_interrupted_document_is_whole_and_tells_130() {
    let directory = directory();
    let child = command(
        directory.path(),
        "explore create-new --backend sim -n 12 --search exhaustive --json",
    )
    .spawn()
    .expect("it starts");
    std::thread::sleep(Duration::from_secs(1));
    send(pid(&child), Signal::SIGINT);
    let ran = end_of(child).says(&[]);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    assert_eq!((ran.code, &document["exit"]), (Some(130), &130.into()));
    assert_eq!(document["results"][0]["coverage"]["extent"]["extent"], "cut");
}

#[test]
fn an_interrupted_confirm_prints_what_it_has() {
    let directory = directory();
    let child = command(directory.path(), "confirm").spawn().expect("it starts");
    std::thread::sleep(Duration::from_millis(800));
    send(pid(&child), Signal::SIGINT);
    let ran = end_of(child).says(&["claimed", "Interrupted: what was gathered until then stands above."]);
    assert_eq!((ran.code, &*ran.stderr), (Some(130), ""));
    assert!(!ran.stdout.contains("race: hub sync"), "it goes on: {}", ran.stdout);
    assert_eq!(left_in(directory.path()), [""; 0]);
}

/// Whether a worker is past its beginning, where it is told to die with its parent: it has waited at start lines.
fn races(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let waits = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    waits.is_some_and(|waits| waits.trim().parse::<u32>().is_ok_and(|waits| waits > 20))
}

/// Workers that are stopped cannot leave when they are asked to: the first Ctrl-C has to wait for them.
#[test]
fn a_second_interrupt_ends_at_once_and_takes_the_workers_along() {
    let directory = directory();
    let mut child = race(directory.path(), 4);
    let own = pid(&child);
    let all_race = || processes_of(directory.path()).into_iter().all(races);
    assert!(eventually(LIMIT, all_race), "{:?}", processes_of(directory.path()));
    for worker in processes_of(directory.path()).into_iter().filter(|pid| *pid != own) {
        send(worker, Signal::SIGSTOP);
    }
    send(own, Signal::SIGINT);
    let patience = Duration::from_millis(500);
    assert!(
        !eventually(patience, || child.try_wait().expect("ours").is_some()),
        "nobody could leave"
    );
    let began = Instant::now();
    send(own, Signal::SIGINT);
    let ran = end_of(child);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(eventually(SOON, || processes_of(directory.path()).is_empty()));
}
