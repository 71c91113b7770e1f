//! Replays a saved counterexample, and compares each call with the file.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::counterexample::{Saved, SavedCall, recorded_calls};
use super::decisive_pair::decisive_pair;
use super::error::CheckError;
use super::event::ignore_events;
use super::progress::ProgressMonitor;
use super::replayer::Replayer;
use super::session::BackendSession;
use super::violation::violation_of;
use onewinner_core::history::{End, Execution};
use onewinner_core::verdict::Counterexample;

pub use super::shrink::REPLAYS;

/// The result of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same calls, the same replies, the same violation.
    Reproduced(Box<Counterexample>),
    /// The schedule was followed to its end, and the property was not violated.
    NotReproduced(Box<Execution>),
    /// A step differs from the file.
    Diverged {
        /// The first step that differs, from 0.
        step: usize,
        /// The step in the file.
        expected: String,
        /// The step of the replay.
        found: String,
    },
}

impl Saved {
    /// Replays the schedule.
    ///
    /// # Errors
    ///
    /// If real processes cannot be traced here, or their directory is missing.
    pub fn replay(&self) -> Result<Replayed, CheckError> {
        self.replay_until(&Arc::default())
    }

    /// The same; ends soon after `interrupted` is set, and then it has diverged.
    ///
    /// # Errors
    ///
    /// As [`replay`](Self::replay).
    pub fn replay_until(&self, interrupted: &Arc<AtomicBool>) -> Result<Replayed, CheckError> {
        let progress = ProgressMonitor::new(interrupted, &ignore_events());
        let session = BackendSession::new(&self.subject, self.backend, &self.directories);
        let mut session = session.stopped_by(&progress);
        let mut replayer = Replayer { session: &mut session };
        let execution = replayer.replay(&self.scenario, &self.schedule)?;
        let replayed = self.compare(execution, &mut replayer);
        session.close()?;
        Ok(replayed)
    }

    fn compare(&self, execution: Execution, replayer: &mut Replayer<'_, '_>) -> Replayed {
        if let Some(diverged) = self.divergence(&execution) {
            return diverged;
        }
        match violation_of(&execution.history, &self.property) {
            Some((property, violation)) => Replayed::Reproduced(Box::new(Counterexample {
                property,
                sentence: violation.sentence,
                decisive: decisive_pair(&mut replayer.guided(), &self.scenario, &execution, property),
                scenario: self.scenario.clone(),
                execution,
                reproduced: None,
            })),
            None => Replayed::NotReproduced(Box::new(execution)),
        }
    }

    /// The first step in which the execution differs from the file.
    fn divergence(&self, execution: &Execution) -> Option<Replayed> {
        let found = recorded_calls(&execution.history);
        let steps = self.calls.len().max(found.len());
        if let Some(step) = (0..steps).find(|&step| self.calls.get(step) != found.get(step)) {
            let found = match (&execution.end, found.get(step)) {
                (End::Diverged { reason, .. }, None) => reason.clone(),
                (_, call) => describe(call),
            };
            let expected = describe(self.calls.get(step));
            return Some(Replayed::Diverged { step, expected, found });
        }
        // The calls agree, but the schedule has more steps.
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
