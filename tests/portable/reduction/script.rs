//! Calls as short texts, so that a program is read at a glance. Knows nothing of what a call does.

use onewinner_core::fs::call::Call;
use onewinner_core::fs::{Fd, Flock, Mode, OpenFlags, RecordLock};

/// The calls of a text such as `create A; link A B; close 0`.
pub(crate) fn calls(text: &str) -> Vec<Call> {
    text.split(';')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(call)
        .collect()
}

fn call(text: &str) -> Call {
    let words: Vec<&str> = text.split_whitespace().collect();
    let path = |word: &str| format!("/{word}").into();
    let open = |name, flags| Call::Open {
        path: path(name),
        flags,
        mode: Mode::FILE,
    };
    let fd = |word: &str| Fd(word.parse().expect("a number"));
    match words[..] {
        ["excl", name] => open(name, OpenFlags::CREATE_NEW),
        ["create", name] => {
            let truncate = false;
            open(
                name,
                OpenFlags {
                    truncate,
                    ..OpenFlags::OVERWRITE
                },
            )
        }
        ["overwrite", name] => open(name, OpenFlags::OVERWRITE),
        ["read", name] => open(name, OpenFlags::READ),
        ["stat", name] => Call::Stat { path: path(name) },
        ["fstat", number] => Call::Fstat { fd: fd(number) },
        ["unlink", name] => Call::Unlink { path: path(name) },
        ["mkdir", name] => Call::Mkdir {
            path: path(name),
            mode: Mode::DIRECTORY,
        },
        ["rmdir", name] => Call::Rmdir { path: path(name) },
        ["link", existing, new] => Call::Link {
            existing: path(existing),
            new: path(new),
        },
        ["rename", from, to] => Call::Rename {
            from: path(from),
            to: path(to),
        },
        ["write", number] => Call::Write {
            fd: fd(number),
            bytes: b"x".to_vec(),
        },
        ["get", number] => Call::Read {
            fd: fd(number),
            length: 4,
        },
        ["close", number] => Call::Close { fd: fd(number) },
        ["lock", number] => flock(fd(number), Flock::TryExclusive),
        ["await-lock", number] => flock(fd(number), Flock::Exclusive),
        ["share", number] => flock(fd(number), Flock::TryShared),
        ["unlock", number] => flock(fd(number), Flock::Unlock),
        ["record", number] => record(fd(number), RecordLock::TryExclusive),
        ["share-record", number] => record(fd(number), RecordLock::TryShared),
        ["drop-record", number] => record(fd(number), RecordLock::Unlock),
        ["ofd", number] => Call::OfdLock {
            fd: fd(number),
            operation: RecordLock::TryExclusive,
        },
        ["symlink", target, name] => Call::Symlink {
            target: target.into(),
            path: path(name),
        },
        ["readlink", name] => Call::Readlink { path: path(name) },
        ["rename-new", from, to] => Call::RenameNew {
            from: path(from),
            to: path(to),
        },
        ["expire", name] => Call::Expire { path: path(name) },
        ["fork"] => Call::Fork,
        ["child:", ..] => Call::InChild {
            made: Box::new(call(text.trim_start_matches("child:").trim())),
        },
        ["exit"] => Call::Exit,
        ["die"] => Call::Die,
        ["alive", process] => Call::Alive {
            process: process.parse().expect("a process"),
        },
        ["await-end", process] => Call::Await {
            processes: vec![process.parse().expect("a process")],
        },
        _ => panic!("no call: {text}"),
    }
}

fn flock(fd: Fd, operation: Flock) -> Call {
    Call::Flock { fd, operation }
}

fn record(fd: Fd, operation: RecordLock) -> Call {
    Call::RecordLock { fd, operation }
}
