//! `onewinner explore`: the interleavings of system calls.

#[cfg(feature = "kernel")]
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use super::arguments::{self, What};
use super::output::{Output, Save};
use crate::check::{Plan, World, preset};
use crate::explore::{Limits, Strategy};
use crate::scenario::{Kind, Scenario, Subject, Vary};
use crate::verdict::Exit;

/// The ordering constraints that PCT looks for: with a release, several winners need preemptions and one more.
const PCT_DEPTH: u32 = 3;

/// What is explored, and how far.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    subject: arguments::Subject,
    #[command(flatten)]
    what: What,
    /// Two attempt, and one call of the first fails: each call in turn, with each of four errors.
    #[arg(long, conflicts_with_all = ["scenario", "processes", "rounds", "workload", "kills", "stale"])]
    errors: bool,
    /// Cycles in which one process is killed in place of a step: each process, at each step.
    #[arg(long, conflicts_with_all = ["workload", "stale"])]
    kills: bool,
    /// Cycles that find the lock of a dead holder.
    #[arg(long, conflicts_with = "workload")]
    stale: bool,
    /// Where real processes run: fresh directories are made below it; the directory for temporary files, if none is given.
    #[cfg(feature = "kernel")]
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
    /// The world to explore.
    #[arg(long, value_name = "NAME", default_value = "sim")]
    backend: Backend,
    /// How schedules are chosen.
    #[arg(long, value_name = "NAME", default_value = "dpor")]
    search: Chosen,
    /// The most preemptions of a bounded search.
    #[arg(long, value_name = "NUMBER", default_value = "2", value_parser = arguments::whole::<u32>, allow_negative_numbers = true)]
    preemptions: u32,
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

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Backend {
    /// The simulated file system.
    Sim,
    /// Real processes, each stopped before its system calls; Linux only.
    #[cfg(feature = "kernel")]
    Traced,
}

#[derive(Clone, Copy, ValueEnum)]
enum Chosen {
    /// One of each class of interleavings that differ in the order of commuting calls only.
    Dpor,
    /// Every interleaving.
    Exhaustive,
    /// Drawn at random until a limit is reached.
    Random,
    /// Every interleaving with at most --preemptions preemptions.
    Bounded,
    /// Drawn at random, with few changes of priorities, until a limit is reached.
    Pct,
}

impl Arguments {
    fn world(&self, seed: u64) -> World {
        let strategy = match self.search {
            Chosen::Dpor => Strategy::Dpor,
            Chosen::Exhaustive => Strategy::Exhaustive,
            Chosen::Random => Strategy::Random { seed },
            Chosen::Bounded => {
                let preemptions = self.preemptions;
                Strategy::Bounded { preemptions }
            }
            Chosen::Pct => Strategy::Pct { seed, depth: PCT_DEPTH },
        };
        let limits = Limits {
            executions: self.max_executions,
            time: self.time,
            ..Limits::default()
        };
        match self.backend {
            Backend::Sim => World::Sim { strategy, limits },
            #[cfg(feature = "kernel")]
            Backend::Traced => World::Traced {
                strategy,
                limits,
                directory: self.dir.clone().unwrap_or_else(std::env::temp_dir),
            },
        }
    }

    fn scenarios(&self) -> Result<Vec<(Scenario, Vary)>, Failure> {
        #[cfg(feature = "kernel")]
        if self.dir.is_some() && self.backend == Backend::Sim {
            return Err("the simulated file system has no such directory; give --dir with `--backend traced`".into());
        }
        if self.errors {
            return Ok(vec![preset::faults()]);
        }
        if !self.what.is_given() && !self.kills && !self.stale {
            return Ok(match self.backend {
                Backend::Sim => preset::simulated(),
                #[cfg(feature = "kernel")]
                Backend::Traced => preset::traced(),
            });
        }
        let mut scenario = match (self.kills || self.stale) && !self.what.is_given() {
            true => preset::kills().0,
            false => self.what.scenario(3)?,
        };
        if self.stale {
            scenario.start = preset::stale().0.start;
        }
        if self.kills && !matches!(scenario.kind, Kind::Cycle { .. }) {
            return Err("contenders never release; give --kills with `--scenario cycle`".into());
        }
        let vary = if self.kills { Vary::Kill } else { Vary::Nothing };
        Ok(vec![(scenario, vary)])
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let primitive = arguments.subject.lock.0;
    let world = arguments.world(output.seed);
    let scenarios = arguments.scenarios()?;
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
