//! However a command ends, nothing is left: no mount, loop device, process or file.

use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::RngExt;

use super::command::{column, command, is_done, start, until};
use super::mounted::folder;
use super::traces::{Traces, descendants, runs, worker_of};
use crate::harness::{Test, tests};

/// File systems of each kind: in an image, with two mounts, through FUSE. One that cannot be made is skipped and leaves nothing.
const MADE: &[&str] = &["--make", "ext4,overlay-shared,bindfs,btrfs"];

fn text(path: &Path) -> &str {
    path.to_str().expect("the names of tests are text")
}

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).expect("it runs");
}

fn a_command_that_is_killed_at_any_moment_leaves_nothing() {
    const MOMENTS: usize = 6;
    let mut seen = 0;
    for number in 0..MOMENTS {
        let place = tempfile::tempdir().unwrap();
        let before = Traces::now(&[place.path()]);
        // Existing directories come first: half of the moments are among them.
        let given: &[&str] = if number % 2 == 0 {
            &["--dir", text(place.path())]
        } else {
            &[]
        };
        let mut run = start(command(&[&["--quick"], MADE, given].concat()));
        let moment = std::time::Duration::from_millis(rand::rng().random_range(0..2_500));
        println!("killed after {moment:?}");
        std::thread::sleep(moment);
        let family = descendants(run.child.id());
        seen += family.len();
        run.child.kill().unwrap();
        run.end();
        before.await_no_more(&[place.path()], &family);
    }
    assert!(seen > 0, "there was something to be killed");
}

/// Whether this process, and so every process that it starts, ignores a signal: proc_pid_status(5).
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("proc is mounted");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = u64::from_str_radix(mask.expect("each process has one").trim(), 16).expect("a number");
    mask & 1 << (signal as i32 - 1) != 0
}

fn an_interrupt_prints_the_completed_part_and_nothing_is_left() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        if is_ignored(signal) {
            println!("not covered: {signal} is ignored here, as nohup(1) has it, and so it is by the command");
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        let before = Traces::now(&[place.path()]);
        let run = start(command(&[MADE, &["--dir", text(place.path())]].concat()));
        until("a run begins", || !runs(place.path()).is_empty());
        let family = descendants(run.child.id());
        send(run.child.id(), signal);
        let (code, document, stderr) = run.end().report();
        assert_eq!((code, &document["exit"]), (130, &130.into()), "{signal}: {stderr}");
        let made = column(&document, "overlay-shared");
        assert_eq!(
            (&made["standing"], &made["reason"]),
            (&"failed".into(), &"interrupted".into()),
            "{signal}: {made:#}"
        );
        before.await_no_more(&[place.path()], &family);
    }
}

fn a_command_that_nohup_keeps_goes_on_at_the_end_of_the_terminal() {
    let place = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("sh");
    let script = r#"trap "" HUP; exec "$0" "$@""#;
    let dirs = ["--dir", text(place.path()), "--json", "--quick", "--rounds", "2000"];
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_onewinner"), "matrix", "create-new"])
        .args(dirs);
    let run = start(command);
    until("a run begins", || !runs(place.path()).is_empty());
    send(run.child.id(), Signal::SIGHUP);
    let (code, document, stderr) = run.end().report();
    assert_eq!(code, 0, "{stderr}");
    is_done(&document, text(place.path()));
}

fn a_worker_that_is_killed_takes_its_column_along_and_another_one_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let (one, other) = (folder(place.path(), "one"), folder(place.path(), "other"));
    let before = Traces::now(&[&one, &other]);
    let locks = ["create-new", "mkdir", "link", "symlink", "flock"];
    let dirs = [
        "--dir",
        text(&one),
        "--dir",
        text(&other),
        "--quick",
        "-n",
        "4",
        "--rounds",
        "2000",
    ];
    let run = start(command(&[&locks[..], &dirs[..]].concat()));
    until("a run begins", || !runs(&one).is_empty());
    let family = descendants(run.child.id());
    send(worker_of(run.child.id()).expect("it has one"), Signal::SIGKILL);
    let (code, document, stderr) = run.end().report();
    assert_eq!(code, 3, "{document:#} {stderr}");
    let missing = |name: &str| {
        let cells = column(&document, name)["cells"].as_array().unwrap();
        let lost = cells.iter().filter(|cell| cell["answer"] == "missing");
        let checked = lost.inspect(|cell| {
            let reason = cell["reason"].as_str().unwrap();
            assert!(reason.contains("the worker process was lost"), "{reason}");
        });
        checked.count()
    };
    // On a slow machine it may have reached the second one already.
    let (first, second) = (missing(text(&one)), missing(text(&other)));
    assert!((first > 0) ^ (second > 0), "{document:#}");
    before.await_no_more(&[&one, &other], &family);
}

fn unread_output_does_not_count_as_a_pass_and_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let before = Traces::now(&[place.path()]);
    let arguments = [
        "create-new",
        "--quick",
        "--rounds",
        "60",
        "--make",
        "tmpfs",
        "--dir",
        text(place.path()),
    ];
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = command(&arguments);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The command also holds the writing end.
    drop(command);
    drop(reader);
    let mut code = None;
    until("it ends", || {
        code = child.try_wait().unwrap().map(|status| status.code());
        code.is_some()
    });
    assert_eq!(code, Some(Some(3)));
    before.await_no_more(&[place.path()], &[]);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_command_that_is_killed_at_any_moment_leaves_nothing,
        an_interrupt_prints_the_completed_part_and_nothing_is_left,
        a_command_that_nohup_keeps_goes_on_at_the_end_of_the_terminal,
        a_worker_that_is_killed_takes_its_column_along_and_another_one_goes_on,
        unread_output_does_not_count_as_a_pass_and_leaves_nothing,
    ]
}
