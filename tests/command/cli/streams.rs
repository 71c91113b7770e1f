//! Output streams: colours and progress only on a terminal, and no error when a reader closes the pipe.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use nix::fcntl::{FcntlArg, fcntl};

use super::command::{BINARY, command, directory, end_of, onewinner_in, run};
use crate::harness::{Capability, Test, ignore, tests};

/// Runs a shell line on a terminal made by script(1), and returns what it showed; `None` if script is missing.
fn on_a_terminal(directory: &Path, line: &str) -> String {
    let mut command = Command::new("script");
    let line = line.replace("onewinner", BINARY);
    command.args(["-qec", &line, "/dev/null"]).current_dir(directory);
    command
        .env("TMPDIR", directory)
        .env("TERM", "xterm")
        .env_remove("NO_COLOR");
    if Command::new("script").arg("--version").output().is_err() {
        ignore(Capability::Program("script"), "it is not on the PATH");
    }
    run(command).stdout
}

fn in_a_pipe_there_are_no_escape_codes_and_no_progress() {
    let directory = directory();
    for (arguments, exit) in [
        ("list", 0),
        ("explore stat-then-write --backend sim -n 2", 1),
        ("model create-new -n 4", 0),
        ("race stat-then-write -n 4 --rounds 20 --align", 1),
        ("doctor", 0),
    ] {
        let ran = onewinner_in(directory.path(), arguments).exits(exit);
        assert!(!ran.stdout.contains('\u{1b}'), "{arguments}: {:?}", ran.stdout);
    }
}

fn a_terminal_gets_colours_unless_no_color_is_set() {
    let directory = directory();
    let explore = "onewinner explore stat-then-write --backend sim -n 2 2>/dev/null";
    for (line, coloured) in [
        (explore.to_owned(), true),
        (format!("NO_COLOR=1 {explore}"), false),
        (format!("{explore} | cat"), false),
    ] {
        let shown = on_a_terminal(directory.path(), &line);
        assert!(shown.contains("at-most-one-winner"), "{line}: {shown:?}");
        assert_eq!(shown.contains('\u{1b}'), coloured, "{line}: {shown:?}");
    }
}

fn progress_is_for_a_terminal_and_leaves_the_document_alone() {
    let directory = directory();
    let line = "onewinner model stat-then-write -n 3 --json >document.json";
    let shown = on_a_terminal(directory.path(), line);
    assert!(shown.contains("stat-then-write · loom · contend 3"), "{shown:?}");
    let document = fs::read_to_string(directory.path().join("document.json")).expect("written");
    serde_json::from_str::<serde_json::Value>(&document).expect("one JSON document");
}

fn progress_shows_the_length_of_executions_and_the_remaining_share() {
    let directory = directory();
    for backend in ["sim", "traced"] {
        let parts = ["contend 9  ", "/s  ", " steps  about ", " % left  "];
        let mut shown = String::new();
        // The first time limit that is long enough for this machine.
        for seconds in [2, 20, 200] {
            let line =
                format!("onewinner explore create-new -n 9 --search exhaustive --time {seconds} --backend {backend}");
            shown = on_a_terminal(directory.path(), &line);
            if shown.contains("failed to trace a process") {
                ignore(Capability::Ptrace, shown);
            }
            if parts.iter().all(|part| shown.contains(part)) {
                break;
            }
        }
        for part in parts {
            assert!(shown.contains(part), "{backend}: {part:?} is missing: {shown:?}");
        }
    }
}

fn an_interleaving_fits_eighty_columns() {
    let directory = directory();
    for processes in [2, 3, 5] {
        let line = format!(
            "stty cols 80; onewinner explore stat-then-write --backend sim -n {processes} --max-executions 2000 2>/dev/null"
        );
        let shown = on_a_terminal(directory.path(), &format!("export NO_COLOR=1; {line}"));
        let steps = shown.lines().skip_while(|line| !line.contains("step"));
        for line in steps.take_while(|line| !line.contains("schedule")) {
            assert!(line.trim_end().chars().count() <= 80, "{line}");
        }
    }
}

fn a_closed_pipe_is_not_an_error() {
    let directory = directory();
    let line = "explore stat-then-write --backend sim --max-executions 2000";
    // A small pipe, so that the command cannot print all verdicts before the reader closes it.
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).expect("less is allowed");
    let child = command(directory.path(), line)
        .stdout(writer)
        .spawn()
        .expect("it starts");
    let mut first = [0; 15];
    reader.read_exact(&mut first).expect("it prints");
    assert_eq!(&first, b"stat-then-write");
    drop(reader);
    let ran = end_of(child);
    // The last verdict was not delivered, so it is not a pass.
    assert_eq!((ran.code, &*ran.stderr), (Some(3), ""));
}

fn a_pipe_that_was_never_open_is_not_an_error() {
    let directory = directory();
    for (arguments, exit) in [
        ("list", 0),
        ("list --json", 0),
        ("--help", 0),
        ("model create-new", 3),
        ("model create-new --json", 3),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let child = command(directory.path(), arguments).stdout(writer).spawn();
        let ran = end_of(child.expect("it starts"));
        assert_eq!((ran.code, &*ran.stderr), (Some(exit), ""), "{arguments}");
    }
}

fn a_full_disk_behind_standard_output_is_named() {
    let directory = directory();
    for arguments in [
        "--help",
        "list --json",
        "doctor",
        "explore create-new --backend sim -n 2",
        "explore create-new --backend sim -n 2 --json",
    ] {
        let full = fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("each Linux has it");
        let child = command(directory.path(), arguments).stdout(full).spawn();
        let ran = end_of(child.expect("it starts"));
        let said = "error: failed to write to standard output: No space left on device (os error 28)\n";
        assert_eq!((ran.code, &*ran.stderr), (Some(2), said), "{arguments}");
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        in_a_pipe_there_are_no_escape_codes_and_no_progress,
        a_terminal_gets_colours_unless_no_color_is_set,
        progress_is_for_a_terminal_and_leaves_the_document_alone,
        progress_shows_the_length_of_executions_and_the_remaining_share,
        an_interleaving_fits_eighty_columns,
        a_closed_pipe_is_not_an_error,
        a_pipe_that_was_never_open_is_not_an_error,
        a_full_disk_behind_standard_output_is_named,
    ]
}
