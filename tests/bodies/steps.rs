//! Call sequences from bytes: one decoder for proptest and for the fuzzer.
//!
//! A step is a record of [`WIDTH`] bytes that mean the same wherever it stands. So removing a record removes one call,
//! lowering a byte makes a call plainer, and both shrink well. Deliberately knows nothing of what a call does.

use std::fmt;
use std::path::PathBuf;

use onewinner::fs::call::Call;
use onewinner::fs::{AccessMode, Create, Fd, Mode, OpenFlags};
use onewinner::id::ProcessId;

/// How many bytes make a step: process, operation, three arguments.
pub(crate) const WIDTH: usize = 5;

/// How many processes there are; a sequence need not use them all.
pub(crate) const PROCESSES: u8 = 3;

/// Names that meet often. Each is a file in one sequence, a directory in another, and absent in a third.
const PLAIN: &[&str] = &["/a", "/b", "/d", "/d/a", "/d/e", "/d/e/b"];

/// Paths that Linux reads in an order of its own: below files, up and down, unnamed, with a slash behind.
///
/// `/` is not among them, because it stands for a directory that has a name in the kernel; conformance.rs asks the real
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

/// One call of one process.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) process: ProcessId,
    pub(crate) call: Call,
}

impl From<[u8; WIDTH]> for Step {
    fn from([process, operation, first, second, third]: [u8; WIDTH]) -> Self {
        Self {
            process: ProcessId(process % PROCESSES),
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
    match operation % 16 {
        0..=3 => Call::Open {
            path: path(first),
            flags: flags(second),
            mode: [Mode::FILE, Mode(0o600), Mode(0o666)][usize::from(third % 3)],
        },
        4 => Call::Mkdir {
            path: path(first),
            mode: [Mode::DIRECTORY, Mode(0o700)][usize::from(second % 2)],
        },
        5 | 6 => Call::Write {
            fd: fd(first),
            bytes: vec![b'a' + third % 26; length(second)],
        },
        7 => Call::Read {
            fd: fd(first),
            length: length(second),
        },
        8 => Call::Stat { path: path(first) },
        9 => Call::Fstat { fd: fd(first) },
        10 => Call::Close { fd: fd(first) },
        11 => Call::Unlink { path: path(first) },
        12 => Call::Link {
            existing: path(first),
            new: path(second),
        },
        13 | 14 => Call::Rename {
            from: path(first),
            to: path(second),
        },
        _ => Call::Rmdir { path: path(first) },
    }
}

/// A plain path for three bytes of four, or the names would seldom meet.
fn path(byte: u8) -> PathBuf {
    let byte = usize::from(byte);
    if byte < 192 {
        return PLAIN[byte % PLAIN.len()].into();
    }
    match (byte - 192) % (ODD.len() + 5) {
        0 => format!("/{}", "n".repeat(255)).into(),
        1 => format!("/{}", "n".repeat(256)).into(),
        2 => format!("/{}/a", "n".repeat(256)).into(),
        3 => format!("/d/{}/", "n".repeat(256)).into(),
        4 => "/a".repeat(2048).into(),
        odd => ODD[odd - 5].into(),
    }
}

/// Every combination of flags; creating ones first, because nothing else succeeds in an empty tree.
fn flags(byte: u8) -> OpenFlags {
    OpenFlags {
        create: [Create::IfAbsent, Create::Exclusively, Create::Never][usize::from(byte % 3)],
        access: [AccessMode::ReadWrite, AccessMode::Write, AccessMode::Read][usize::from(byte / 3 % 3)],
        truncate: byte / 9 % 4 == 1,
        append: byte / 36 % 4 == 1,
    }
}

/// Descriptors that are mostly open, and some that are stale or never were.
fn fd(byte: u8) -> Fd {
    Fd(match byte {
        0..192 => u32::from(byte % 3),
        192..250 => u32::from(byte % 8),
        _ => u32::MAX - u32::from(byte % 2),
    })
}

/// Lengths around nothing, one, a few, and a page.
fn length(byte: u8) -> usize {
    [1, 3, 0, 2, 7, 16, 4095, 5000][usize::from(byte % 8)]
}
