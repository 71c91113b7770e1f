//! The command line as its users meet it: the built binary, its exit codes, and every byte it prints.
//!
//! Each command runs in a temporary directory that is its working and its temporary directory, so that what it leaves
//! behind is seen. The numbers that the issue asks for stand in the ignored tests: `cargo test --test cli -- --ignored`.

#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/command.rs"]
mod command;
#[path = "cli/directories.rs"]
mod directories;
#[path = "cli/exits.rs"]
mod exits;
#[path = "cli/jobs.rs"]
mod jobs;
#[path = "cli/json.rs"]
mod json;
#[path = "cli/kills.rs"]
mod kills;
#[path = "cli/programs.rs"]
mod programs;
#[path = "cli/replays.rs"]
mod replays;
#[path = "cli/signals.rs"]
mod signals;
#[path = "cli/snapshots.rs"]
mod snapshots;
#[path = "cli/strace.rs"]
mod strace;
#[path = "cli/streams.rs"]
mod streams;
#[path = "cli/traced.rs"]
mod traced;
#[path = "cli/wrong_use.rs"]
mod wrong_use;
