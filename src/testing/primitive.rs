//! A lock that implements `LockPrimitive`, on every backend: each one runs the same code.

#[cfg(feature = "loom")]
use std::time::Duration;

use super::options::{Exploration, Options};
use super::platform::RealProcesses;
use super::report::Report;
use super::run_plans::run_plans;
use onewinner_check::preset::{Configuration, Depth};
use onewinner_check::{Allowance, Backend, Plan};
#[cfg(feature = "loom")]
use onewinner_core::backend::loom::{self, Bounds};
use onewinner_core::explore::Strategy;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};

/// The default time limit of loom.
#[cfg(feature = "loom")]
const LOOM_TIME: Duration = Duration::from_secs(120);
/// The default number of processes under loom.
#[cfg(feature = "loom")]
const LOOM_PROCESSES: usize = 2;

/// A lock written over `Fs`, and the backends that run it.
pub struct Primitive {
    pub(super) lock: &'static dyn LockPrimitive,
    /// The searches, in the order in which they were requested.
    pub(super) searches: Vec<Search>,
    /// The requested backends that run real processes without a search.
    pub(super) real: RealProcesses,
}

/// A backend that chooses schedules: it turns the options into plans.
pub(super) type Search = fn(&Exploration<Primitive>) -> Vec<Plan>;

/// Checks a lock that is written over [`Fs`](onewinner_core::fs::Fs), on each requested backend.
///
/// Request a backend with [`sim`](Exploration::sim), with the feature `loom` `loom`, and on Linux `traced`, `race` or
/// `race_aligned`. Without a request, Linux runs the lock in real processes (`traced`), and other systems run it on the
/// simulated file system.
///
/// ```
/// use onewinner::primitive::CreateNew;
///
/// onewinner::explore_primitive(&CreateNew).sim().run().expect_holds();
/// ```
///
/// On Linux, in a `#[test]`, with every backend and the feature `loom`:
///
/// ```no_run
/// use onewinner::primitive::CreateNew;
///
/// #[test]
/// fn my_lock_lets_one_in() {
///     onewinner::explore_primitive(&CreateNew).sim().loom().traced().race(1_000).run().expect_holds();
/// }
/// ```
pub fn explore_primitive(lock: &'static dyn LockPrimitive) -> Exploration<Primitive> {
    Exploration::of(Primitive {
        lock,
        searches: Vec::new(),
        real: RealProcesses::default(),
    })
}

impl Exploration<Primitive> {
    /// Requests the simulated file system, which runs one schedule of each class of equivalent ones.
    pub fn sim(self) -> Self {
        self.also(Self::sim_plans)
    }

    /// Requests loom, a second, independent model checker; with 2 processes unless [`processes`](Self::processes) is given.
    /// It needs the feature `loom`.
    #[cfg(feature = "loom")]
    pub fn loom(self) -> Self {
        self.also(Self::loom_plans)
    }

    /// Lets the lease of the holder expire at any moment: its lock file becomes old.
    pub fn expiry(mut self) -> Self {
        self.options.expiry = true;
        self
    }

    pub(super) fn also(mut self, search: Search) -> Self {
        self.subject.searches.push(search);
        self
    }

    /// Runs the searches and returns their verdicts; `index` is the number of this exploration in its test.
    pub(super) fn run_searches(&self, searches: &[Search], index: usize) -> Report {
        let plans: Vec<Plan> = searches.iter().flat_map(|plans_of| plans_of(self)).collect();
        let jobs = Allowance::ForEach { jobs: 1 };
        run_plans(&plans, jobs, self.options.save.as_deref(), index)
    }

    pub(super) fn sim_plans(&self) -> Vec<Plan> {
        self.search_plans(|strategy, options| Backend::Sim {
            strategy,
            limits: options.limits(),
        })
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

    pub(super) fn search_plans(&self, backend: impl Fn(Strategy, &Options) -> Backend) -> Vec<Plan> {
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

    #[cfg(feature = "loom")]
    fn loom_plans(&self) -> Vec<Plan> {
        let processes = self.options.processes.unwrap_or(LOOM_PROCESSES);
        let most = loom::MOST_PROCESSES;
        assert!(
            processes <= most,
            "loom runs at most {most} contenders, not {processes}"
        );
        let scenario = self.options.single_scenario(processes);
        let bounds = Bounds {
            executions: self.options.limits().executions,
            preemptions: loom::default_preemptions(self.subject.lock, &scenario),
            time: self.options.time.unwrap_or(LOOM_TIME),
        };
        vec![self.plan(scenario, FaultSweep::Nothing, Backend::Loom(bounds))]
    }
}
