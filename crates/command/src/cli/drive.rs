//! `onewinner drive LOCK PATH`: a shipped lock as a driver, in a process of its own, and nothing of the harness about it.
//!
//! It speaks as `crates/linux/src/tracer/channel/driver_protocol.rs` says, so that the lines of `replay --strace` have a program to run.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::arguments::{Lock, locks};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::AcquireError;
use onewinner_core::verdict::Exit;
use onewinner_linux::real_fs::{Peers, RealFs};

/// What is locked, and how.
#[derive(Args)]
pub(super) struct Arguments {
    /// The lock; `onewinner list` names them.
    #[arg(value_name = "LOCK", value_parser = locks())]
    lock: Lock,
    /// Where the lock is.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Which contender it is: what stands in the records of locks, and in the names of their files.
    #[arg(long = "as", value_name = "PROCESS", default_value = "P0")]
    process: ProcessId,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (fs, lock) = (RealFs::of(arguments.process, peers()), arguments.lock.0);
    let held = match lock.try_acquire(&fs, &arguments.path) {
        Ok(held) => held,
        Err(AcquireError::Busy) => return say("busy"),
        Err(AcquireError::Failed(error)) => return say(&format!("error {error}")),
    };
    say("acquired")?;
    // `release`, or the end of the input.
    io::stdin().lock().read_line(&mut String::new())?;
    match lock.release(&fs, &arguments.path, held) {
        Ok(()) => say("released"),
        Err(error) => say(&format!("error {error}")),
    }
}

/// Nobody tells who else is there: whoever is asked about is taken to be, but for the one that left a stale lock.
fn peers() -> Peers {
    let own = std::process::id().cast_signed();
    Peers::new(move |process| (process != ProcessId::GONE).then_some(own))
}

fn say(line: &str) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(Exit::AsClaimed)
}
