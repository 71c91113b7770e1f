//! `onewinner explore`: search the interleavings of system calls.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Failure;
use super::arguments::{self, What, group};
use super::output::{Files, Output, Question, Save};
use onewinner_check::preset::{self, Configuration, Depth};
use onewinner_check::program_preset::Requested;
use onewinner_check::text::verdict::Look;
use onewinner_check::{Allowance, Backend, Plan, judging};
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::primitive::CrashClass;
use onewinner_core::scenario::{FaultSweep, Scenario, ScenarioKind, Start, Subject};
use onewinner_core::verdict::Exit;

/// The ordering constraints that PCT looks for: with a release, several winners need preemptions and one more.
const PCT_DEPTH: u32 = 3;

/// The arguments of `explore`.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    subject: arguments::AnySubject,
    /// Where your driver has its lock, if it takes no {lock}.
    #[arg(long, value_name = "PATH", help_heading = group::WHAT, display_order = 2)]
    lock_at: Option<PathBuf>,
    #[command(flatten)]
    claimed: arguments::Claimed,
    #[command(flatten)]
    what: What,
    /// A first look: finds most bugs within seconds.
    #[arg(long, help_heading = group::SEARCH, conflicts_with_all = PARTICULARS, conflicts_with = "deep")]
    quick: bool,
    /// A long check before a release: larger configurations, takes minutes.
    #[arg(long, help_heading = group::SEARCH, conflicts_with_all = PARTICULARS)]
    deep: bool,
    /// Directory to test [default: a temporary one]; repeat it for more mounts.
    #[arg(long, value_name = "DIRECTORY", help_heading = group::WHAT)]
    dir: Vec<PathBuf>,
    /// Run on traced (real processes, the default) or sim (simulation).
    #[arg(long, value_name = "NAME", help_heading = group::SEARCH, default_value_t, hide_default_value = true, hide_possible_values = true)]
    backend: BackendChoice,
    /// How to choose schedules: dpor, exhaustive, bounded, random or pct
    /// [default: dpor; for a program bounded].
    #[arg(long, value_name = "NAME", help_heading = group::SEARCH, hide_possible_values = true)]
    search: Option<Chosen>,
    /// With bounded: limit of preemptions (forced switches) [default: 2].
    #[arg(long, value_name = "NUMBER", help_heading = group::SEARCH, value_parser = arguments::whole::<u32>, allow_negative_numbers = true)]
    preemptions: Option<u32>,
    /// Limit of executions of each configuration.
    #[arg(long, value_name = "NUMBER", help_heading = group::SEARCH, default_value_t = Limits::default().executions, value_parser = arguments::executions, allow_negative_numbers = true)]
    max_executions: u64,
    /// Time limit in seconds for each configuration, or for all of them if you
    /// check a program [default: 60; --quick: 10; --deep: 600].
    #[arg(long, value_name = "SECONDS", help_heading = group::SEARCH, value_parser = arguments::seconds, allow_negative_numbers = true)]
    time: Option<Duration>,
    /// Searches to run in parallel [default: 1; a program: one per CPU].
    #[arg(long, value_name = "NUMBER", help_heading = group::SEARCH, value_parser = arguments::jobs, allow_negative_numbers = true)]
    jobs: Option<usize>,
    /// Make a call of the first process fail; repeat for each call and five errors.
    #[arg(long, help_heading = group::FAULTS, conflicts_with_all = ["workload", "kills", "stale"])]
    errors: bool,
    /// Kill up to this many processes (1 or 2); repeat for each process and call.
    #[arg(long, value_name = "NUMBER", help_heading = group::FAULTS, value_parser = arguments::kills, allow_negative_numbers = true, conflicts_with_all = ["workload", "stale"])]
    kills: Option<u8>,
    /// Start from a stale lock of this age: 90s, 10m, 1h, 2d.
    #[arg(long, value_name = "AGE", help_heading = group::FAULTS, value_parser = arguments::age, allow_negative_numbers = true, conflicts_with = "workload")]
    stale: Option<u64>,
    /// For a lock that expires (a lease): let it expire at any moment.
    #[arg(long, help_heading = group::FAULTS, conflicts_with_all = ["workload", "errors"])]
    expiry: bool,
    /// Reuse inode numbers of deleted files, as ext4 does (only --backend sim).
    #[arg(long, help_heading = group::FAULTS, alias = "reused-numbers")]
    reuse_inodes: bool,
    #[command(flatten)]
    save: arguments::Save,
    /// Write a page with all verdicts and step-by-step counterexamples.
    #[arg(long, value_name = "FILE", help_heading = group::OUTPUT)]
    html: Option<PathBuf>,
}

/// The options that choose one configuration instead of a preset, or change the preset of a program.
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
    /// One interleaving of each class: those of a class differ only in the order of commuting calls.
    Dpor,
    /// Every interleaving.
    Exhaustive,
    /// The same for a lock without a model, such as a program: some executions are given up as redundant.
    SleepSets,
    /// Random interleavings until a limit is reached.
    Random,
    /// Every interleaving with at most --preemptions preemptions.
    Bounded,
    /// Random interleavings with few changes of priority, until a limit is reached.
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

    /// The search strategy of a configuration.
    fn strategy(&self, subject: &Subject, configuration: &Configuration, seed: u64) -> Result<Strategy, Failure> {
        let program = matches!(subject, Subject::Program(_));
        let chosen = match (self.search, program) {
            (Some(Chosen::Dpor | Chosen::Exhaustive), true) => {
                return Err(
                    "a program has too many schedules to run them all, and no model that could reduce them; \
                            give `--search sleep-sets`, `bounded`, `random` or `pct`"
                        .into(),
                );
            }
            (Some(chosen), _) => chosen,
            (None, true) => Chosen::Bounded,
            (None, false) => Chosen::Dpor,
        };
        if self.preemptions.is_some() && chosen != Chosen::Bounded {
            return Err("only a bounded search limits preemptions; give --preemptions with `--search bounded`".into());
        }
        let preset = program && self.what.scenario.is_none();
        if preset && self.search.is_none() {
            return Ok(configuration.strategy_of_a_program());
        }
        let preemptions = self
            .preemptions
            .filter(|_| !preset)
            .unwrap_or(configuration.preemptions);
        Ok(match chosen {
            Chosen::Dpor => Strategy::Dpor,
            Chosen::SleepSets => Strategy::SleepSets,
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

    /// The configurations to run: a preset, or the requested one.
    fn configurations(&self, subject: &Subject) -> Result<Vec<Configuration>, Failure> {
        if self.reuse_inodes && self.backend != BackendChoice::Sim {
            return Err(
                "a real file system chooses inode numbers itself; give --reuse-inodes with `--backend sim`".into(),
            );
        }
        if self.expiry && matches!(subject, Subject::Program(_)) {
            return Err("--expiry works only for locks that come with onewinner; for a program give --stale".into());
        }
        let mut configurations = self.chosen(subject)?;
        for configuration in &mut configurations {
            configuration.scenario.expiry |= self.expiry;
            configuration.scenario.reuse_inodes = self.reuse_inodes;
        }
        Ok(configurations)
    }

    /// What the options change in the preset of a program.
    fn requested(&self, fault_sweep: FaultSweep) -> Requested {
        Requested {
            processes: self.what.processes,
            rounds: self.what.rounds,
            stale_s: self.stale,
            fault_sweep,
            preemptions: match self.search {
                None | Some(Chosen::Bounded) => self.preemptions,
                // No pass with more preemptions follows a search that bounds none.
                Some(_) => Some(1),
            },
        }
    }

    fn chosen(&self, subject: &Subject) -> Result<Vec<Configuration>, Failure> {
        if !self.dir.is_empty() && self.backend == BackendChoice::Sim {
            return Err(
                "the simulated file system does not use real directories; give --dir with `--backend traced`".into(),
            );
        }
        if matches!(subject, Subject::Program(_)) && self.what.workload.is_some() {
            return Err("a program decides itself what it does while it holds the lock; leave --workload out".into());
        }
        let (option, fault_sweep) = match (self.errors, self.kills) {
            (true, _) => ("--errors", FaultSweep::Error),
            (_, Some(1)) => ("--kills", FaultSweep::Kill),
            (_, Some(2)) => ("--kills", FaultSweep::TwoKills),
            _ if self.expiry => ("--expiry", FaultSweep::Nothing),
            _ => ("--stale", FaultSweep::Nothing),
        };
        let crash_class = match subject {
            Subject::Program(_) if self.what.scenario.is_none() => {
                return Ok(self.depth().of_a_program(&self.requested(fault_sweep)));
            }
            // A scenario was chosen, so no preset runs.
            Subject::Program(_) => CrashClass::Manual,
            Subject::Primitive(primitive) => primitive.crash_class(),
        };
        match (self.what.is_given(), fault_sweep, self.stale) {
            (false, FaultSweep::Nothing, None) if self.kills.is_none() && !self.expiry => {
                Ok(self.depth().of_a_primitive(crash_class))
            }
            (false, FaultSweep::Error, _) => Ok(preset::faults().into()),
            (false, ..) => {
                let scenario = self.stale.map_or(Scenario::cycle(3, 1), preset::stale);
                Ok(vec![Configuration::of(scenario, fault_sweep)])
            }
            (true, ..) => {
                let mut scenario = self.what.scenario(3)?;
                let releases = matches!(scenario.kind, ScenarioKind::Cycle { .. });
                if (fault_sweep != FaultSweep::Nothing || self.expiry) && !releases {
                    return Err(format!(
                        "in the scenario contend no process releases; give {option} with `--scenario cycle`"
                    )
                    .into());
                }
                scenario.start = self.stale.map_or(Start::Free, |age_s| Start::Stale { age_s });
                Ok(vec![Configuration::of(scenario, fault_sweep)])
            }
        }
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let subject = arguments.subject.subject(arguments.lock_at.as_deref())?;
    let mut plans = Vec::new();
    for configuration in arguments.configurations(&subject)? {
        let strategy = arguments.strategy(&subject, &configuration, output.seed)?;
        plans.push(Plan {
            subject: subject.clone(),
            scenario: configuration.scenario,
            fault_sweep: configuration.fault_sweep,
            backend: arguments.backend(strategy),
            seed: output.seed,
            judged: match subject {
                Subject::Program(_) => configuration.role.judging(),
                Subject::Primitive(_) => judging(&subject),
            },
        });
    }
    let allowance = match subject {
        Subject::Program(_) => Allowance::Together {
            jobs: arguments.jobs.unwrap_or_else(arguments::processors),
        },
        Subject::Primitive(_) => Allowance::ForEach {
            jobs: arguments.jobs.unwrap_or(1),
        },
    };
    let save = arguments.save.save.clone().map_or(Save::Named, Save::At);
    let files = Files {
        save,
        page: arguments.html.as_deref(),
    };
    let question = Question {
        claim: arguments.claimed.expect.into(),
        look: if arguments.quick { Look::Quick } else { Look::Full },
    };
    output.judge("explore", &plans, question, &files, allowance, interrupted)
}
