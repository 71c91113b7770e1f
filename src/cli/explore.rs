//! `onewinner explore`: the interleavings of system calls.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use super::arguments::{self, What};
use super::output::{Output, Save};
use crate::check::{Plan, World, preset};
use crate::explore::{Limits, Strategy};
use crate::scenario::{Subject, Vary};
use crate::verdict::Exit;

/// What is explored, and how far.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    subject: arguments::Subject,
    #[command(flatten)]
    what: What,
    /// Two attempt, and one call of the first fails: each call in turn, with each of four errors.
    #[arg(long, conflicts_with_all = ["scenario", "processes", "rounds", "workload"])]
    errors: bool,
    /// The world to explore.
    #[arg(long, value_name = "NAME", default_value = "sim")]
    backend: Backend,
    /// How schedules are chosen.
    #[arg(long, value_name = "NAME", default_value = "dpor")]
    search: Chosen,
    /// The most executions of each configuration.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000_000, value_parser = arguments::executions, allow_negative_numbers = true)]
    max_executions: u64,
    /// The most time for each configuration, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = arguments::seconds, allow_negative_numbers = true)]
    time: Duration,
    /// How many searches run at once; what they find does not depend on it.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = arguments::jobs, allow_negative_numbers = true)]
    jobs: usize,
    #[command(flatten)]
    save: arguments::Save,
}

#[derive(Clone, Copy, ValueEnum)]
enum Backend {
    /// The simulated file system.
    Sim,
}

#[derive(Clone, Copy, ValueEnum)]
enum Chosen {
    /// One of each class of interleavings that differ in the order of commuting calls only.
    Dpor,
    /// Every interleaving.
    Exhaustive,
    /// Drawn at random until a limit is reached.
    Random,
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let primitive = arguments.subject.lock.0;
    let Backend::Sim = arguments.backend;
    let world = World::Sim {
        strategy: match arguments.search {
            Chosen::Dpor => Strategy::Dpor,
            Chosen::Exhaustive => Strategy::Exhaustive,
            Chosen::Random => Strategy::Random { seed: output.seed },
        },
        limits: Limits {
            executions: arguments.max_executions,
            time: arguments.time,
            ..Limits::default()
        },
    };
    let scenarios = match arguments.what.is_given() {
        true => vec![(arguments.what.scenario(3)?, Vary::Nothing)],
        false if arguments.errors => vec![preset::faults()],
        false => preset::simulated(),
    };
    let plans: Vec<Plan> = scenarios
        .into_iter()
        .map(|(scenario, vary)| Plan {
            subject: Subject::Primitive(primitive),
            scenario,
            vary,
            world: world.clone(),
            seed: output.seed,
        })
        .collect();
    let save = arguments.save.save.clone().map_or(Save::Named, Save::At);
    let claim = arguments.subject.expect.into();
    output.judge("explore", &plans, claim, &save, arguments.jobs, interrupted)
}
