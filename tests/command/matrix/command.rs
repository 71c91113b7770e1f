//! Runs the command as a user does, under a limit.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Capability, ignore};

/// The limit of every wait in these tests. It catches hangs, and does not test speed.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);
/// The time between two checks.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// The result of a command.
pub(crate) struct Ran {
    /// The exit code, or minus the signal.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: File,
    errors: File,
}

/// Starts a command. Its output goes to files: a process that it leaves behind would keep a pipe open.
pub(crate) fn start(mut command: Command) -> Running {
    let (out, errors) = (
        tempfile::tempfile().expect("the test may use its own files and children"),
        tempfile::tempfile().expect("the test may use its own files and children"),
    );
    command
        .stdin(Stdio::null())
        .stdout(out.try_clone().expect("the test may use its own files and children"))
        .stderr(errors.try_clone().expect("the test may use its own files and children"));
    let child = command.spawn().expect("the command runs");
    Running { child, out, errors }
}

impl Running {
    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ran {
        let deadline = Instant::now() + LIMIT;
        let status = loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("the test may use its own files and children")
            {
                break status;
            }
            if Instant::now() > deadline {
                self.child.kill().expect("the test may use its own files and children");
                panic!(
                    "it does not end; until then it said {:?} {:?}",
                    text(self.out),
                    text(self.errors)
                );
            }
            std::thread::sleep(POLL);
        };
        let code = status
            .code()
            .or(status.signal().map(|signal| -signal))
            .expect("the test may use its own files and children");
        Ran {
            code,
            stdout: text(self.out),
            stderr: text(self.errors),
        }
    }
}

fn text(mut file: File) -> String {
    use std::io::Seek;
    let mut text = String::new();
    file.rewind().expect("the test may use its own files and children");
    file.read_to_string(&mut text)
        .expect("the test may use its own files and children");
    text
}

impl Ran {
    /// The exit code, the document, and standard error.
    pub(crate) fn report(self) -> (i32, Value, String) {
        let document = serde_json::from_str(&self.stdout).unwrap_or(Value::Null);
        (self.code, document, self.stderr)
    }
}

/// The exit code and the document of `onewinner matrix … --json`.
pub(crate) fn matrix(arguments: &[&str]) -> (i32, Value, String) {
    start(command(arguments)).end().report()
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = onewinner();
    command.arg("matrix").args(arguments).args(["--json", "--seed", "1"]);
    command
}

pub(crate) fn onewinner() -> Command {
    Command::new(env!("CARGO_BIN_EXE_onewinner"))
}

/// Waits until a condition is true.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came that {what}");
        std::thread::sleep(POLL);
    }
}

/// A column of the document.
pub(crate) fn column<'a>(document: &'a Value, name: &str) -> &'a Value {
    let columns = document["results"].as_array();
    let columns = columns.unwrap_or_else(|| panic!("no results in {document:#}"));
    let found = columns.iter().find(|column| column["name"] == name);
    found.unwrap_or_else(|| panic!("no column {name} in {document:#}"))
}

/// A cell of a column.
pub(crate) fn cell<'a>(column: &'a Value, lock: &str) -> &'a Value {
    let cells = column["cells"].as_array().expect("a column has cells");
    let found = cells.iter().find(|cell| cell["lock"] == lock);
    found.unwrap_or_else(|| panic!("no cell {lock} in {column:#}"))
}

/// The column, if the machine lets this user make the file system; else the test is ignored.
pub(crate) fn made<'a>(document: &'a Value, name: &str) -> &'a Value {
    let column = column(document, name);
    if column["standing"] == "skipped" {
        ignore(
            Capability::FileSystems,
            format!("{}: {}", column["name"], column["reason"]),
        );
    }
    column
}

/// Whether this user can make the file system on this machine; prints why not.
pub(crate) fn is_made(column: &Value) -> bool {
    if column["standing"] == "skipped" {
        println!("not covered: {}: {}", column["name"], column["reason"]);
        return false;
    }
    true
}

/// Asserts that a directory cannot be used, for a reason with these words, and that its cells say so.
pub(crate) fn is_refused(document: &Value, name: &str, standing: &str, words: &[&str]) {
    let column = column(document, name);
    assert_eq!(column["standing"], standing, "{column:#}");
    let reason = column["reason"].as_str().expect("it says why");
    for word in words {
        assert!(reason.contains(word), "{word:?} is not in {reason:?}");
    }
    for cell in column["cells"].as_array().expect("it has cells") {
        assert_eq!(cell["answer"], "missing", "{column:#}");
        assert!(cell["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    }
}

/// Asserts that the lock `create-new` was raced in a directory, and holds.
pub(crate) fn is_done(document: &Value, name: &str) {
    let answer = &cell(column(document, name), "create-new")["answer"];
    assert_eq!(answer, "holds", "{document:#}");
}
