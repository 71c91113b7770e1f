//! Replays schedules on the backend that found them, or on one that can make the same choices.
//!
//! Judges nothing: the caller knows what to look for.

use std::time::{Duration, Instant};

use super::error::CheckError;
use super::session::BackendSession;
use onewinner_core::backend::BackendKind;
use onewinner_core::explore::Strategy;
use onewinner_core::history::Execution;
use onewinner_core::scenario::{Scenario, Subject};
use onewinner_core::schedule::Schedule;

/// Replays schedules in a session of a backend.
pub(crate) struct Replayer<'s, 'a> {
    pub(crate) session: &'s mut BackendSession<'a>,
}

impl<'a> Replayer<'_, 'a> {
    /// Runs one execution along a schedule, and no further.
    ///
    /// # Errors
    ///
    /// As [`BackendSession::search`].
    pub(crate) fn replay(&mut self, scenario: &Scenario, schedule: &Schedule) -> Result<Execution, CheckError> {
        let schedule = schedule.clone();
        self.session.run_once(scenario, &Strategy::Replay { schedule })
    }

    /// Replays for a purpose that needs many tries: see [`GuidedReplays`].
    pub(crate) fn guided(&mut self) -> GuidedReplays<'_, 'a> {
        match (self.session.subject, self.session.directories) {
            // The tracer compares each call with the simulated file system, so a lock over `Fs` does the same there. A
            // program, or several directories, has no such model.
            (subject @ Subject::Primitive(_), [] | [_]) => GuidedReplays {
                session: SessionRef::Owned(Box::new(BackendSession::new(subject, BackendKind::Sim, &[]))),
                left: u32::MAX,
                deadline: None,
            },
            _ => {
                let real = self.session.kind == BackendKind::Traced;
                GuidedReplays {
                    session: SessionRef::Shared(self.session),
                    left: if real { MOST_REAL_TRIES } else { u32::MAX },
                    deadline: real.then(|| Instant::now() + MOST_REAL_TIME),
                }
            }
        }
    }
}

/// The most executions of real processes that one purpose may take to make a violation easier to read.
const MOST_REAL_TRIES: u32 = 40;
/// The most time that they may take.
const MOST_REAL_TIME: Duration = Duration::from_secs(5);

/// A limited number of guided replays: each follows a schedule as far as its steps can be taken, and then runs to the end.
pub(crate) struct GuidedReplays<'s, 'a> {
    session: SessionRef<'s, 'a>,
    left: u32,
    deadline: Option<Instant>,
}

enum SessionRef<'s, 'a> {
    /// A simulation beside the session.
    Owned(Box<BackendSession<'a>>),
    Shared(&'s mut BackendSession<'a>),
}

impl GuidedReplays<'_, '_> {
    /// Runs one execution; `None` if no try is left, or it failed.
    pub(crate) fn run(&mut self, scenario: &Scenario, schedule: &Schedule) -> Option<Execution> {
        self.left = self.left.checked_sub(1)?;
        if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return None;
        }
        let session = match &mut self.session {
            SessionRef::Owned(session) => &mut **session,
            SessionRef::Shared(session) => &mut **session,
        };
        let schedule = schedule.clone();
        session.run_once(scenario, &Strategy::Guided { schedule }).ok()
    }
}
