//! `onewinner drive LOCK PATH`: run a lock that comes with onewinner as a driver, in a process of its own.
//!
//! It follows the driver protocol, so that the script of `replay --strace` has a program to run.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::arguments::{Lock, locks};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::AcquireError;
use onewinner_core::verdict::Exit;
use onewinner_linux::real_fs::{Peers, RealFs};

/// The arguments of `drive`.
#[derive(Args)]
pub(super) struct Arguments {
    /// A lock that comes with onewinner; see `onewinner list`.
    #[arg(value_name = "LOCK", value_parser = locks())]
    lock: Lock,
    /// The path of the lock.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Which contender this is: some locks write it into their files or use it in file names.
    #[arg(long = "as", value_name = "PROCESS", default_value = "P0")]
    process: ProcessId,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (fs, lock) = (RealFs::of(arguments.process, peers()), arguments.lock.0);
    let held = match lock.try_acquire(&fs, &arguments.path) {
        Ok(held) => held,
        Err(AcquireError::Busy) => return print("busy"),
        Err(AcquireError::Failed(error)) => return print(&format!("error {error}")),
    };
    print("acquired")?;
    // `release`, or the end of the input.
    io::stdin().lock().read_line(&mut String::new())?;
    match lock.release(&fs, &arguments.path, held) {
        Ok(()) => print("released"),
        Err(error) => print(&format!("error {error}")),
    }
}

/// The driver does not know the other contenders: it takes each as alive, except the one that left a stale lock.
fn peers() -> Peers {
    let own = std::process::id().cast_signed();
    Peers::new(move |process| (process != ProcessId::GONE).then_some(own))
}

fn print(line: &str) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(Exit::AsClaimed)
}
