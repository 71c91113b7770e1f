//! The command, run as a person runs it, and a look at what it leaves: processes, loop devices, mounts, files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The exit code and the document of `onewinner matrix … --json`.
pub(crate) fn matrix(arguments: &[&str]) -> (i32, Value, String) {
    let Output { status, stdout, stderr } = command(arguments).output().expect("the command runs");
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    let document = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
    (status.code().expect("it exits"), document, stderr)
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onewinner"));
    command.arg("matrix").args(arguments).args(["--json", "--seed", "1"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A column of the document.
pub(crate) fn column<'a>(document: &'a Value, name: &str) -> &'a Value {
    let columns = document["results"].as_array().expect("there are results");
    let found = columns.iter().find(|column| column["name"] == name);
    found.unwrap_or_else(|| panic!("no column {name} in {document:#}"))
}

/// A cell of a column.
pub(crate) fn cell<'a>(column: &'a Value, lock: &str) -> &'a Value {
    let cells = column["cells"].as_array().expect("a column has cells");
    let found = cells.iter().find(|cell| cell["lock"] == lock);
    found.unwrap_or_else(|| panic!("no cell {lock} in {column:#}"))
}

/// What a run could leave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Traces {
    /// Loop devices with a file behind them.
    loops: BTreeSet<String>,
    mounts: usize,
    /// Run directories where temporary files are.
    files: BTreeSet<String>,
    ground: BTreeSet<String>,
}

impl Traces {
    pub(crate) fn now() -> Self {
        let names = |directory: &Path| -> BTreeSet<String> {
            let entries = fs::read_dir(directory).into_iter().flatten().flatten();
            entries
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        };
        let attached = |name: &String| {
            let file = fs::read_to_string(Path::new("/sys/block").join(name).join("loop/backing_file"));
            file.is_ok_and(|file| file.contains("/image"))
        };
        Self {
            loops: names(Path::new("/sys/block")).into_iter().filter(attached).collect(),
            mounts: fs::read_to_string("/proc/self/mountinfo")
                .expect("/proc is mounted")
                .lines()
                .count(),
            files: names(&std::env::temp_dir())
                .into_iter()
                .filter(|name| name.starts_with("onewinner-token"))
                .collect(),
            ground: names(Path::new("/mnt")),
        }
    }
}

/// The processes that descend from this one, zombies too.
pub(crate) fn descendants(root: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let all: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in parentheses may contain anything, but the last one closes it; proc_pid_stat(5).
            let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(all.iter().filter(|(_, its)| *its == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// Whether a process is there, and no zombie.
pub(crate) fn lives(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z'))
    })
}
