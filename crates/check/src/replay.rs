//! Replays a saved counterexample, and compares each call with the file.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::counterexample::{Difference, Saved, first_difference};
use super::decisive_pair::decisive_pair;
use super::error::CheckError;
use super::event::ignore_events;
use super::progress::ProgressMonitor;
use super::replayer::Replayer;
use super::session::BackendSession;
use super::violation::violation_of;
use onewinner_core::history::Execution;
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
        if let Some(Difference { step, expected, found }) = first_difference(&self.calls, &self.schedule, &execution) {
            return Replayed::Diverged { step, expected, found };
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
}
