//! Histories as one line of text. The simulated kernel performs the calls, so replies and footprints are real.
//!
//! A word is the number of a process, then an event:
//!
//! | event | meaning |
//! |---|---|
//! | `?` `=` `x` `!` `@` | the attempt begins; acquired; busy; failed; panicked |
//! | `-` `.` `~` | the release begins; released; release failed |
//! | `w` | the work failed |
//! | `g` `n` | a nested attempt is granted; is not granted |
//! | `:CALL`, `:CALL/PATH` | a call, on `/lock` unless a path is given |
//! | `:kid-CALL` | a call of its child |
//!
//! Words without a process: `*0` names the process with the injected error, `+3` the clock; `|` is a snapshot, `|2` a snapshot
//! with two duplicates.

use std::path::{Path, PathBuf};

use crate::access::Accesses;
use crate::fs::call::Call;
use crate::fs::sim::State;
use crate::fs::{Errno, Fd, Flock, Mode, OpenFlags, RecordLock};
use crate::history::{CrashClass, Event, History, SeenFile, Snapshot, What};
use crate::id::ProcessId;
use crate::primitive::CallError;

/// The number of processes in each history.
pub(super) const PROCESSES: usize = 4;

/// Parses a history.
pub(super) fn parse(text: &str) -> History {
    let mut state = State::new(PROCESSES);
    let mut history = History::new(PROCESSES, PathBuf::from("/lock"));
    for word in text.split_whitespace() {
        let (first, rest) = word.split_at(1);
        match first {
            "*" => history.disturbed = Some(process(rest)),
            "+" => {
                history.clock = Some(process(rest));
                history.crash_class = Some(CrashClass::Bounded);
            }
            "|" => history.snapshots.push(snapshot(&state, history.events.len(), rest)),
            who => {
                let process = process(who);
                let what = event(&mut state, process, rest);
                history.events.push(Event { process, what });
            }
        }
    }
    history
}

fn process(digit: &str) -> ProcessId {
    ProcessId(digit.parse().expect("a word names a process"))
}

fn event(state: &mut State, process: ProcessId, kind: &str) -> What {
    let error = CallError::when("create", Path::new("/lock"))(Errno::ENOENT);
    match kind {
        "?" => What::AcquireBegan,
        "=" => What::Acquired,
        "x" => What::Busy,
        "!" => What::Failed { error },
        "-" => What::ReleaseBegan,
        "." => What::Released,
        "~" => What::ReleaseFailed { error },
        "@" => What::Panicked {
            message: "boom".to_owned(),
        },
        "g" => What::Reentered { granted: true },
        "n" => What::Reentered { granted: false },
        "w" => What::WorkFailed {
            error: "the disk is full".to_owned(),
        },
        named => {
            let named = named.strip_prefix(':').expect("a known kind of word");
            let call = call(named);
            let (reply, accesses) = state.step(process, &call);
            What::Performed { call, reply, accesses }
        }
    }
}

fn call(named: &str) -> Call {
    if let Some(made) = named.strip_prefix("kid-") {
        let made = Box::new(call(made));
        return Call::InChild { made };
    }
    let (name, path) = named.split_at(named.find('/').unwrap_or(named.len()));
    let path = PathBuf::from(if path.is_empty() { "/lock" } else { path });
    let open = |flags| Call::Open {
        path: path.clone(),
        flags,
        mode: Mode::FILE,
    };
    match name {
        "excl" => open(OpenFlags::CREATE_NEW),
        "open" => open(OpenFlags::OVERWRITE),
        "stat" => Call::Stat { path },
        "unlink" => Call::Unlink { path },
        "mkdir" => Call::Mkdir {
            path,
            mode: Mode::DIRECTORY,
        },
        "aside" => Call::Rename {
            from: path,
            to: "/aside".into(),
        },
        "lock" => Call::Flock {
            fd: Fd(0),
            operation: Flock::TryExclusive,
        },
        "unlock" => Call::Flock {
            fd: Fd(0),
            operation: Flock::Unlock,
        },
        "record" => Call::RecordLock {
            fd: Fd(0),
            operation: RecordLock::TryExclusive,
        },
        "look" => open(OpenFlags::READ),
        "drop" => Call::Close { fd: Fd(1) },
        "expire" => Call::Expire { path },
        "fork" => Call::Fork,
        "die" => Call::Die,
        "exit" => Call::Exit,
        "alive" => Call::Alive { process: ProcessId(0) },
        "close" => Call::Close { fd: Fd(0) },
        "write" => Call::Write {
            fd: Fd(0),
            bytes: b"x".to_vec(),
        },
        unknown => panic!("no call {unknown}"),
    }
}

fn snapshot(state: &State, position: usize, duplicates: &str) -> Snapshot {
    let files = state.tree().into_iter().map(|node| SeenFile {
        path: node.path,
        kind: node.kind,
        content: node.content,
    });
    Snapshot {
        position,
        files: files.collect(),
        descriptors: ProcessId::first(PROCESSES)
            .map(|process| state.open_descriptors(process))
            .collect(),
        duplicates: duplicates.parse().ok(),
    }
}

/// The footprint of an event; empty if it is not a call.
pub(super) fn footprint(event: &Event) -> Accesses {
    match &event.what {
        What::Performed { accesses, .. } => accesses.clone(),
        _ => Accesses::none(),
    }
}
