//! File systems that hang. Processes that call them cannot even be killed. The command still ends, and reports the hang.

use std::path::Path;
use std::process::Command;

use super::command::{Ran, Running, command, is_done, is_refused, onewinner, start, until};
use super::mounted::{Ice, Mute, apart, folder};
use super::traces::{Traces, descendants, lives, runs};
use crate::harness::{Capability, Test, ignore, tests};

/// The words of the report.
const HANGS: &str = "its file system hangs";

/// More rounds than fit in the time, with limits that a hang exceeds.
const LIMITS: [&str; 9] = [
    "--quick",
    "-n",
    "4",
    "--rounds",
    "2000",
    "--worker-time",
    "5",
    "--cell-time",
    "60",
];

fn text(path: &Path) -> &str {
    path.to_str().expect("the names of tests are text")
}

fn begun(arguments: &[&str], directory: &Path) -> Running {
    let mut command = onewinner();
    command.args(arguments).args(["--dir", text(directory)]);
    // Counterexamples must not be left in the working tree.
    command.current_dir(std::env::temp_dir());
    start(command)
}

fn each_command_reports_a_mount_that_hangs_and_the_others_are_done() {
    apart(|place| {
        let (point, good) = (folder(place, "mute"), folder(place, "good"));
        let mute = match Mute::at(point.clone()) {
            Ok(mute) => mute,
            Err(reason) => ignore(Capability::Fuse, reason),
        };
        let (point, good) = (text(&point), text(&good));
        // All run at the same time: each waits for an answer that never comes.
        let few = ["--quick", "--rounds", "60", "-n", "4"];
        let matrix = start(command(
            &[&["create-new", "--dir", point, "--dir", good], &few[..]].concat(),
        ));
        let race = begun(&["race", "create-new", "--rounds", "10", "-n", "4"], point.as_ref());
        let explore = begun(&["explore", "create-new", "-n", "2"], point.as_ref());
        let bench = begun(
            &["bench", "create-new", "--quick", "--worker-time", "5"],
            point.as_ref(),
        );
        let (code, document, stderr) = matrix.end().report();
        assert_eq!(code, 3, "{stderr}");
        is_refused(&document, point, "failed", &[HANGS, "check its server"]);
        is_done(&document, good);
        for (name, ran) in [("race", race.end()), ("explore", explore.end())] {
            let Ran { code, stdout, stderr } = ran;
            assert_eq!(code, 3, "{name}: {stdout} {stderr}");
            assert!(stdout.contains(HANGS), "{name}: {stdout} {stderr}");
        }
        let ran = bench.end();
        assert_eq!(ran.code, 3, "bench: {} {}", ran.stdout, ran.stderr);
        assert!(
            ran.stdout.contains("does not answer") || ran.stdout.contains(HANGS),
            "bench: {}",
            ran.stdout
        );
        // The mount is the user's: the command must not have aborted its connection.
        nix::sys::statfs::statfs(point).expect("it still says what it is");
        drop(mute);
    });
}

/// Sends a signal to a command by its number.
fn signal(run: &Running, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(run.child.id().cast_signed());
    nix::sys::signal::kill(pid, signal).expect("it runs");
}

fn a_command_that_waits_for_a_mount_that_hangs_can_be_interrupted() {
    apart(|place| {
        let point = folder(place, "mute");
        let _mute = match Mute::at(point.clone()) {
            Ok(mute) => mute,
            Err(reason) => ignore(Capability::Fuse, reason),
        };
        let race = begun(&["race", "create-new", "--rounds", "10"], &point);
        let matrix = start(command(&["create-new", "--dir", text(&point)]));
        // Once it has a child, its signal handlers are installed. It waits for an answer ten times as long as this takes.
        for run in [&race, &matrix] {
            until("it has begun", || !descendants(run.child.id()).is_empty());
            signal(run, nix::sys::signal::Signal::SIGINT);
        }
        for run in [race, matrix] {
            let ran = run.end();
            assert_eq!(ran.code, 130, "{} {}", ran.stdout, ran.stderr);
        }
    });
}

/// A process that writes to a frozen file system cannot be killed.
fn a_file_system_that_hangs_in_the_middle_ends_its_column_and_is_clean_after_the_next_run() {
    apart(|place| {
        let (ice, good) = match Ice::below(place) {
            Ok(ice) => (ice, folder(place, "good")),
            Err(reason) => ignore(Capability::Root, format!("no file system can be frozen: {reason}")),
        };
        let (frozen, other) = (text(&ice.point), text(&good));
        let dirs = [
            "create-new",
            "mkdir",
            "link",
            "symlink",
            "flock",
            "--dir",
            frozen,
            "--dir",
            other,
        ];
        let run = start(command(&[&dirs[..], &LIMITS[..]].concat()));
        until("a run begins", || !runs(&ice.point).is_empty());
        ice.freeze().expect("it could be before");
        let family = descendants(run.child.id());
        let (code, document, stderr) = run.end().report();
        assert_eq!(code, 3, "{document:#} {stderr}");
        let column = super::command::column(&document, frozen);
        let last = column["cells"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["answer"], "missing", "{column:#}");
        assert!(last["reason"].as_str().unwrap().contains(HANGS), "{column:#}");
        is_done(&document, other);
        // Processes in the kernel are left, and end when the file system is thawed.
        ice.thaw();
        until("all are gone", || !family.iter().any(|pid| lives(*pid)));
        let (code, document, stderr) = super::few(&["create-new", "--dir", frozen]);
        assert_eq!(code, 0, "{document:#} {stderr}");
        until("it is clean", || runs(&ice.point).is_empty());
    });
}

/// The run aborts the connections of file systems that it made, so that no process waits for them.
fn a_daemon_of_our_own_that_stops_ends_its_column_and_nothing_is_left() {
    let before = Traces::now(&[]);
    let locks = ["create-new", "mkdir", "flock", "--make", "bindfs,tmpfs"];
    let mut run = start(command(&[&locks[..], &LIMITS[..]].concat()));
    let name = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let mut family = Vec::new();
    let mut daemons = Vec::new();
    until("two daemons are there and a race is run, or nothing is made", || {
        family = descendants(run.child.id());
        daemons = family
            .iter()
            .copied()
            .filter(|pid| name(pid).trim() == "bindfs")
            .collect();
        // The worker, the first process of the namespaces, the process of the cell, the daemons, and contenders.
        let racing = daemons.len() == 2 && family.len() >= 3 + 2 + 4;
        racing || run.child.try_wait().is_ok_and(|status| status.is_some())
    });
    for daemon in &daemons {
        let pid = nix::unistd::Pid::from_raw(daemon.cast_signed());
        // It may have ended.
        let _stopped = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP);
    }
    let (code, document, stderr) = run.end().report();
    let made = super::command::column(&document, "bindfs");
    if daemons.is_empty() {
        ignore(Capability::FileSystems, &made["reason"]);
    }
    assert_eq!(code, 3, "{document:#} {stderr}");
    let reasons = made.to_string();
    assert!(reasons.contains(HANGS), "{made:#}");
    let tmpfs = super::command::column(&document, "tmpfs");
    if super::command::is_made(tmpfs) {
        is_done(&document, "tmpfs");
    }
    before.await_no_more(&[], &family);
}

/// A daemon that is stopped during a run acts like a server that is gone.
fn race_and_explore_report_a_daemon_that_stops_in_the_middle() {
    apart(|place| {
        let (store, point) = (folder(place, "store"), folder(place, "point"));
        let daemon = Command::new("bindfs").arg("-f").arg(&store).arg(&point).spawn();
        let Ok(mut daemon) = daemon else {
            ignore(Capability::Program("bindfs"), "it does not start");
        };
        let is_mounted = || {
            let mounts = std::fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
            mounts.contains(text(&point))
        };
        until("it is mounted, or cannot be", || {
            is_mounted() || daemon.try_wait().unwrap().is_some()
        });
        if daemon.try_wait().unwrap().is_some() {
            ignore(Capability::FileSystems, "bindfs does not mount");
        }
        let pid = nix::unistd::Pid::from_raw(daemon.id().cast_signed());
        let send = |signal| nix::sys::signal::kill(pid, signal).expect("it runs");
        let race = ["race", "mkdir", "-n", "4", "--rounds", "1000000", "--worker-time", "5"];
        let explore = [
            "explore",
            "mkdir",
            "-n",
            "3",
            "--rounds",
            "2",
            "--scenario",
            "cycle",
            "--time",
            "200",
        ];
        let begun = [begun(&race, &point), begun(&explore, &point)];
        until("both are at work", || runs(&point).len() == begun.len());
        let family: Vec<u32> = begun.iter().flat_map(|run| descendants(run.child.id())).collect();
        send(nix::sys::signal::Signal::SIGSTOP);
        for run in begun {
            let ran = run.end();
            let said = format!("{} {}", ran.stdout, ran.stderr);
            // No earlier schedule or round was violated.
            assert_eq!(ran.code, 3, "{said}");
            assert!(said.contains("inconclusive") && said.contains("hangs"), "{said}");
        }
        send(nix::sys::signal::Signal::SIGCONT);
        until("all are gone", || !family.iter().any(|pid| lives(*pid)));
        super::mounted::unmount(&point);
        until("the daemon ends", || daemon.try_wait().unwrap().is_some());
    });
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        each_command_reports_a_mount_that_hangs_and_the_others_are_done,
        a_command_that_waits_for_a_mount_that_hangs_can_be_interrupted,
        a_file_system_that_hangs_in_the_middle_ends_its_column_and_is_clean_after_the_next_run,
        a_daemon_of_our_own_that_stops_ends_its_column_and_nothing_is_left,
        race_and_explore_report_a_daemon_that_stops_in_the_middle,
    ]
}
