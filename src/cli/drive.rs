//! `onewinner drive LOCK PATH`: a shipped lock as a driver, in a process of its own, and nothing of the harness about it.
//!
//! It speaks as `backend/traced/answers.rs` says, so that the lines of `replay --strace` have a program to run.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::arguments::{Lock, locks};
use crate::fs::real::RealFs;
use crate::primitive::AcquireError;
use crate::verdict::Exit;

/// What is locked, and how.
#[derive(Args)]
pub(super) struct Arguments {
    /// The lock; `onewinner list` names them.
    #[arg(value_name = "LOCK", value_parser = locks())]
    lock: Lock,
    /// Where the lock is.
    #[arg(value_name = "PATH")]
    path: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (fs, lock) = (RealFs::new(), arguments.lock.0);
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

fn say(line: &str) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(Exit::AsClaimed)
}
