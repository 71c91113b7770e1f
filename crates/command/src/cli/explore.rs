//! `onewinner explore`: the interleavings of system calls.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use super::arguments::{self, What};
use super::output::{Files, Output, Save};
use onewinner_check::preset::{self, Configuration, Depth};
use onewinner_check::{Allowance, Backend, Plan};
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, ScenarioKind, Start, Subject};
use onewinner_core::verdict::Exit;

/// The ordering constraints that PCT looks for: with a release, several winners need preemptions and one more.
const PCT_DEPTH: u32 = 3;

/// What is explored, and how far.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    subject: arguments::AnySubject,
    #[command(flatten)]
    claimed: arguments::Claimed,
    #[command(flatten)]
    what: What,
    /// One call of the first process fails, each call in turn, with each of five errors: alone, and in cycles.
    #[arg(long, conflicts_with_all = ["workload", "kills", "stale"])]
    errors: bool,
    /// Cycles in which up to so many processes are killed in place of a step, each process, at each step: 1 or 2.
    #[arg(long, value_name = "NUMBER", value_parser = arguments::kills, allow_negative_numbers = true, conflicts_with_all = ["workload", "stale"])]
    kills: Option<u8>,
    /// Cycles that find the lock of a holder that died so long ago: 90s, 10m, 1h, 2d.
    #[arg(long, value_name = "AGE", value_parser = arguments::age, allow_negative_numbers = true, conflicts_with = "workload")]
    stale: Option<u64>,
    /// Cycles during which, at any moment, the lock's file becomes old: the lease of its holder runs out.
    #[arg(long, conflicts_with_all = ["workload", "errors"])]
    expiry: bool,
    /// Inode numbers of files that are gone are used again, as on ext4; on the simulated file system alone.
    #[arg(long, alias = "reused-numbers")]
    reuse_inodes: bool,
    /// What finds most faults, within seconds.
    #[arg(long, conflicts_with_all = PARTICULARS, conflicts_with = "deep")]
    quick: bool,
    /// What is worth minutes before a release: more processes, more rounds, more preemptions.
    #[arg(long, conflicts_with_all = PARTICULARS)]
    deep: bool,
    /// Where real processes run: fresh directories are made below it; that for temporary files, if none is given. Repeatable:
    /// two mounts of one store stand for two hosts, and process i works below directory i mod k.
    #[arg(long, value_name = "DIRECTORY")]
    dir: Vec<PathBuf>,
    /// The world to explore; a program runs with real processes alone.
    #[arg(long, value_name = "NAME", default_value_t)]
    backend: BackendChoice,
    /// How schedules are chosen: dpor, and for a program, which has no model, bounded.
    #[arg(long, value_name = "NAME")]
    search: Option<Chosen>,
    /// The most preemptions of a bounded search: 2, or what each rung of a program's ladder needs.
    #[arg(long, value_name = "NUMBER", value_parser = arguments::whole::<u32>, allow_negative_numbers = true)]
    preemptions: Option<u32>,
    /// The most executions of each configuration.
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().executions, value_parser = arguments::executions, allow_negative_numbers = true)]
    max_executions: u64,
    /// The most time in seconds, for each configuration of a lock and for all of a program together: 60, 10 with --quick, 600
    /// with --deep.
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds, allow_negative_numbers = true)]
    time: Option<Duration>,
    /// How many searches run at once; what they find does not depend on it.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = arguments::jobs, allow_negative_numbers = true)]
    jobs: usize,
    #[command(flatten)]
    save: arguments::Save,
    /// Where a page goes that shows the verdicts, and the counterexamples step by step.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// What asks for one configuration, in place of a preset.
const PARTICULARS: [&str; 8] = [
    "scenario",
    "processes",
    "rounds",
    "workload",
    "errors",
    "kills",
    "stale",
    "expiry",
];

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum BackendChoice {
    /// Real processes, each stopped before its system calls; Linux only.
    #[default]
    Traced,
    /// The simulated file system.
    Sim,
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Traced => "traced",
            Self::Sim => "sim",
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
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
    fn depth(&self) -> Depth {
        match (self.quick, self.deep) {
            (true, _) => Depth::Quick,
            (_, true) => Depth::Deep,
            _ => Depth::Usual,
        }
    }

    /// How the schedules of a configuration are chosen.
    fn strategy(&self, subject: &Subject, preemptions: u32, seed: u64) -> Result<Strategy, Failure> {
        let program = matches!(subject, Subject::Program(_));
        let chosen = match (self.search, program) {
            (Some(Chosen::Dpor | Chosen::Exhaustive), true) => {
                return Err(
                    "a program has no model by which schedules could be reduced, and too many to run them all; \
                            give `--search bounded`, `random` or `pct`"
                        .into(),
                );
            }
            (Some(chosen), _) => chosen,
            (None, true) => Chosen::Bounded,
            (None, false) => Chosen::Dpor,
        };
        if self.preemptions.is_some() && chosen != Chosen::Bounded {
            return Err("only a bounded search counts preemptions; give --preemptions with `--search bounded`".into());
        }
        let preemptions = self.preemptions.unwrap_or(preemptions);
        Ok(match chosen {
            Chosen::Dpor => Strategy::Dpor,
            Chosen::Exhaustive => Strategy::Exhaustive,
            Chosen::Random => Strategy::Random { seed },
            Chosen::Bounded => Strategy::Bounded { preemptions },
            Chosen::Pct => Strategy::Pct { seed, depth: PCT_DEPTH },
        })
    }

    fn backend(&self, strategy: Strategy) -> Backend {
        let limits = Limits {
            executions: self.max_executions,
            time: self.time.unwrap_or(self.depth().time()),
            ..Limits::default()
        };
        match self.backend {
            BackendChoice::Sim => Backend::Sim { strategy, limits },
            BackendChoice::Traced => Backend::Traced {
                strategy,
                limits,
                directories: self.dir.clone(),
            },
        }
    }

    /// What is run: a preset, or the one configuration that was asked for.
    fn configurations(&self, subject: &Subject) -> Result<Vec<Configuration>, Failure> {
        if self.reuse_inodes && self.backend != BackendChoice::Sim {
            return Err(
                "the kernel's file system gives numbers as it likes; give --reuse-inodes with `--backend sim`".into(),
            );
        }
        if self.expiry && matches!(subject, Subject::Program(_)) {
            return Err("a program reads the time itself; leave --expiry out, or give --stale".into());
        }
        let mut configurations = self.chosen(subject)?;
        for configuration in &mut configurations {
            configuration.scenario.expiry |= self.expiry;
            configuration.scenario.reuse_inodes = self.reuse_inodes;
        }
        Ok(configurations)
    }

    fn chosen(&self, subject: &Subject) -> Result<Vec<Configuration>, Failure> {
        if !self.dir.is_empty() && self.backend == BackendChoice::Sim {
            return Err("the simulated file system has no such directory; give --dir with `--backend traced`".into());
        }
        if matches!(subject, Subject::Program(_)) && self.what.workload.is_some() {
            return Err("a program does its own work while it holds its lock; leave --workload out".into());
        }
        let (option, fault_sweep) = match (self.errors, self.kills) {
            (true, _) => ("--errors", FaultSweep::Error),
            (_, Some(1)) => ("--kills", FaultSweep::Kill),
            (_, Some(2)) => ("--kills", FaultSweep::TwoKills),
            _ if self.expiry => ("--expiry", FaultSweep::Nothing),
            _ => ("--stale", FaultSweep::Nothing),
        };
        match (self.what.is_given(), fault_sweep, self.stale) {
            (false, FaultSweep::Nothing, None) if self.kills.is_none() && !self.expiry => Ok(match subject {
                Subject::Program(_) => self.depth().of_a_program(),
                Subject::Primitive(primitive) => self.depth().of_a_primitive(primitive.crash_class()),
            }),
            (false, FaultSweep::Error, _) => Ok(preset::faults().into()),
            (false, ..) => {
                let scenario = self.stale.map_or(Scenario::cycle(3, 1), preset::stale);
                Ok(vec![Configuration::of(scenario, fault_sweep)])
            }
            (true, ..) => {
                let mut scenario = self.what.scenario(3)?;
                let releases = matches!(scenario.kind, ScenarioKind::Cycle { .. });
                if (fault_sweep != FaultSweep::Nothing || self.expiry) && !releases {
                    return Err(format!("contenders never release; give {option} with `--scenario cycle`").into());
                }
                scenario.start = self.stale.map_or(Start::Free, |age_s| Start::Stale { age_s });
                Ok(vec![Configuration::of(scenario, fault_sweep)])
            }
        }
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let subject = arguments.subject.subject()?;
    let mut plans = Vec::new();
    for configuration in arguments.configurations(&subject)? {
        let strategy = arguments.strategy(&subject, configuration.preemptions, output.seed)?;
        plans.push(Plan {
            subject: subject.clone(),
            scenario: configuration.scenario,
            fault_sweep: configuration.fault_sweep,
            backend: arguments.backend(strategy),
            seed: output.seed,
            judged: Judging::All,
        });
    }
    let allowance = match subject {
        Subject::Program(_) if arguments.jobs > 1 => {
            return Err("the rungs of a program's ladder are climbed one after another; leave --jobs out".into());
        }
        Subject::Program(_) => Allowance::Together,
        Subject::Primitive(_) => Allowance::ForEach { jobs: arguments.jobs },
    };
    let save = arguments.save.save.clone().map_or(Save::Named, Save::At);
    let files = Files {
        save,
        page: arguments.html.as_deref(),
    };
    output.judge(
        "explore",
        &plans,
        arguments.claimed.expect.into(),
        &files,
        allowance,
        interrupted,
    )
}
