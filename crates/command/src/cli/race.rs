//! `onewinner race`: real processes that start each round together.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use super::arguments::{self, Workload, group};
use super::output::{Files, Output, Question, Save};
use onewinner_check::{Allowance, Backend, Plan};
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};
use onewinner_core::verdict::Exit;
use onewinner_linux::race::{Alignment, Mode, RaceOptions};

/// The group of the options that say how processes race.
const HOW: &str = "How to race";

/// The arguments of `race`.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    subject: arguments::Subject,
    /// Number of processes, 2 to 64.
    #[arg(short = 'n', long, value_name = "NUMBER", help_heading = group::WHAT, default_value = "16", value_parser = arguments::processes, allow_negative_numbers = true)]
    processes: usize,
    /// Number of races, each with a fresh lock.
    #[arg(long, value_name = "NUMBER", help_heading = group::WHAT, default_value_t = 1_000, value_parser = arguments::race_rounds, allow_negative_numbers = true)]
    rounds: u64,
    /// Time limit in seconds; the rounds completed until then count [default: none].
    #[arg(long, value_name = "SECONDS", help_heading = HOW, value_parser = arguments::seconds, allow_negative_numbers = true)]
    time: Option<Duration>,
    /// Directory to test [default: the temporary directory]; repeat it to divide the processes
    /// among several mounts of one directory.
    #[arg(long, value_name = "DIRECTORY", help_heading = group::WHAT)]
    dir: Vec<PathBuf>,
    /// Let the processes wait for each other before every system call: more collisions.
    #[arg(long, help_heading = HOW)]
    align: bool,
    /// Random delay before each attempt: always, never, or auto (if each process has a CPU).
    #[arg(long, value_name = "WHEN", help_heading = HOW, default_value = "auto", hide_possible_values = true, conflicts_with = "align")]
    delays: Delays,
    /// Fork new processes for each round.
    #[arg(long, help_heading = HOW)]
    fresh: bool,
    /// Let threads of one process contend instead of processes.
    #[arg(long, help_heading = HOW, conflicts_with = "fresh")]
    threads: bool,
    /// What a winner does before it releases: hub-sync, reopen or reenter [default: it holds the
    /// lock until all processes have answered].
    #[arg(long, value_name = "NAME", help_heading = group::WHAT, hide_possible_values = true)]
    workload: Option<Workload>,
    /// Seconds after which an unfinished operation counts as hung.
    #[arg(long, value_name = "SECONDS", help_heading = HOW, default_value = "10", value_parser = arguments::seconds, allow_negative_numbers = true)]
    worker_time: Duration,
}

/// When processes wait for a random time before an attempt.
#[derive(Clone, Copy, ValueEnum)]
enum Delays {
    /// If there is a CPU for each process: otherwise waiting processes take CPU time from the others.
    Auto,
    /// Always.
    Always,
    /// Never: only the common start and chance decide.
    Never,
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let scenario = match arguments.workload {
        None => Scenario::contend(arguments.processes),
        Some(workload) => Scenario {
            work: workload.into(),
            ..Scenario::cycle(arguments.processes, 1)
        },
    };
    let options = RaceOptions {
        rounds: arguments.rounds,
        time_limit: arguments.time,
        worker_limit: arguments.worker_time,
        directories: arguments.dir.clone(),
        alignment: match arguments.delays {
            _ if arguments.align => Alignment::Aligned,
            Delays::Always => Alignment::Delayed,
            Delays::Auto => Alignment::default_for(arguments.processes),
            Delays::Never => Alignment::Natural,
        },
        mode: match (arguments.fresh, arguments.threads) {
            (true, _) => Mode::Fresh,
            (false, true) => Mode::Threads,
            (false, false) => Mode::LiveWorkers,
        },
        ..RaceOptions::new(scenario.clone())
    };
    let plan = Plan {
        subject: Subject::Primitive(arguments.subject.lock.0),
        scenario,
        fault_sweep: FaultSweep::Nothing,
        backend: Backend::Race(options),
        seed: output.seed,
        judged: Judging::All,
    };
    output.judge(
        "race",
        &[plan],
        Question::of(arguments.subject.claimed.expect.into()),
        &Files {
            save: Save::Nowhere,
            page: None,
        },
        Allowance::ForEach { jobs: 1 },
        interrupted,
    )
}
