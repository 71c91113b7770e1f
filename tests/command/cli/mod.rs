//! The command line as its users meet it: the built binary, its exit codes, and every byte it prints.
//!
//! Each command runs in a temporary directory that is its working and its temporary directory, so that what it leaves
//! behind is seen. The numbers that the issue asks for stand in the ignored tests: `cargo test --test command cli:: -- --ignored`.

mod bench;
mod command;
mod directories;
mod exits;
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
