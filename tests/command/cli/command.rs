//! Runs the binary, and inspects its output, files and processes.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Capability, ignore};
use tempfile::TempDir;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_onewinner");
/// The time limit of a command: a slower one hangs, even on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(600);
/// The polling interval for something that should happen soon.
const POLL: Duration = Duration::from_millis(5);

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Asserts that the command exited with `code` and printed nothing on standard error.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!((self.code, &*self.stderr), (Some(code), ""), "{}", self.stdout);
        self
    }

    /// The same; where the machine forbids tracing the test is ignored.
    pub(crate) fn traced(self) -> Self {
        if self.stdout.contains("failed to trace a process") {
            ignore(Capability::Ptrace, &self.stdout);
        }
        self
    }

    /// Asserts that the command printed each of `texts`.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stdout.contains(text), "{text:?} is missing:\n{}", self.stdout);
        }
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("onewinner prints UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// A temporary directory.
pub(crate) fn directory() -> TempDir {
    tempfile::Builder::new()
        .prefix("cli-test-")
        .tempdir()
        .expect("a temporary directory")
}

/// The command with `arguments`, separated by blanks, in `directory`; it does not see the terminal of the caller.
pub(crate) fn command(directory: &Path, arguments: &str) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .env("TMPDIR", directory)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the command in a fresh directory, and asserts that it leaves nothing there.
#[track_caller]
pub(crate) fn onewinner(arguments: &str) -> Ran {
    let directory = directory();
    let ran = onewinner_in(directory.path(), arguments);
    assert_eq!(left_in(directory.path()), [""; 0], "{arguments}");
    ran
}

/// Runs the command in `directory`.
pub(crate) fn onewinner_in(directory: &Path, arguments: &str) -> Ran {
    run(command(directory, arguments))
}

/// Runs a command, within [`LIMIT`].
pub(crate) fn run(command: Command) -> Ran {
    let output = snapbox::cmd::Command::from_std(command).timeout(LIMIT).output();
    output.expect("the command starts").into()
}

/// Waits for the end of a child whose output fits in its pipes.
#[track_caller]
pub(crate) fn end_of(mut child: Child) -> Ran {
    let ended = eventually(LIMIT, || child.try_wait().expect("it is ours").is_some());
    if !ended {
        child.kill().expect("it is ours");
    }
    let ran = Ran::from(child.wait_with_output().expect("its pipes are ours"));
    assert!(ended, "not over after {LIMIT:?}: {ran:?}");
    ran
}

/// Whether `fact` becomes true within `limit`.
pub(crate) fn eventually(limit: Duration, mut fact: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if fact() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(POLL);
    }
}

/// The names in a directory.
pub(crate) fn left_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it is there").flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The processes whose command line contains `directory`, which is unique to a test. Workers have their parent's command line.
pub(crate) fn processes_of(directory: &Path) -> Vec<i32> {
    let marker = directory.to_str().expect("UTF-8").as_bytes();
    let names_it = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.windows(marker.len()).any(|part| part == marker)
    };
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(names_it).collect()
}

/// The processes that were started with `directory` as their `TMPDIR`: a command, and whatever it starts.
pub(crate) fn processes_with(directory: &Path) -> Vec<i32> {
    let marker = format!("TMPDIR={}", directory.to_str().expect("UTF-8"));
    let has_it = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|setting| setting == marker.as_bytes())
    };
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(has_it).collect()
}

/// The processes of a group that still have files open, and so locks. A dying process first loses its command line, then
/// its files, and then becomes a zombie: `do_exit` in kernel/exit.c.
pub(crate) fn members_of(group: u32) -> Vec<i32> {
    let group = group.to_string();
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_member = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name in parentheses may contain anything, but the last one closes it: proc_pid_stat(5).
        let rest = stat.rsplit(')').next().unwrap_or_default();
        let words: Vec<&str> = rest.split_whitespace().take(3).collect();
        matches!(words[..], [state, _parent, its] if its == group && !matches!(state, "Z" | "X"))
    };
    pids.filter(is_member).collect()
}
