//! The command line: the only place that knows arguments, standard output and exit codes.
//!
//! One file for each subcommand. A command returns its [`Exit`] or an error; an error is a wrong use (exit code 2).

mod arguments;
mod confirm;
mod doctor;
mod explore;
mod list;
mod model;
mod output;
#[cfg(feature = "kernel")]
mod race;
mod replay;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Parser, Subcommand};

use crate::verdict::Exit;
use output::Output;

/// Settles whether a file lock lets exactly one process in.
///
/// Without a command: `confirm`.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: arguments::Common,
}

const EXIT_CODES: &str = "Exit codes: 0 as claimed · 1 not as claimed · 2 wrong use · 3 inconclusive · 101 a bug in onewinner · \
                          130 interrupted. The claim is `exactly one winner`, unless --expect says otherwise.";

#[derive(Subcommand)]
enum Command {
    /// Confirm, in every world, that stat-then-write lets several in and create-new exactly one.
    Confirm,
    /// List the lock primitives.
    List,
    /// Run a lock under loom: every schedule of a few contenders, on the modelled file system.
    Model(model::Arguments),
    /// Race real processes against each other, on the kernel's file system.
    #[cfg(feature = "kernel")]
    Race(race::Arguments),
    /// Search the interleavings of system calls.
    Explore(explore::Arguments),
    /// Replay a counterexample: exit 1 when the violation shows again, 0 when not, 3 when the calls differ.
    Replay(replay::Arguments),
    /// Tell what this machine can do, and what to change.
    Doctor(doctor::Arguments),
}

/// Why a command could not do its work.
type Failure = Box<dyn std::error::Error>;

/// Runs the command that the arguments ask for.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(&cli) {
        Ok(exit) => exit.code().into(),
        // Whoever reads our output has seen enough: `onewinner list | head -1`.
        Err(failure) if is_broken_pipe(&*failure) => Exit::AsClaimed.code().into(),
        Err(failure) => {
            anstream::eprintln!(
                "{}error:{} {failure}",
                output::ERROR.render(),
                output::ERROR.render_reset()
            );
            Exit::Usage.code().into()
        }
    }
}

fn dispatch(cli: &Cli) -> Result<Exit, Failure> {
    let interrupted = interruptible()?;
    let output = Output::new(&cli.common);
    match &cli.command {
        None | Some(Command::Confirm) => confirm::run(&output, &interrupted),
        Some(Command::List) => list::run(&output),
        Some(Command::Model(arguments)) => model::run(arguments, &output, &interrupted),
        #[cfg(feature = "kernel")]
        Some(Command::Race(arguments)) => race::run(arguments, &output, &interrupted),
        Some(Command::Explore(arguments)) => explore::run(arguments, &output, &interrupted),
        Some(Command::Replay(arguments)) => replay::run(arguments, &output),
        Some(Command::Doctor(arguments)) => doctor::run(arguments, &output),
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    failure.downcast_ref::<io::Error>().is_some_and(broken)
}

/// A flag that Ctrl-C and SIGTERM set; a second one ends the command at once.
fn interruptible() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    #[cfg(feature = "kernel")]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let code = i32::from(Exit::Interrupted.code());
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&interrupted))?;
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}
