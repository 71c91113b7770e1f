//! One run of `onewinner explore` over a program: what it answered, and what it left behind. Judges nothing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::judge;

/// The longest that one command may take. Its own limit is shorter, so that it answers first.
const LIMIT: Duration = Duration::from_secs(660);
/// What the command is given, in seconds, unless the test asks for another limit.
const TIME: &str = "--time 600";

/// How the program locks.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// It speaks.
    Driver(String),
    /// It runs a command while it holds the lock.
    Wrap(String),
}

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    /// Its one document; null if it printed none.
    pub(crate) document: Value,
    pub(crate) stderr: String,
    /// Where it ran, and saved what it saved.
    pub(crate) place: TempDir,
}

impl Answer {
    /// What its verdicts say in words.
    pub(crate) fn words(&self) -> String {
        judge::words(&self.document)
    }

    /// The names that it left where it ran. What a program put into another place is the program's.
    pub(crate) fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.place.path()).expect("it is ours").flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.starts_with("elsewhere-")).collect()
    }
}

/// Explores a program in a directory of its own; `arguments` are separated by blanks.
pub(crate) fn explore(program: &Program, arguments: &str) -> Answer {
    let how = match program {
        Program::Driver(line) => ["--driver", line],
        Program::Wrap(line) => ["--wrap", line],
    };
    let time = if arguments.contains("--time ") { "" } else { TIME };
    let rest = format!("--json --seed 1 {time} {arguments}");
    let words = ["explore"].into_iter().chain(how).chain(rest.split_whitespace());
    run(temporary(), words.collect())
}

/// Explores a lock of the catalogue on the simulated file system, by the reduction.
pub(crate) fn explore_primitive(lock: &str, arguments: &str) -> Answer {
    let line = format!("explore {lock} --backend sim --json --seed 1 {arguments}");
    run(temporary(), line.split_whitespace().collect())
}

/// Replays a file that an exploration saved, where it was saved.
pub(crate) fn replay(saved: &str, place: TempDir) -> Answer {
    run(place, vec!["replay", saved, "--json"])
}

fn temporary() -> TempDir {
    let place = tempfile::Builder::new().prefix("explored-").tempdir();
    place.expect("a temporary directory")
}

fn run(place: TempDir, words: Vec<&str>) -> Answer {
    let mut command = onewinner(place.path());
    command.args(words);
    let output = snapbox::cmd::Command::from_std(command).timeout(LIMIT).output();
    let output = output.expect("the command starts");
    Answer {
        code: output.status.code(),
        document: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        place,
    }
}

/// The command, in a shell that leaves a descriptor open, as many do: no contender sees it.
fn onewinner(place: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec 9<&0 \"$@\"", "sh", env!("CARGO_BIN_EXE_onewinner")])
        .current_dir(place)
        .env("TMPDIR", place)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Whether this binary explores programs at all: without that there is nothing to hold it to.
pub(crate) fn takes_programs() -> bool {
    let mut command = onewinner(Path::new("/"));
    let help = command
        .args(["explore", "--help"])
        .output()
        .expect("the command starts");
    String::from_utf8_lossy(&help.stdout).contains("--driver")
}
