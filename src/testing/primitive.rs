//! An implementor of `LockPrimitive`, in every world: what the model checks is the code that runs.

use std::time::Duration;
#[cfg(target_os = "linux")]
use std::{convert::Infallible, io, process::ExitCode};

use super::judged::judged;
use super::options::{Exploration, Options};
use super::report::Report;
#[cfg(target_os = "linux")]
use super::{
    place::{Here, come},
    races::{self, Race},
};
use onewinner_check::preset::{Configuration, Depth};
use onewinner_check::{Allowance, Backend, Plan};
use onewinner_core::backend::loom::{self, Bounds};
use onewinner_core::explore::Strategy;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};
#[cfg(target_os = "linux")]
use onewinner_linux::tracer::{
    self,
    reentry::{self, Role},
};

/// How long loom may take, unless told otherwise.
const LOOM_TIME: Duration = Duration::from_secs(120);
/// How many contend under loom, unless told otherwise.
const LOOM_PROCESSES: usize = 2;

/// A lock over `Fs`, and the worlds in which it is to run.
pub struct Primitive {
    lock: &'static dyn LockPrimitive,
    worlds: Vec<Evidence>,
}

/// A world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evidence {
    Sim,
    Loom,
    #[cfg(target_os = "linux")]
    Traced,
    #[cfg(target_os = "linux")]
    Race(Race),
}

/// Explores a lock that is written over [`Fs`](onewinner_core::fs::Fs), in the worlds that are named, one after another; without a
/// name, with real processes as `onewinner explore` does.
///
/// ```no_run
/// use onewinner_core::primitive::CreateNew;
///
/// #[test]
/// fn my_lock_lets_one_in() {
///     onewinner::explore_primitive(&CreateNew).sim().loom().traced().race(1_000).run().expect_holds();
/// }
/// ```
pub fn explore_primitive(lock: &'static dyn LockPrimitive) -> Exploration<Primitive> {
    let worlds = Vec::new();
    Exploration::of(Primitive { lock, worlds })
}

impl Exploration<Primitive> {
    /// On the simulated file system: one execution of each class of schedules.
    pub fn sim(self) -> Self {
        self.also(Evidence::Sim)
    }

    /// Under loom, another scheduler: so many processes contend, 2 if nothing is said.
    pub fn loom(self) -> Self {
        self.also(Evidence::Loom)
    }

    /// With real processes, each stopped before its system calls, and every answer of the kernel held against the model's.
    #[cfg(target_os = "linux")]
    pub fn traced(self) -> Self {
        self.also(Evidence::Traced)
    }

    /// With real processes, released together: so many processes contend, 16 if nothing is said, in so many rounds.
    ///
    /// A race that sees no violation passes, with the bound on the rate; a broken lock may need more rounds, or
    /// [`race_aligned`](Self::race_aligned).
    #[cfg(target_os = "linux")]
    pub fn race(self, rounds: u64) -> Self {
        self.also(Evidence::Race(Race { rounds, aligned: false }))
    }

    /// The same, and nobody makes its call *k* before all have come to theirs.
    #[cfg(target_os = "linux")]
    pub fn race_aligned(self, rounds: u64) -> Self {
        self.also(Evidence::Race(Race { rounds, aligned: true }))
    }

    /// Cycles in which, at any moment, the lease of whoever holds the lock may run out: its file becomes old.
    pub fn expiry(mut self) -> Self {
        self.options.expiry = true;
        self
    }

    fn also(mut self, backend: Evidence) -> Self {
        self.subject.worlds.push(backend);
        self
    }

    /// Runs it in each world.
    ///
    /// In a process that the test has started this does what it was started for, and does not return.
    ///
    /// # Panics
    ///
    /// When real processes are asked for, and this is no thread of a test.
    #[track_caller]
    #[cfg(target_os = "linux")]
    pub fn run(self) -> Report {
        let needs_processes = |backend: &Evidence| matches!(backend, Evidence::Traced | Evidence::Race(_));
        if !self.worlds().iter().any(needs_processes) {
            return match reentry::role() {
                Some(_) => Report::passed_over(),
                None => self.searched(0),
            };
        }
        match come(Some(self.subject.lock.name())) {
            Err(error) => panic!("{error}"),
            Ok(Here::PassesOver) => Report::passed_over(),
            Ok(Here::Serves { role, .. }) => match self.serve(&role) {
                Ok(never) => match never {},
                Err(error) => panic!("failed to serve the test that started this process: {error}"),
            },
            Ok(Here::Explores { test, place }) => {
                let races = self.worlds().iter().any(|backend| matches!(backend, Evidence::Race(_)));
                let report = self.searched(place);
                if races {
                    report.and(races::elsewhere(&test, place))
                } else {
                    report
                }
            }
        }
    }

    /// Runs it in each world.
    #[cfg(not(target_os = "linux"))]
    pub fn run(self) -> Report {
        self.searched(0)
    }

    fn worlds(&self) -> Vec<Evidence> {
        match self.subject.worlds[..] {
            #[cfg(target_os = "linux")]
            [] => vec![Evidence::Traced],
            #[cfg(not(target_os = "linux"))]
            [] => vec![Evidence::Sim],
            ref named => named.to_vec(),
        }
    }

    /// The verdicts of the worlds in which schedules are chosen.
    fn searched(&self, place: usize) -> Report {
        let mut plans = Vec::new();
        for backend in self.worlds() {
            match backend {
                Evidence::Sim => plans.extend(self.searches(|strategy, options| Backend::Sim {
                    strategy,
                    limits: options.limits(),
                })),
                Evidence::Loom => plans.push(self.modelled()),
                #[cfg(target_os = "linux")]
                Evidence::Traced => plans.extend(self.searches(|strategy, options| Backend::Traced {
                    strategy,
                    limits: options.limits(),
                    directories: options.directories.clone(),
                })),
                #[cfg(target_os = "linux")]
                Evidence::Race(_) => {}
            }
        }
        judged(
            &plans,
            Allowance::ForEach { jobs: 1 },
            self.options.save.as_deref(),
            place,
        )
    }

    fn plan(&self, scenario: Scenario, fault_sweep: FaultSweep, backend: Backend) -> Plan {
        Plan {
            subject: Subject::Primitive(self.subject.lock),
            scenario,
            fault_sweep,
            backend,
            seed: self.options.seed,
            judged: Judging::All,
        }
    }

    fn searches(&self, backend: impl Fn(Strategy, &Options) -> Backend) -> Vec<Plan> {
        let bounded = |preemptions| Strategy::Bounded { preemptions };
        let strategy = self.options.preemptions.map_or(Strategy::Dpor, bounded);
        let preset = |depth: Depth| depth.of_a_primitive(self.subject.lock.crash_class());
        let configurations = self.options.configurations(preset).into_iter();
        let plan = |each: Configuration| {
            self.plan(
                each.scenario,
                each.fault_sweep,
                backend(strategy.clone(), &self.options),
            )
        };
        configurations.map(plan).collect()
    }

    fn modelled(&self) -> Plan {
        let processes = self.options.processes.unwrap_or(LOOM_PROCESSES);
        let most = loom::MOST_PROCESSES;
        assert!(
            processes <= most,
            "loom takes {most} contenders at most, not {processes}"
        );
        let scenario = self.options.met_by(processes);
        let bounds = Bounds {
            executions: self.options.limits().executions,
            preemptions: loom::default_preemptions(self.subject.lock, &scenario),
            time: self.options.time.unwrap_or(LOOM_TIME),
        };
        self.plan(scenario, FaultSweep::Nothing, Backend::Loom(bounds))
    }
}

#[cfg(target_os = "linux")]
impl Exploration<Primitive> {
    /// Does what this process was started for, and ends it: nobody waits for the rest of the test.
    fn serve(&self, role: &Role) -> io::Result<Infallible> {
        let code = match role {
            Role::Knowing { .. } => {
                tracer::greet()?;
                tracer::serve_knowing(&[self.subject.lock])
            }
            Role::Race { place, parent } => races::serve(&self.races(), *parent, *place)?,
            Role::Contender { .. } | Role::Worker { .. } => unreachable!("only a function has such contenders"),
        };
        std::process::exit(i32::from(code != ExitCode::SUCCESS))
    }

    fn races(&self) -> Vec<Plan> {
        let race = |backend| match backend {
            Evidence::Race(race) => Some(race.plan(self.subject.lock, &self.options)),
            _ => None,
        };
        self.worlds().into_iter().filter_map(race).collect()
    }
}
