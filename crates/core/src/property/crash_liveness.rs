//! M11: after a process was killed and all others have finished, the next attempt wins, if the lock declares to free itself.
//!
//! A lock that a person must free is not judged. A lock that time frees is judged only if the history has a clock.

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::{AttemptResult, CrashClass};

pub(super) struct CrashLiveness;

impl Property for CrashLiveness {
    fn name(&self) -> &'static str {
        "crash-liveness"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Progress
    }

    fn statement(&self) -> &'static str {
        "a lock that declares to free itself, immediately or in time, does so after a process was killed and all others have finished"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let history = case.history;
        let frees_itself = match history.crash_class {
            Some(CrashClass::Auto) => true,
            // The probe attempts after the lease has expired.
            Some(CrashClass::Bounded) => history.clock.is_some(),
            Some(CrashClass::Manual) | None => false,
        };
        if !frees_itself || !history.died() {
            return Finding::NotApplicable;
        }
        let mut attempts = case.attempts().iter();
        let Some(probe) = attempts.find(|attempt| Some(attempt.process) == history.probe) else {
            return Finding::NotApplicable;
        };
        match probe.result {
            AttemptResult::Undecided => Finding::NotApplicable,
            AttemptResult::Busy => {
                let sentence = format!("after a process was killed, {} is busy forever", probe.process);
                Violation::found(sentence, probe.decided)
            }
            _ => Finding::Holds,
        }
    }
}
