//! The command line: the only module that knows arguments, standard output and exit codes.
//!
//! Each subcommand has a file. A command returns its [`Exit`] or an error; an error means wrong use (exit code 2).

mod arguments;
mod bench;
mod confirm;
mod doctor;
mod drive;
mod examples;
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

use clap::{ArgAction, Parser, Subcommand};

use failure::Failure;
use onewinner_core::verdict::Exit;
use output::Output;

/// Checks whether a file lock really lets only one process in.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = examples::ALL)]
#[command(disable_help_flag = true, disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: arguments::Common,
    /// Print the version.
    #[arg(short = 'V', long, help_heading = arguments::group::GENERAL, display_order = 902, action = ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Subcommand)]
enum Command {
    /// Check a broken and a correct lock, each in four ways (the default command).
    #[command(after_help = examples::CONFIRM)]
    Confirm,
    /// Check a lock or your program in every order of system calls that can change the result.
    #[command(after_help = examples::EXPLORE)]
    Explore(explore::Arguments),
    /// Let real processes race for a lock, many times.
    #[command(after_help = examples::RACE)]
    Race(race::Arguments),
    /// Run a saved counterexample again.
    #[command(after_help = examples::REPLAY)]
    Replay(replay::Arguments),
    /// List the locks that come with onewinner.
    #[command(after_help = examples::LIST)]
    List(list::Arguments),
    /// Check what this machine supports and how to fix it.
    #[command(after_help = examples::DOCTOR)]
    Doctor(doctor::Arguments),
    /// Check the claims in spec files, for CI.
    #[command(after_help = examples::GATE)]
    Gate(gate::Arguments),
    /// Test many locks in many directories and file systems.
    #[command(after_help = examples::MATRIX)]
    Matrix(matrix::Arguments),
    /// Measure what an acquisition costs.
    #[command(after_help = examples::BENCH)]
    Bench(bench::Arguments),
    /// Check a lock with the model checker loom, on a simulated file system.
    #[command(after_help = examples::MODEL)]
    #[command(mut_arg("processes", |argument| argument.help("Number of processes, 2 to 5 [default: 2]")))]
    #[command(mut_arg("workload", |argument| argument.help("What a winner does: hub-sync, reopen or reenter")))]
    Model(model::Arguments),
    /// Acquire and release one lock as a driver; used by the script of `replay --strace`.
    #[command(hide = true)]
    Drive(drive::Arguments),
}

/// Runs the command given by the arguments of the process.
pub fn run() -> ExitCode {
    // First: worker processes take no arguments of users and no signal handlers.
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
            // The reader closed the pipe, as in `onewinner list | head -1`.
            if is_broken_pipe(&*failure) {
                return cli.unread();
            }
            print_error(&failure.to_string());
            Exit::Usage
        }),
        Err(error) => usage_exit(&error),
    };
    exit.code().into()
}

/// Prints help and version as clap does, and wrong use in one line, which suits logs.
fn usage_exit(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        return match error.print() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                print_error(&output::unwritten(&error).to_string());
                Exit::Usage
            }
            Ok(()) | Err(_) => Exit::AsClaimed,
        };
    }
    print_error(&one_line(&error.to_string()));
    Exit::Usage
}

/// Joins the lines of an error of clap, without the synopsis.
fn one_line(text: &str) -> String {
    let mut joined = String::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in lines.filter(|line| !line.starts_with("Usage:")) {
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let glue = if line.starts_with(['[', '<', '-']) || joined.is_empty() || joined.ends_with(':') {
            " "
        } else {
            "; "
        };
        joined.push_str(glue);
        joined.push_str(match line {
            "For more information, try '--help'." => "try `--help`",
            other => other,
        });
    }
    joined.trim_start().to_owned()
}

/// Prints one line on standard error.
fn print_error(text: &str) {
    let (begin, end) = (output::ERROR.render(), output::ERROR.render_reset());
    let mut out = anstream::AutoStream::auto(io::stderr().lock());
    // A closed standard error must not change the exit code.
    let _closed = writeln!(out, "{begin}error:{end} {text}");
}

impl Cli {
    /// The exit if the reader closes the output early. A verdict that was not delivered does not count as a pass.
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
        Some(Command::Replay(arguments)) => replay::run(arguments, &output, &interrupted),
        Some(Command::Doctor(arguments)) => doctor::run(arguments, &output),
        Some(Command::Drive(arguments)) => drive::run(arguments),
    }
}

fn is_broken_pipe(failure: &(dyn std::error::Error + 'static)) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    failure.downcast_ref::<io::Error>().is_some_and(broken)
}

/// Returns a flag that SIGINT, SIGTERM and SIGHUP set. A second signal ends the command immediately.
fn interruptible() -> io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        // Under nohup(1) the command survives its terminal.
        if signal == signal_hook::consts::SIGHUP && onewinner_linux::sys::process::ignores_hangup() {
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
    use clap::CommandFactory;

    /// The example lines of a help text, as words.
    fn examples(command: &clap::Command) -> Vec<Vec<String>> {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = text.lines().filter(|line| line.starts_with("  onewinner"));
        lines
            .map(|line| shlex::split(line).expect("quotes are closed"))
            .collect()
    }

    #[test]
    fn the_examples_of_each_help_are_accepted() {
        let command = Cli::command();
        let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
        for command in commands.chain([&command]) {
            let examples = examples(command);
            assert!(examples.len() >= 2, "{}", command.get_name());
            for example in examples {
                let parsed = Cli::try_parse_from(&example);
                assert!(parsed.is_ok(), "{example:?}: {}", parsed.err().expect("an error"));
            }
        }
    }

    #[test]
    fn a_wrong_use_is_one_line_that_says_what_to_do() {
        for (arguments, line) in [
            (
                "race nolock",
                "invalid value 'nolock' for '<LOCK>': there is no lock of this name; `onewinner list` prints the names; try `--help`",
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
