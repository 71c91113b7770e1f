//! Presets: the default configurations, and their time limits.
//!
//! Some locks hold with 2 processes and one round each, and break with 3 processes or 2 rounds. So a preset is several
//! configurations. Those of a program are in `program_preset.rs`.

use std::time::Duration;

use onewinner_core::explore::Strategy;
use onewinner_core::primitive::CrashClass;
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Start};

/// The size of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Finds most faults, within seconds.
    Quick,
    /// Finds every known fault.
    Usual,
    /// Takes minutes; for use before a release.
    Deep,
}

/// A scenario with its faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// The scenario.
    pub scenario: Scenario,
    /// The faults to inject.
    pub fault_sweep: FaultSweep,
    /// The most preemptions of a search that bounds them.
    pub preemptions: u32,
    /// A search that bounds preemptions is complete instead, if that takes at most this many executions.
    pub complete_within: Option<u64>,
    /// What its violations mean.
    pub role: Role,
}

/// What a configuration of a preset is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its verdict decides.
    Decides,
    /// It reports what happens after a crash, if time allows. Only two holders at once decide.
    ReportsCrash,
}

impl Role {
    /// The properties that decide a configuration of this role, for the lock of a program.
    pub fn judging(self) -> Judging {
        match self {
            Self::Decides => Judging::ExactlyOneWinner,
            Self::ReportsCrash => Judging::ExclusionAfterCrash,
        }
    }
}

/// The age of a stale lock, in seconds.
pub const STALE_AGE_S: u64 = 3_600;
/// The executions that a complete search of a program may take in a first look: about as many as three processes with one
/// preemption take.
pub const COMPLETE_FIRST: u64 = 128;
/// The same later: about as many as three processes with two preemptions take.
pub const COMPLETE: u64 = 400;
/// The default preemption bound. Of nineteen known faults most need one preemption, some two, and none more.
pub const PREEMPTIONS: u32 = 2;

impl Depth {
    /// The time limit: for each configuration of a lock over `Fs`, or for all configurations of a program.
    pub fn time(self) -> Duration {
        Duration::from_secs(match self {
            Self::Quick => 10,
            Self::Usual => 60,
            Self::Deep => 600,
        })
    }

    /// The configurations of a lock over `Fs` of this crash class: contention, cycles, a stale lock, a process killed at each of
    /// its steps, an error in each call; for a lock with leases also their expiry.
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
}

impl Configuration {
    /// How the schedules of a program are chosen.
    pub fn strategy_of_a_program(&self) -> Strategy {
        let preemptions = self.preemptions;
        match self.complete_within {
            Some(most) => Strategy::Adaptive { most, preemptions },
            None => Strategy::Bounded { preemptions },
        }
    }

    /// With the default preemption bound.
    pub fn of(scenario: Scenario, fault_sweep: FaultSweep) -> Self {
        Self {
            scenario,
            fault_sweep,
            preemptions: PREEMPTIONS,
            complete_within: None,
            role: Role::Decides,
        }
    }
}

/// A cycle that starts from a stale lock.
pub fn stale(age_s: u64) -> Scenario {
    Scenario {
        start: Start::Stale { age_s },
        ..Scenario::cycle(3, 1)
    }
}

/// A cycle in which the lease of a holder may expire at any moment.
pub fn expiry() -> Scenario {
    Scenario {
        expiry: true,
        ..Scenario::cycle(3, 1)
    }
}

/// An error in each call of the first process: before another process attempts, and while another process cycles.
pub fn faults() -> [Configuration; 2] {
    [alone(), Configuration::of(Scenario::cycle(2, 1), FaultSweep::Error)]
}

/// An error in each call of an attempt, followed by another attempt.
pub fn alone() -> Configuration {
    Configuration::of(Scenario::contend(2), FaultSweep::Error)
}
