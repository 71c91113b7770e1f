//! `onewinner race`: real processes, released together.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use super::arguments::{self, Workload};
use super::output::{Files, Output, Save};
use onewinner_check::{Allowance, Backend, Plan};
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};
use onewinner_core::verdict::Exit;
use onewinner_linux::race::{Alignment, Mode, RaceOptions};

/// What is raced, where, and how.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    subject: arguments::Subject,
    /// How many processes.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value = "16", value_parser = arguments::processes, allow_negative_numbers = true)]
    processes: usize,
    /// How many times they meet, each time at a lock that no round has used.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = arguments::meetings, allow_negative_numbers = true)]
    rounds: u64,
    /// The most time, in seconds; what was counted until then is reported.
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds, allow_negative_numbers = true)]
    time: Option<Duration>,
    /// The directory to race in, on the file system in question; without it, the temporary directory. Given again, another
    /// mount of the same store: process i works by way of the i mod k-th.
    #[arg(long, value_name = "DIRECTORY")]
    dir: Vec<PathBuf>,
    /// Hold every process at each call until all have come to theirs.
    #[arg(long)]
    align: bool,
    /// Whether each process waits a random time first, so that their attempts meet in every alignment.
    #[arg(long, value_name = "WHEN", default_value = "auto", conflicts_with = "align")]
    delays: Delays,
    /// Fork anew for each round.
    #[arg(long)]
    fresh: bool,
    /// Let threads of one process contend.
    #[arg(long, conflicts_with = "fresh")]
    threads: bool,
    /// What a winner does before it releases; without it, winners hold until all have answered.
    #[arg(long, value_name = "NAME")]
    workload: Option<Workload>,
    /// How long one operation may take before its process counts as hung, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = arguments::seconds, allow_negative_numbers = true)]
    worker_time: Duration,
}

/// When processes wait a random time.
#[derive(Clone, Copy, ValueEnum)]
enum Delays {
    /// When there is a CPU for each process: otherwise those that wait keep others from running.
    Auto,
    /// Always.
    Always,
    /// Never: all is left to the start line and to chance.
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
            Delays::Auto => Alignment::of_few(arguments.processes),
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
        arguments.subject.claimed.expect.into(),
        &Files {
            save: Save::Nowhere,
            page: None,
        },
        Allowance::ForEach { jobs: 1 },
        interrupted,
    )
}
