//! What a plan consists of: one search, unless its scenario is varied; then one for each step at which the variation can come.
//!
//! How many there are is not known before: each search shows whether a process comes as far as the next. Runs nothing.

use std::collections::BTreeSet;

use onewinner_core::fs::Errno;
use onewinner_core::fs::call::Call;
use onewinner_core::fs::inject::Injection;
use onewinner_core::history::{History, What};
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::{ERRORS, FaultSweep, Kill, Scenario, ScenarioKind};

/// What is run in one go: a search, or a series of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The scenario as it is.
    Plain,
    /// This error, in the first call, in the second, and so on.
    Errors(Errno),
    /// This process killed in place of its first step, of its second, and so on.
    Kills(ProcessId),
    /// Both of these killed, each at each of its steps.
    TwoKills([ProcessId; 2]),
}

impl Part {
    /// The parts of a plan, in the order in which they are put together.
    pub(super) fn of(fault_sweep: FaultSweep, scenario: &Scenario) -> Vec<Self> {
        let processes = || ProcessId::first(scenario.processes);
        let kills = || processes().map(Self::Kills);
        let pairs = || processes().flat_map(move |one| ProcessId::first(one.index()).map(move |other| [other, one]));
        match fault_sweep {
            FaultSweep::Nothing => vec![Self::Plain],
            FaultSweep::Error => ERRORS.iter().copied().map(Self::Errors).collect(),
            FaultSweep::Kill => kills().collect(),
            FaultSweep::TwoKills => kills().chain(pairs().map(Self::TwoKills)).collect(),
        }
    }

    /// How many things are added, each at a step of its own.
    fn things(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::Errors(_) | Self::Kills(_) => 1,
            Self::TwoKills(_) => 2,
        }
    }

    /// The scenario with the things added at these steps, counted from 0.
    fn scenario(self, base: &Scenario, at: [u32; 2]) -> Scenario {
        let kill = |victim, step| Kill { victim, step };
        let kills = |kills| Scenario { kills, ..base.clone() };
        match self {
            Self::Plain => base.clone(),
            Self::Errors(errno) => {
                let injection = Injection { call: at[0], errno };
                match base.kind {
                    ScenarioKind::Cycle { .. } => Scenario {
                        error: Some(injection),
                        ..base.clone()
                    },
                    ScenarioKind::Contend | ScenarioKind::Fault { .. } => Scenario::fault(injection),
                }
            }
            Self::Kills(victim) => kills(vec![kill(victim, at[0])]),
            Self::TwoKills([one, other]) => kills(vec![kill(one, at[0]), kill(other, at[1])]),
        }
    }

    /// Which of the things came.
    fn came(self, history: &History) -> [bool; 2] {
        let died = |victim| {
            history
                .calls()
                .any(|(_, process, call, ..)| process == victim && *call == Call::Die)
        };
        match self {
            Self::Plain => [false; 2],
            Self::Errors(_) => {
                let injected = |what: &What| matches!(what, What::Injected { .. });
                [history.events.iter().any(|event| injected(&event.what)), false]
            }
            Self::Kills(victim) => [died(victim), false],
            Self::TwoKills(victims) => victims.map(died),
        }
    }
}

/// The searches of a part, one after another.
///
/// A thing comes at step k only if its process takes k steps before, and then it also comes at each step before k. So when
/// no search up to some step showed it there, no later one will. Of two things, no search is left out either: in an
/// execution that goes beyond both of the last steps searched, the first to get to its own is seen there.
pub(super) struct Series<'a> {
    part: Part,
    base: &'a Scenario,
    /// For each thing the last step at which it is tried: one beyond all at which it came.
    until: [u32; 2],
    tried: BTreeSet<[u32; 2]>,
    /// Where they are added in the search that runs.
    now: [u32; 2],
}

impl<'a> Series<'a> {
    pub(super) fn of(part: Part, base: &'a Scenario) -> Self {
        Self {
            part,
            base,
            until: [0; 2],
            tried: BTreeSet::new(),
            now: [0; 2],
        }
    }

    /// What is searched next.
    pub(super) fn next(&mut self) -> Option<Scenario> {
        let places = (0..=self.until[0]).flat_map(|one| (0..=self.until[1]).map(move |other| [one, other]));
        self.now = { places }.find(|place| !self.tried.contains(place))?;
        self.tried.insert(self.now);
        Some(self.part.scenario(self.base, self.now))
    }

    /// Whether an execution of this search has all the things: one that has not belongs to another search.
    pub(super) fn saw(&mut self, history: &History) -> bool {
        let came = self.part.came(history);
        for (thing, came) in came.into_iter().enumerate() {
            if came && self.now[thing] == self.until[thing] {
                self.until[thing] += 1;
            }
        }
        came[..self.part.things()].iter().all(|came| *came)
    }
}
