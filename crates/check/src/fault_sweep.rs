//! Fault sweeps: one search for each step at which a fault can be injected.
//!
//! Their number is not known in advance: each search shows whether a process takes the next step. Runs nothing.

use std::collections::BTreeSet;

use onewinner_core::fs::Errno;
use onewinner_core::fs::call::Call;
use onewinner_core::fs::inject::Injection;
use onewinner_core::history::{History, What};
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::{ERRORS, FaultSweep, Kill, Scenario, ScenarioKind};

/// The faults of one sweep. Each is injected at each step in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No fault: one search of the scenario as it is.
    None,
    /// This error in one call.
    Error(Errno),
    /// This process is killed in place of one of its steps.
    Kill(ProcessId),
    /// Both of these are killed.
    TwoKills([ProcessId; 2]),
}

impl Fault {
    /// The faults of a plan, in the order in which their results are merged.
    pub(crate) fn all_of(fault_sweep: FaultSweep, scenario: &Scenario) -> Vec<Self> {
        let processes = || ProcessId::first(scenario.processes);
        let kills = || processes().map(Self::Kill);
        let pairs = || processes().flat_map(move |one| ProcessId::first(one.index()).map(move |other| [other, one]));
        match fault_sweep {
            FaultSweep::Nothing => vec![Self::None],
            FaultSweep::Error => ERRORS.iter().copied().map(Self::Error).collect(),
            FaultSweep::Kill => kills().collect(),
            FaultSweep::TwoKills => kills().chain(pairs().map(Self::TwoKills)).collect(),
        }
    }

    /// How many faults are injected into one execution.
    fn count(self) -> usize {
        match self {
            Self::None => 0,
            Self::Error(_) | Self::Kill(_) => 1,
            Self::TwoKills(_) => 2,
        }
    }

    /// The scenario with the faults injected at these steps, from 0.
    fn scenario(self, base: &Scenario, at: [u32; 2]) -> Scenario {
        let kill = |victim, step| Kill { victim, step };
        let kills = |kills| Scenario { kills, ..base.clone() };
        match self {
            Self::None => base.clone(),
            Self::Error(errno) => {
                let injection = Injection { call: at[0], errno };
                match base.kind {
                    ScenarioKind::Cycle { .. } => Scenario {
                        error: Some(injection),
                        ..base.clone()
                    },
                    ScenarioKind::Contend | ScenarioKind::Fault { .. } => Scenario::fault(injection),
                }
            }
            Self::Kill(victim) => kills(vec![kill(victim, at[0])]),
            Self::TwoKills([one, other]) => kills(vec![kill(one, at[0]), kill(other, at[1])]),
        }
    }

    /// Which of the faults happened.
    fn happened(self, history: &History) -> [bool; 2] {
        let died = |victim| {
            history
                .calls()
                .any(|(_, process, call, ..)| process == victim && *call == Call::Die)
        };
        match self {
            Self::None => [false; 2],
            Self::Error(_) => {
                let injected = |what: &What| matches!(what, What::Injected { .. });
                [history.events.iter().any(|event| injected(&event.what)), false]
            }
            Self::Kill(victim) => [died(victim), false],
            Self::TwoKills(victims) => victims.map(died),
        }
    }
}

/// The searches of one sweep, one after another.
///
/// A fault happens at step k only if its process takes k steps before, and then it also happens at each step before k. So if
/// no search shows it at some step, no later one will. With two faults no search is left out either: in an execution that
/// goes beyond the last steps searched for both, the process that gets to its step first shows it there.
pub(crate) struct Sweep<'a> {
    fault: Fault,
    base: &'a Scenario,
    /// For each fault the last step to try: one after all steps at which it happened.
    last: [u32; 2],
    tried: BTreeSet<[u32; 2]>,
    /// The steps of the current search.
    current: [u32; 2],
}

impl<'a> Sweep<'a> {
    pub(crate) fn of(fault: Fault, base: &'a Scenario) -> Self {
        Self {
            fault,
            base,
            last: [0; 2],
            tried: BTreeSet::new(),
            current: [0; 2],
        }
    }

    /// The scenario of the next search.
    pub(crate) fn next_scenario(&mut self) -> Option<Scenario> {
        let places = (0..=self.last[0]).flat_map(|one| (0..=self.last[1]).map(move |other| [one, other]));
        self.current = { places }.find(|place| !self.tried.contains(place))?;
        self.tried.insert(self.current);
        Some(self.fault.scenario(self.base, self.current))
    }

    /// Learns from an execution which steps there are. Returns whether it belongs to the current search: all its faults
    /// happened. Otherwise another search has it too.
    pub(crate) fn observe(&mut self, history: &History) -> bool {
        let happened = self.fault.happened(history);
        for (number, happened) in happened.into_iter().enumerate() {
            if happened && self.current[number] == self.last[number] {
                self.last[number] += 1;
            }
        }
        happened[..self.fault.count()].iter().all(|happened| *happened)
    }
}
