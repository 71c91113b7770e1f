//! A counterexample followed once more in its world, and where it differs if it does.

use super::counterexample::{Saved, SavedCall};
use super::decisive_pair::decisive;
use super::replayer::Follower;
use super::{CheckError, Plan};
use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::history::{End, Execution, History};
use onewinner_core::id::ProcessId;
use onewinner_core::property::{self, Case, Finding, Violation};
use onewinner_core::scenario::Scenario;
use onewinner_core::verdict::{Counterexample, Reproduced};

/// How often a counterexample is replayed before it is shown.
pub const REPLAYS: u32 = 10;

/// What a replay showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same calls, the same replies, the same violation.
    Reproduced(Box<Counterexample>),
    /// The schedule could be followed, and its property was not violated.
    NotReproduced(Box<Execution>),
    /// Something differed before the end.
    Diverged {
        /// The first step that differs, counted from 0.
        step: usize,
        /// What the file expects there.
        expected: String,
        /// What there was.
        found: String,
    },
}

impl Saved {
    /// Follows the schedule once more.
    ///
    /// # Errors
    ///
    /// When real processes cannot be traced here, or their directory is gone.
    pub fn replay(&self) -> Result<Replayed, CheckError> {
        let follower = Follower {
            subject: &self.subject,
            scenario: &self.scenario,
            backend: self.backend,
            directories: &self.directories,
        };
        let execution = follower.along(&self.schedule)?;
        if let Some(diverged) = self.divergence(&execution) {
            return Ok(diverged);
        }
        Ok(match violation(&execution.history, &self.property) {
            Some((property, violation)) => Replayed::Reproduced(Box::new(Counterexample {
                property,
                sentence: violation.sentence,
                decisive: decisive(&follower, &execution, property),
                scenario: self.scenario.clone(),
                execution,
                reproduced: None,
            })),
            None => Replayed::NotReproduced(Box::new(execution)),
        })
    }

    /// The first step in which the execution is not what the file tells, its calls or its schedule.
    fn divergence(&self, execution: &Execution) -> Option<Replayed> {
        let found = calls(&execution.history);
        let steps = self.calls.len().max(found.len());
        if let Some(step) = (0..steps).find(|&step| self.calls.get(step) != found.get(step)) {
            let found = match (&execution.end, found.get(step)) {
                (End::Diverged { reason, .. }, None) => reason.clone(),
                (_, call) => describe(call),
            };
            let expected = describe(self.calls.get(step));
            return Some(Replayed::Diverged { step, expected, found });
        }
        // The calls agree, but the schedule asks for more than there is.
        let step = execution.schedule.len();
        let process = self.schedule.steps().get(step)?;
        Some(Replayed::Diverged {
            step,
            expected: format!("a step of {process}"),
            found: describe(None),
        })
    }
}

fn describe(call: Option<&SavedCall>) -> String {
    match call {
        None => "no further call".to_owned(),
        Some(SavedCall { process, call, reply }) => match reply {
            Ok(value) => format!("{process} {call} = {value}"),
            Err(errno) => format!("{process} {call} = {errno}"),
        },
    }
}

pub(super) fn calls(history: &History) -> Vec<SavedCall> {
    let saved = |(_, process, call, reply, _): (usize, ProcessId, &Call, &Reply, _)| SavedCall {
        process,
        call: call.clone(),
        reply: reply.clone(),
    };
    history.calls().map(saved).collect()
}

/// How the history violates the property of that name.
pub(super) fn violation(history: &History, name: &str) -> Option<(&'static str, Violation)> {
    let property = property::ALL.iter().find(|property| property.name() == name)?;
    match property.judge(&Case::new(history)) {
        Finding::Violated(violation) => Some((property.name(), violation)),
        Finding::Holds | Finding::NotApplicable => None,
    }
}

/// Replays an execution [`REPLAYS`] times; `None` where the kernel chose, because its choices cannot be made again.
pub(super) fn reproduce(plan: &Plan, scenario: &Scenario, execution: &Execution, property: &str) -> Option<Reproduced> {
    if execution.schedule.is_empty() {
        return None;
    }
    let follower = Follower::of(plan, scenario);
    let expected = calls(&execution.history);
    let same = (0..REPLAYS).filter(|_| {
        let again = follower.along(&execution.schedule);
        again.is_ok_and(|again| violation(&again.history, property).is_some() && calls(&again.history) == expected)
    });
    Some(Reproduced {
        same: u32::try_from(same.count()).unwrap_or(REPLAYS),
        of: REPLAYS,
    })
}
