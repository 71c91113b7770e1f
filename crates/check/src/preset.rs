//! Which configurations are run when nobody asks for a particular one, and how long that may take.
//!
//! Small is weak: some protocols hold with 2 processes and one round each, and break with 3, or with 2 rounds. So a preset
//! is several configurations. A program has no model by which its schedules could be reduced: it climbs a ladder, from
//! where most faults show in a second to where all known ones do.

use std::time::Duration;

use onewinner_core::primitive::CrashClass;
use onewinner_core::scenario::{FaultSweep, Scenario, Start};

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What finds most faults, within seconds.
    Quick,
    /// What finds every known fault.
    Usual,
    /// What is worth minutes before a release.
    Deep,
}

/// A configuration: what is run, and what is added to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// What is run.
    pub scenario: Scenario,
    /// What is added to it.
    pub fault_sweep: FaultSweep,
    /// The most preemptions of a search that bounds them.
    pub preemptions: u32,
}

/// The age of the lock that a dead holder left, in seconds: none is claimed to be younger.
pub const STALE_AGE_S: u64 = 3_600;
/// Most faults need one preemption, some two, and of nineteen known ones none more (tracing.md, 2).
pub const PREEMPTIONS: u32 = 2;

impl Depth {
    /// The time for each configuration of a lock over `Fs`, and for the whole ladder of a program.
    pub fn time(self) -> Duration {
        Duration::from_secs(match self {
            Self::Quick => 10,
            Self::Usual => 60,
            Self::Deep => 600,
        })
    }

    /// The configurations of a lock over `Fs` that becomes free after a crash as `class` says: contention, cycles, a lock that a
    /// dead holder left, a process killed at each of its steps, and an error in each call; a lease that runs out, if there are
    /// leases.
    pub fn of_a_primitive(self, class: CrashClass) -> Vec<Configuration> {
        let plain = |scenario| Configuration::of(scenario, FaultSweep::Nothing);
        let quick = vec![plain(Scenario::contend(3)), plain(Scenario::cycle(2, 1))];
        let usual = vec![
            plain(Scenario::contend(3)),
            plain(Scenario::cycle(3, 1)),
            plain(Scenario::cycle(2, 2)),
            plain(stale(STALE_AGE_S)),
            Configuration::of(Scenario::cycle(3, 1), FaultSweep::Kill),
        ];
        let leased = (class == CrashClass::Bounded).then(|| plain(expiry()));
        let usual: Vec<_> = usual.into_iter().chain(leased).chain(faults()).collect();
        let deep = [
            plain(Scenario::contend(4)),
            plain(Scenario::cycle(3, 2)),
            Configuration::of(Scenario::cycle(3, 1), FaultSweep::TwoKills),
        ];
        match self {
            Self::Quick => quick,
            Self::Usual => usual,
            Self::Deep => usual.into_iter().chain(deep).collect(),
        }
    }

    /// The ladder of a program, from its first rung to its last.
    pub fn of_a_program(self) -> Vec<Configuration> {
        let rung = |scenario, preemptions| Configuration {
            preemptions,
            ..Configuration::of(scenario, FaultSweep::Nothing)
        };
        let rungs = |one, two| {
            vec![
                rung(Scenario::contend(2), one),
                rung(Scenario::cycle(2, 1), one),
                rung(Scenario::contend(3), two),
                rung(Scenario::cycle(3, 1), two),
                rung(Scenario::cycle(2, 2), one),
            ]
        };
        match self {
            Self::Quick => rungs(1, 1).into_iter().take(2).collect(),
            Self::Usual => rungs(1, 2),
            Self::Deep => {
                let killed = Configuration {
                    preemptions: 1,
                    ..Configuration::of(Scenario::cycle(3, 1), FaultSweep::TwoKills)
                };
                let more = [rung(Scenario::contend(4), 3), rung(Scenario::cycle(3, 2), 3)];
                // Each kill is a search of its own, with programs started anew: last, since it takes longest.
                rungs(3, 3).into_iter().chain(more).chain([killed]).collect()
            }
        }
    }
}

impl Configuration {
    /// That, with the usual bound.
    pub fn of(scenario: Scenario, fault_sweep: FaultSweep) -> Self {
        Self {
            scenario,
            fault_sweep,
            preemptions: PREEMPTIONS,
        }
    }
}

/// A cycle that finds the lock of a holder that is dead.
pub fn stale(age_s: u64) -> Scenario {
    Scenario {
        start: Start::Stale { age_s },
        ..Scenario::cycle(3, 1)
    }
}

/// A cycle during which the lease of a holder runs out, at any moment.
pub fn expiry() -> Scenario {
    Scenario {
        expiry: true,
        ..Scenario::cycle(3, 1)
    }
}

/// An error in each call of the first process: alone, before another one attempts, and while another one cycles too.
pub fn faults() -> [Configuration; 2] {
    [alone(), Configuration::of(Scenario::cycle(2, 1), FaultSweep::Error)]
}

/// An error in each call of an attempt, and then one more attempt.
pub fn alone() -> Configuration {
    Configuration::of(Scenario::contend(2), FaultSweep::Error)
}
