//! Call sequences from bytes: one decoder for proptest and for the fuzzer.
//!
//! A step is a record of [`WIDTH`] bytes that mean the same at any position. So removing a record removes one call,
//! lowering a byte makes a call plainer, and both shrink well. Does not depend on what a call does.

use std::fmt;
use std::path::PathBuf;

use onewinner_core::fs::call::Call;
use onewinner_core::fs::{AccessMode, Create, Fd, Flock, Mode, OpenFlags, RecordLock};
use onewinner_core::id::ProcessId;

/// How many bytes make a step: process, operation, three arguments.
pub(crate) const WIDTH: usize = 5;

/// How many processes there are; a sequence need not use them all, and the first does most, or none would do much.
pub(crate) const PROCESSES: u8 = 3;

/// Names that are mostly files, so that a file is opened and linked again and again.
const FILES: &[&str] = &["/a", "/b", "/d/a", "/d/e/b"];

/// Names that are mostly directories, one within another.
const DIRECTORIES: &[&str] = &["/d", "/d/e", "/e"];

/// Paths that Linux reads in an order of its own: below files, up and down, unnamed, with a slash behind.
///
/// `/` is not among them, because on the kernel it is a directory that has a name; conformance.rs asks the real
/// root instead.
const ODD: &[&str] = &[
    "/a/b",
    "/d/a/b",
    "/d/../a",
    "/d/e/../a",
    "/d/e/../../b",
    "/a/../b",
    "/./a",
    "//d//a",
    "/.",
    "/./",
    "/d/.",
    "/d/..",
    "/d/e/./",
    "/d/e/..",
    "/a/.",
    "/a/..",
    "/a/",
    "/b/",
    "/d/",
    "/d//",
    "/d/a/",
    "/d/e/",
    "/f/",
    "/absent/a",
    "",
];

/// Targets of symbolic links. Each leads to some name below the link's own directory, through other links too, so that no path
/// climbs above the root: the kernel's is no root.
const TARGETS: &[&str] = &[
    "a", "b", "d", "e", "d/a", "d/e", "e/b", "./a", "d//e", "d/e/../a", "a/", "d/", "absent", "absent/a", "",
];

/// One call of one process.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) process: ProcessId,
    pub(crate) call: Call,
}

impl From<[u8; WIDTH]> for Step {
    fn from([process, operation, first, second, third]: [u8; WIDTH]) -> Self {
        Self {
            process: ProcessId([0, 1, 0, 2, 0, 1][usize::from(process % 6)]),
            call: call(operation, first, second, third),
        }
    }
}

/// As a line of a trace, so that a failure reads as a program.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.process, self.call)
    }
}

fn call(operation: u8, first: u8, second: u8, third: u8) -> Call {
    match operation % 40 {
        0..=4 => Call::Open {
            path: path(FILES, first),
            flags: flags(second),
            mode: [Mode::FILE, Mode(0o600), Mode(0o666)][usize::from(third % 3)],
        },
        5 | 6 => Call::Mkdir {
            path: path(DIRECTORIES, first),
            mode: [Mode::DIRECTORY, Mode(0o700)][usize::from(second % 2)],
        },
        7..=9 => Call::Write {
            fd: fd(first),
            bytes: vec![b'a' + third % 26; length(second)],
        },
        10 => Call::Read {
            fd: fd(first),
            length: length(second),
        },
        11 => Call::Stat {
            path: path(FILES, first),
        },
        12 => Call::Fstat { fd: fd(first) },
        13 => Call::Close { fd: fd(first) },
        14 => Call::Unlink {
            path: path(FILES, first),
        },
        15 | 16 => Call::Link {
            existing: path(FILES, first),
            new: path(FILES, second),
        },
        17 => Call::Rename {
            from: path(FILES, first),
            to: path(FILES, second),
        },
        18 => Call::Rename {
            from: path(DIRECTORIES, first),
            to: path(DIRECTORIES, second),
        },
        19 => Call::Rmdir {
            path: path(DIRECTORIES, first),
        },
        // None that waits: with one call at a time it would wait for ever.
        20..=22 => Call::Flock {
            fd: fd(first),
            operation: [Flock::TryExclusive, Flock::TryShared, Flock::Unlock][usize::from(second % 3)],
        },
        23 => Call::Alive {
            process: [ProcessId(first % PROCESSES), ProcessId::GONE][usize::from(first / 128)],
        },
        24..=26 => Call::Symlink {
            target: TARGETS[usize::from(second) % TARGETS.len()].into(),
            path: path([FILES, DIRECTORIES][usize::from(third % 2)], first),
        },
        27 => Call::Readlink {
            path: path(FILES, first),
        },
        28..=30 => Call::RecordLock {
            fd: fd(first),
            operation: record_lock(second),
        },
        31..=33 => Call::OfdLock {
            fd: fd(first),
            operation: record_lock(second),
        },
        34 => Call::RenameNew {
            from: path(FILES, first),
            to: path(FILES, second),
        },
        35 => Call::RenameNew {
            from: path(DIRECTORIES, first),
            to: path(DIRECTORIES, second),
        },
        36 => Call::Expire {
            path: path(FILES, first),
        },
        37 => Call::Stat {
            path: path(DIRECTORIES, first),
        },
        38 => Call::Mkdir {
            path: path(DIRECTORIES, first),
            mode: Mode::DIRECTORY,
        },
        // Seldom: it undoes much.
        _ if second < 64 => Call::Exit,
        _ => Call::Close { fd: fd(first) },
    }
}

fn record_lock(byte: u8) -> RecordLock {
    [RecordLock::TryExclusive, RecordLock::TryShared, RecordLock::Unlock][usize::from(byte % 3)]
}

/// Most often one of the likely names, or calls would seldom meet; sometimes a file for a directory or the other way
/// round, and sometimes an odd path.
fn path(likely: &[&str], byte: u8) -> PathBuf {
    let byte = usize::from(byte);
    match byte {
        0..160 => likely[byte % likely.len()].into(),
        160..184 => FILES[byte % FILES.len()].into(),
        184..208 => DIRECTORIES[byte % DIRECTORIES.len()].into(),
        208 => format!("/{}", "n".repeat(255)).into(),
        209 => format!("/{}", "n".repeat(256)).into(),
        210 => format!("/{}/a", "n".repeat(256)).into(),
        211 => format!("/d/{}/", "n".repeat(256)).into(),
        212 => "/a".repeat(2048).into(),
        _ => ODD[byte % ODD.len()].into(),
    }
}

/// Every combination of flags; creating ones first, because nothing else succeeds in an empty tree.
fn flags(byte: u8) -> OpenFlags {
    OpenFlags {
        append: byte % 3 == 1,
        truncate: byte / 3 % 4 == 1,
        access: [AccessMode::ReadWrite, AccessMode::Write, AccessMode::Read][usize::from(byte / 12 % 3)],
        create: [Create::IfAbsent, Create::Never, Create::IfAbsent, Create::Exclusively][usize::from(byte / 36 % 4)],
    }
}

/// Descriptors that are mostly open, and some that are stale or never were.
fn fd(byte: u8) -> Fd {
    Fd(match byte {
        0..128 => 0,
        128..224 => u32::from(byte % 3),
        224..250 => u32::from(byte % 8),
        _ => u32::MAX - u32::from(byte % 2),
    })
}

/// Lengths around nothing, one, a few, and a page.
fn length(byte: u8) -> usize {
    [1, 3, 0, 2, 7, 16, 4095, 5000][usize::from(byte % 8)]
}
