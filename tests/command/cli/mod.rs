//! The command line as users see it: the built binary, its exit codes, and every byte that it prints.
//!
//! Each command runs in a temporary directory, which is also its `TMPDIR`, so that the tests see what it leaves behind.
//! Long runs are ignored tests: `cargo test --test command cli:: -- --ignored`.

mod bench;
pub(crate) mod command;
mod directories;
mod exits;
mod hangs;
mod help;
mod jobs;
mod json;
mod kills;
mod programs;
mod replays;
mod signals;
mod snapshots;
mod strace;
mod streams;
mod traced;
mod wrong_use;

use crate::harness::{Test, modules};

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    modules![
        bench,
        directories,
        exits,
        hangs,
        help,
        jobs,
        json,
        kills,
        programs,
        replays,
        signals,
        snapshots,
        strace,
        streams,
        traced,
        wrong_use
    ]
}
