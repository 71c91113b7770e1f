//! A counterexample as a shell script that shows the race without onewinner: strace(1) delays each process where the
//! schedule switches to another one (section "Tampering" of its man page, `delay_enter`).
//!
//! The script orders steps by time: each sequence of steps of one process gets a slot, much longer than the steps take. strace
//! counts only calls on the lock, and on the other files that the counterexample names. This module runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use onewinner_core::fs::call::Call;
use onewinner_core::history::History;
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::{Program, ProgramKind, Scenario, ScenarioKind, Start, Subject, Work};
use onewinner_core::schedule::Schedule;

/// The length of a slot in seconds: longer than an interpreter takes to start under strace.
const SLOT_S: usize = 2;
const MICROSECONDS: usize = 1_000_000;

/// Why there is no script.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StraceError {
    /// strace cannot produce this scenario.
    #[error(
        "failed to show {0} with strace: it can only show contend and cycle with one round, without faults; leave --strace out"
    )]
    Scenario(String),
    /// A process has to wait before two calls of one kind; strace can delay only one of them.
    #[error("failed to show it with strace: {process} has to wait before two calls of {name}; leave --strace out")]
    Twice {
        /// The process that waits.
        process: ProcessId,
        /// The kind of call, as strace names it.
        name: &'static str,
    },
    /// The command line cannot be split into words.
    #[error("failed to split the command line `{0}` into words: a quote is not closed; close it")]
    Line(String),
}

/// Returns the script, for `sh`.
///
/// # Errors
///
/// If strace cannot show this counterexample.
pub fn script(
    subject: &Subject,
    scenario: &Scenario,
    schedule: &Schedule,
    history: &History,
) -> Result<String, StraceError> {
    let plain = scenario.kills.is_empty()
        && scenario.error.is_none()
        && scenario.start == Start::Free
        && scenario.work == Work::Nothing
        && matches!(scenario.kind, ScenarioKind::Contend | ScenarioKind::Cycle { rounds: 1 });
    if !plain {
        return Err(StraceError::Scenario(scenario.to_string()));
    }
    let slots = slots(history);
    let last = slots.last().map_or(0, |(slot, ..)| *slot);
    let mut lines = format!(
        "# {}, {scenario}, {schedule}: run this script with sh.\n",
        one_line(subject.name())
    );
    lines += "dir=$(mktemp -d) && lock=$dir/lock hold=$dir/hold || exit\n";
    if let Subject::Program(Program {
        kind: ProgramKind::Wrap,
        ..
    }) = subject
    {
        lines += "printf '%s\\n' '#!/bin/sh' 'echo acquired' 'read -r line && echo released' >\"$hold\" && chmod +x \"$hold\"\n";
    }
    for process in ProcessId::first(history.processes) {
        let command = command(subject, process)?;
        let plan = Waits::of(process, history, &slots)?;
        let input = match plan.release {
            Some(seconds) => format!("(sleep {seconds}; echo release; sleep {SLOT_S})"),
            None => format!("sleep {}", (last + 2) * SLOT_S),
        };
        let mut line = format!("{input} | strace -f -qq -o /dev/null");
        for path in &plan.paths {
            let _ = write!(line, " -P {}", placed(path));
        }
        for (name, (when, delay)) in &plan.delays {
            let _ = write!(line, " -e 'inject={name}:delay_enter={delay}:when={when}'");
        }
        let _ = writeln!(lines, "{line} {command} | sed 's/^/{process} /' &");
    }
    lines += "wait\nrm -rf \"$dir\"\n";
    Ok(lines)
}

/// The calls with their slots; a new slot begins where the schedule switches to another process.
fn slots(history: &History) -> Vec<(usize, usize, ProcessId, &Call)> {
    let (mut slot, mut last) = (0, None);
    let calls = history.calls().map(|(position, process, call, ..)| {
        slot += usize::from(last.is_some_and(|last| last != process));
        last = Some(process);
        (slot, position, process, call)
    });
    calls.collect()
}

/// The delays of one process.
#[derive(Default)]
struct Waits {
    /// For each kind of call: which call waits, counted from 1, and how long, in microseconds.
    delays: BTreeMap<&'static str, (usize, usize)>,
    /// When it gets the line `release`, in seconds after the start.
    release: Option<f64>,
    /// The files whose calls strace counts.
    paths: BTreeSet<PathBuf>,
}

impl Waits {
    fn of(
        process: ProcessId,
        history: &History,
        slots: &[(usize, usize, ProcessId, &Call)],
    ) -> Result<Self, StraceError> {
        let mut waits = Self::default();
        waits.paths.insert(history.lock.clone());
        let attempts = history.attempts();
        let attempt = attempts.iter().find(|attempt| attempt.process == process);
        let begun = attempt.and_then(|attempt| attempt.release.as_ref());
        let release = begun.and_then(|release| release.calls.first().copied());
        let mut made: BTreeMap<&str, usize> = BTreeMap::new();
        // The slot since which the process runs without waiting.
        let mut now = 0;
        for (slot, position, _, call) in slots.iter().filter(|(.., by, _)| *by == process) {
            waits.paths.extend(call.paths().map(Path::to_owned));
            let Some(name) = name(call) else {
                continue;
            };
            let count = made.entry(name).or_default();
            *count += 1;
            if release == Some(*position) {
                // In its slot, but after the earlier calls of that slot.
                let within = if *slot == now { 0.5 } else { 0.0 };
                waits.release = Some((*slot as f64 + within) * SLOT_S as f64);
            } else if *slot > now {
                let delay = (slot - now) * SLOT_S * MICROSECONDS;
                if waits.delays.insert(name, (*count, delay)).is_some() {
                    return Err(StraceError::Twice { process, name });
                }
            }
            now = *slot;
        }
        if begun.is_some() && release.is_none() {
            // The counterexample ends before: it releases after all calls.
            let last = slots.last().map_or(0, |(slot, ..)| *slot);
            waits.release = Some(((last + 1) * SLOT_S) as f64);
        }
        Ok(waits)
    }
}

/// The kind of a call, as strace names it. `?` lets strace ignore calls that the machine does not have.
fn name(call: &Call) -> Option<&'static str> {
    Some(match call.name() {
        "exit" | "killed" | "wait" => return None,
        "open" | "openat" | "openat2" | "creat" => "?open,?openat,?openat2,?creat",
        "stat" | "lstat" | "fstat" | "newfstatat" | "statx" => "%%stat",
        "access" | "faccessat" | "faccessat2" => "?access,?faccessat,?faccessat2",
        "unlink" | "unlinkat" | "rmdir" => "?unlink,?unlinkat,?rmdir",
        "mkdir" | "mkdirat" => "?mkdir,?mkdirat",
        "link" | "linkat" => "?link,?linkat",
        "symlink" | "symlinkat" => "?symlink,?symlinkat",
        "readlink" | "readlinkat" => "?readlink,?readlinkat",
        "rename" | "renameat" | "renameat2" => "?rename,?renameat,?renameat2",
        "read" | "pread64" | "readv" => "read,pread64,readv",
        "write" | "pwrite64" | "writev" => "write,pwrite64,writev",
        "close" => "close",
        "flock" => "flock",
        "fcntl" => "fcntl",
        "kill" => "kill",
        "utimensat" => "utimensat",
        "ftruncate" => "ftruncate",
        // The order of other calls is not kept; the answers show whether the race still happens.
        _ => return None,
    })
}

/// The command line, quoted for a shell, with `{lock}` and `{hold}` replaced by shell variables.
fn command(subject: &Subject, process: ProcessId) -> Result<String, StraceError> {
    let line = match subject {
        Subject::Primitive(primitive) => format!("onewinner drive --as {process} {} {{lock}}", primitive.name()),
        Subject::Program(program) => program.line.clone(),
    };
    let words = shlex::split(&line).ok_or_else(|| StraceError::Line(line.clone()))?;
    let quoted = words.iter().map(|word| {
        let mut quoted = String::new();
        let mut rest = word.as_str();
        while let Some(at) = rest.find("{lock}").into_iter().chain(rest.find("{hold}")).min() {
            quoted += &text(&rest[..at]);
            quoted += if rest[at..].starts_with("{lock}") {
                "\"$lock\""
            } else {
                "\"$hold\""
            };
            rest = &rest[at + "{lock}".len()..];
        }
        quoted + &text(rest)
    });
    Ok(quoted.collect::<Vec<_>>().join(" "))
}

/// A path of the counterexample, quoted, below the directory of the run.
fn placed(path: &Path) -> String {
    format!(
        "\"$dir\"{}",
        text(&format!("/{}", path.strip_prefix("/").unwrap_or(path).display()))
    )
}

/// A part of a word, quoted for a shell; the empty text stays empty.
fn text(text: &str) -> String {
    match text {
        "" => String::new(),
        text => shlex::try_quote(text).map_or_else(|_| String::new(), std::borrow::Cow::into_owned),
    }
}

/// The text for a shell comment, without line breaks.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
