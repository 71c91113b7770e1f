//! The evidence that `confirm` runs on a lock: every backend, the workload, and fault injection.

#[cfg(feature = "loom")]
use std::time::Duration;

use super::plan::{Backend, Plan};
use super::preset::{self, Configuration};
#[cfg(feature = "loom")]
use onewinner_core::backend::loom;
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::primitive::{Expectation, LockPrimitive};
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};
#[cfg(target_os = "linux")]
use onewinner_linux::race::{Alignment, Mode, RaceOptions};

/// One piece of evidence: runs, and their title.
pub struct Evidence {
    /// The title, the same for each lock.
    pub title: &'static str,
    /// The runs; the first that is not as claimed decides.
    pub plans: Vec<Plan>,
    /// The claim to check. `None` if a broken lock may pass: chance may miss the fault, and an injected error need not show it.
    pub claim: Option<Expectation>,
}

/// Processes in a model; with 2, some faults do not show.
const MODELLED: usize = 3;
/// Processes in a race: as many as in the test that found the first defect.
#[cfg(target_os = "linux")]
const RACED: usize = 16;

/// All evidence on one lock. It takes about five seconds.
pub fn evidence(primitive: &'static dyn LockPrimitive, seed: u64) -> Vec<Evidence> {
    let plan = |(scenario, fault_sweep, backend): (Scenario, FaultSweep, Backend)| Plan {
        subject: Subject::Primitive(primitive),
        scenario,
        fault_sweep,
        backend,
        seed,
        judged: Judging::All,
    };
    let sound = primitive.expectation() == Expectation::ExactlyOneWinner;
    let evidence = |title, certain: bool, runs: Vec<(Scenario, FaultSweep, Backend)>| Evidence {
        title,
        plans: runs.into_iter().map(plan).collect(),
        claim: (certain || sound).then(|| primitive.expectation()),
    };
    let Configuration {
        scenario: faulty,
        fault_sweep,
        ..
    } = preset::alone();
    let modelled = [
        #[cfg(feature = "loom")]
        evidence(
            "loom: 3 contend",
            true,
            vec![(Scenario::contend(MODELLED), FaultSweep::Nothing, under_loom(None))],
        ),
        #[cfg(feature = "loom")]
        evidence(
            "loom: hub sync of 2",
            true,
            vec![(Scenario::hub_sync(2), FaultSweep::Nothing, under_loom(Some(3)))],
        ),
        evidence(
            "sim: 2 contend",
            true,
            vec![(Scenario::contend(2), FaultSweep::Nothing, simulated())],
        ),
        evidence(
            "sim: 3 contend",
            true,
            vec![(Scenario::contend(MODELLED), FaultSweep::Nothing, simulated())],
        ),
        evidence(
            "sim: 2 in 2 rounds",
            true,
            vec![(Scenario::cycle(2, 2), FaultSweep::Nothing, simulated())],
        ),
        evidence("sim: a call fails", false, vec![(faulty, fault_sweep, simulated())]),
    ];
    let real = traced().into_iter().chain(races());
    let real = real.map(|(title, certain, scenario, backend)| {
        evidence(title, certain, vec![(scenario, FaultSweep::Nothing, backend)])
    });
    modelled.into_iter().chain(real).collect()
}

#[cfg(target_os = "linux")]
fn traced() -> Vec<(&'static str, bool, Scenario, Backend)> {
    let backend = Backend::Traced {
        strategy: Strategy::Dpor,
        limits: Limits::default(),
        directories: Vec::new(),
    };
    vec![("traced: 3 contend", true, Scenario::contend(MODELLED), backend)]
}

#[cfg(not(target_os = "linux"))]
fn traced() -> Vec<(&'static str, bool, Scenario, Backend)> {
    Vec::new()
}

#[cfg(target_os = "linux")]
fn races() -> Vec<(&'static str, bool, Scenario, Backend)> {
    let race = |title, certain, scenario: Scenario, alignment, mode, rounds| {
        let options = RaceOptions {
            rounds,
            alignment,
            mode,
            ..RaceOptions::new(scenario.clone())
        };
        (title, certain, scenario, Backend::Race(options))
    };
    let (contend, sync) = (Scenario::contend(RACED), Scenario::hub_sync(RACED));
    vec![
        race(
            "race: 16 processes",
            false,
            contend.clone(),
            Alignment::Natural,
            Mode::LiveWorkers,
            1_000,
        ),
        race(
            "race: 16 aligned",
            true,
            contend.clone(),
            Alignment::Aligned,
            Mode::LiveWorkers,
            200,
        ),
        race(
            "race: 16 threads, aligned",
            true,
            contend,
            Alignment::Aligned,
            Mode::Threads,
            200,
        ),
        race(
            "race: hub sync, aligned",
            true,
            sync,
            Alignment::Aligned,
            Mode::LiveWorkers,
            100,
        ),
    ]
}

#[cfg(not(target_os = "linux"))]
fn races() -> Vec<(&'static str, bool, Scenario, Backend)> {
    Vec::new()
}

#[cfg(feature = "loom")]
fn under_loom(preemptions: Option<usize>) -> Backend {
    Backend::Loom(loom::Bounds {
        executions: 1_000_000,
        preemptions,
        time: Duration::from_secs(60),
    })
}

fn simulated() -> Backend {
    Backend::Sim {
        strategy: Strategy::Exhaustive,
        limits: Limits::default(),
    }
}
