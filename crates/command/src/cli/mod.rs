//! The command line: the only place that knows arguments, standard output and exit codes.
//!
//! One file for each subcommand. A command returns its [`Exit`] or an error; an error is a wrong use (exit code 2).

mod arguments;
mod bench;
mod confirm;
mod doctor;
mod drive;
mod explore;
mod failure;
mod gate;
mod list;
mod matrix;
mod model;
mod output;
mod page;
mod race;
mod replay;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Parser, Subcommand};

use failure::Failure;
use onewinner_core::verdict::Exit;
use output::Output;

/// Checks whether a file lock really lets only one process in.
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
    /// List the lock primitives, and with --verdicts what holds of each.
    List(list::Arguments),
    /// Run a lock under loom: every schedule of a few contenders, on the modelled file system.
    Model(model::Arguments),
    /// Race real processes against each other, on the kernel's file system.
    Race(race::Arguments),
    /// Race locks in many directories, and measure what they cost there.
    Matrix(matrix::Arguments),
    /// Search the interleavings of system calls.
    Explore(explore::Arguments),
    /// Put the claims of spec files to the proof, as a gate for CI.
    Gate(gate::Arguments),
    /// Measure what an acquisition costs; judges nothing.
    Bench(bench::Arguments),
    /// Replay a counterexample: exit 1 when the violation shows again, 0 when not, 3 when the calls differ.
    Replay(replay::Arguments),
    /// Tell what this machine can do, and what to change.
    Doctor(doctor::Arguments),
    /// Acquire and release one lock, as a driver; for the lines of `replay --strace`.
    #[command(hide = true)]
    Drive(drive::Arguments),
}

/// Runs the command that the arguments ask for.
pub fn run() -> ExitCode {
    // Before anything else: a worker is no command of a person, and wants no signal handlers.
    if std::env::args_os().skip(1).eq([onewinner_linux::tracer::WORKER]) {
        return onewinner_linux::tracer::serve();
    }
    if std::env::args_os().skip(1).eq([crate::matrix::WORKER]) {
        return crate::matrix::serve();
    }
    if std::env::args_os().skip(1).eq([crate::matrix::COSTS_WORKER]) {
        return crate::matrix::serve_costs();
    }
    if std::env::args_os()
        .skip(1)
        .eq([onewinner_linux::tracer::channel::pipes::HOLD])
    {
        let held = onewinner_linux::tracer::channel::pipes::hold();
        return ExitCode::from(u8::from(held.is_err()));
    }
    let exit = match Cli::try_parse() {
        Ok(cli) => dispatch(&cli).unwrap_or_else(|failure| {
            // Whoever reads our output has seen enough: `onewinner list | head -1`.
            if is_broken_pipe(&*failure) {
                return cli.unread();
            }
            complain(&failure.to_string());
            Exit::Usage
        }),
        Err(error) => refuse(&error),
    };
    exit.code().into()
}

/// Help and version as clap prints them; a wrong use in one line, because that is what a log keeps.
fn refuse(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        return match error.print() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Usage,
            Ok(()) | Err(_) => Exit::AsClaimed,
        };
    }
    complain(&one_line(&error.to_string()));
    Exit::Usage
}

/// What clap says in several lines, without the synopsis.
fn one_line(text: &str) -> String {
    let mut said = String::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in lines.filter(|line| !line.starts_with("Usage:")) {
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let glue = if line.starts_with(['[', '<', '-']) || said.is_empty() || said.ends_with(':') {
            " "
        } else {
            "; "
        };
        said.push_str(glue);
        said.push_str(match line {
            "For more information, try '--help'." => "try `--help`",
            other => other,
        });
    }
    said.trim_start().to_owned()
}

/// One line on standard error, if somebody takes it.
fn complain(text: &str) {
    let (begin, end) = (output::ERROR.render(), output::ERROR.render_reset());
    let mut out = anstream::AutoStream::auto(io::stderr().lock());
    // A closed standard error must not change the exit code.
    let _unread = writeln!(out, "{begin}error:{end} {text}");
}

impl Cli {
    /// The exit when nobody reads the output to its end. A verdict that was not delivered is no pass.
    fn unread(&self) -> Exit {
        match &self.command {
            Some(Command::List(_) | Command::Doctor(_)) => Exit::AsClaimed,
            Some(Command::Bench(_)) => Exit::AsClaimed,
            _ => Exit::Inconclusive,
        }
    }
}

fn dispatch(cli: &Cli) -> Result<Exit, Failure> {
    let interrupted = interruptible()?;
    let output = Output::new(&cli.common);
    match &cli.command {
        None | Some(Command::Confirm) => confirm::run(&output, &interrupted),
        Some(Command::List(arguments)) => list::run(arguments, &output, &interrupted),
        Some(Command::Model(arguments)) => model::run(arguments, &output, &interrupted),
        Some(Command::Race(arguments)) => race::run(arguments, &output, &interrupted),
        Some(Command::Matrix(arguments)) => matrix::run(arguments, &output, &interrupted),
        Some(Command::Explore(arguments)) => explore::run(arguments, &output, &interrupted),
        Some(Command::Gate(arguments)) => gate::run(arguments, &output, &interrupted),
        Some(Command::Bench(arguments)) => bench::run(arguments, &output, &interrupted),
        Some(Command::Replay(arguments)) => replay::run(arguments, &output),
        Some(Command::Doctor(arguments)) => doctor::run(arguments, &output),
        Some(Command::Drive(arguments)) => drive::run(arguments),
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    failure.downcast_ref::<io::Error>().is_some_and(broken)
}

/// A flag that Ctrl-C, SIGTERM and the end of the terminal set; a second one ends the command at once.
fn interruptible() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        // Whoever started it by nohup(1) wants it to go on.
        if signal == signal_hook::consts::SIGHUP && onewinner_linux::sys::process::outlives_its_terminal() {
            continue;
        }
        let code = i32::from(Exit::Interrupted.code());
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&interrupted))?;
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_use_is_one_line_that_says_what_to_do() {
        for (arguments, line) in [
            (
                "race nolock",
                "invalid value 'nolock' for '<LOCK>': no lock is called that; `onewinner list` names them; try `--help`",
            ),
            (
                "modle",
                "unrecognized subcommand 'modle'; tip: a similar subcommand exists: 'model'; try `--help`",
            ),
            (
                "race",
                "the following required arguments were not provided: <LOCK>; try `--help`",
            ),
        ] {
            let words = ["onewinner"].into_iter().chain(arguments.split(' '));
            let Err(error) = Cli::try_parse_from(words) else {
                panic!("{arguments} is accepted")
            };
            assert_eq!(one_line(&error.to_string()), line);
        }
    }
}
