//! What becomes of inode numbers: scripts in which files are created and removed, and which of them get the number of an
//! earlier one.
//!
//! Deliberately asks only which numbers are equal: others create files on the same file system meanwhile, so that a number
//! may be given to them first.

use std::path::PathBuf;

use onewinner_core::fs::call::{Call, Value};
use onewinner_core::fs::{Fd, Mode, OpenFlags};
use onewinner_core::id::ProcessId;

use super::world::World;

/// Calls of P0, as short texts; between them it looks which number each new file got.
pub(crate) const SCRIPTS: &[(&str, Pattern)] = &[
    ("open a; close 0; unlink a; open b", Pattern::Reused),
    ("open a; unlink a; open b", Pattern::New),
    ("open a; close 0; open b", Pattern::New),
    ("open a; unlink a; close 0; open b", Pattern::Reused),
    ("open a; close 0; link a c; unlink a; open b", Pattern::New),
    ("open a; close 0; link a c; unlink a; unlink c; open b", Pattern::Reused),
    ("open a; close 0; open t; close 0; rename t a; open b", Pattern::Reused),
    ("open a; open t; rename t a; open b", Pattern::New),
    ("open a; read a; unlink a; close 0; open b", Pattern::New),
    ("open a; read a; unlink a; close 0; close 1; open b", Pattern::Reused),
    (
        "open a; close 0; unlink a; symlink s; unlink s; open b",
        Pattern::Reused,
    ),
    (
        "open a; close 0; symlink s; unlink a; rename-new s t; open b",
        Pattern::Reused,
    ),
];

/// Whether the file `b` gets the number that `a` had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// It may.
    Reused,
    /// It never does: the number is still in use.
    New,
}

/// Plays a script; whether `b` got the number that `a` had.
pub(crate) fn play(world: &mut impl World, script: &str) -> Pattern {
    let process = ProcessId(0);
    let mut numbers = Vec::new();
    for text in script.split("; ") {
        let call = call(text);
        world.perform(process, &call).expect("the scripts fail nowhere");
        if let (Call::Open { path, .. }, "open a" | "open b") = (&call, text) {
            let looked = world.perform(process, &Call::Stat { path: path.clone() });
            let Ok(Value::Stat(stat)) = looked else {
                panic!("{text} made no file: {looked:?}");
            };
            numbers.push(stat.inode());
        }
    }
    match numbers[..] {
        [a, b] if a == b => Pattern::Reused,
        [_, _] => Pattern::New,
        _ => panic!("{script} creates a and b"),
    }
}

fn call(text: &str) -> Call {
    let words: Vec<&str> = text.split(' ').collect();
    let path = |name: &str| PathBuf::from(format!("/{name}"));
    match words[..] {
        ["open", name] => Call::Open {
            path: path(name),
            flags: OpenFlags::CREATE_NEW,
            mode: Mode::FILE,
        },
        ["read", name] => Call::Open {
            path: path(name),
            flags: OpenFlags::READ,
            mode: Mode::FILE,
        },
        ["close", number] => Call::Close {
            fd: Fd(number.parse().expect("a number")),
        },
        ["unlink", name] => Call::Unlink { path: path(name) },
        ["link", existing, new] => Call::Link {
            existing: path(existing),
            new: path(new),
        },
        ["symlink", name] => Call::Symlink {
            target: "nowhere".into(),
            path: path(name),
        },
        ["rename-new", from, to] => Call::RenameNew {
            from: path(from),
            to: path(to),
        },
        ["rename", from, to] => Call::Rename {
            from: path(from),
            to: path(to),
        },
        _ => panic!("no call: {text}"),
    }
}
