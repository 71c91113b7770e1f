//! The stage between the results of a search and its verdict: makes the violation easy to read.
//!
//! ```text
//!  FoundViolation ─fewer processes─▶ fewer preemptions and steps ─▶ holds that overlap as run ─▶ cut where the violation is
//!                                                                      complete (programs) ─▶ replayed ×10
//! ```
//!
//! All its searches and replays use one [`BackendSession`].

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::counterexample::{first_difference, recorded_calls};
use super::decisive_pair::decisive_pair;
use super::plan::Plan;
use super::replayer::Replayer;
use super::results::Results;
use super::session::BackendSession;
use super::violation::{FoundViolation, holds_overlap_as_run, until_complete, violation_of};
use onewinner_core::explore::{Limits, Strategy, minimise, relinearise};
use onewinner_core::fs::call::Call;
use onewinner_core::history::{End, Event, Execution, History, What};
use onewinner_core::scenario::{LEAST_PROCESSES, Program, Scenario, ScenarioKind, Subject};
use onewinner_core::schedule::Schedule;
use onewinner_core::verdict::{Counterexample, Reproduced};

/// How often a counterexample is replayed before it is shown.
pub const REPLAYS: u32 = 10;

/// The limits of the search for a violation with fewer processes.
const FEWER_PROCESSES: Limits = Limits {
    executions: 20_000,
    steps: 10_000,
    time: Duration::from_secs(5),
};
/// The preemptions of that search for a program: two processes show nearly all faults with two.
const FEWER_PROCESSES_PREEMPTIONS: u32 = 2;
/// The most schedules that are tried to minimise one.
const MOST_SCHEDULES: u32 = 2_000;

/// Why a violation of a program is not shown: no replay can be trusted to repeat it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unrepeatable {
    /// Replays differ.
    #[error(
        "a violation of {property} was seen ({sentence}), but only {same} of {} replays repeat it: {difference}; make the program \
         do the same each time",
        REPLAYS
    )]
    Differs {
        property: &'static str,
        sentence: String,
        same: u32,
        /// The first difference.
        difference: String,
    },
    /// Nothing that was observed orders two holds, and yet no execution shows them at once.
    #[error(
        "no call that was observed keeps two holds apart ({sentence}), but no execution shows them at once: processes wait for each \
         other in a way that is not observed"
    )]
    NeverAtOnce { sentence: String },
    /// No process got the lock at a fixed path, and none has looked for it.
    #[error(
        "no process gets the lock, and none makes a call that names {0:?}; give the path of the lock with \
         --lock-at, and create its directory if the program does not"
    )]
    NotTheLock(PathBuf),
}

/// The counterexample to show for a violation.
///
/// # Errors
///
/// If replays of a program differ from it.
pub(crate) fn shrink(
    plan: &Plan,
    found: FoundViolation,
    session: &mut BackendSession<'_>,
) -> Result<Counterexample, Unrepeatable> {
    let mut shrinker = Shrinker { plan, session };
    let fewer = shrinker.with_fewer_processes(&found);
    let smaller = fewer.as_ref().unwrap_or(&found);
    let minimised = shrinker.minimised(smaller);
    let smaller = minimised.as_ref().unwrap_or(smaller);
    let overlapping = shrinker.with_overlapping_holds(smaller);
    let shrunk = overlapping.or(minimised).or(fewer);
    let shown = shrunk.map(|shrunk| shrinker.counterexample(shrunk));
    match shown {
        Some(Ok(shown)) => Ok(shown),
        // The shorter execution may be the one that differs.
        Some(Err(_)) | None => shrinker.counterexample(found),
    }
}

struct Shrinker<'s, 'a> {
    plan: &'s Plan,
    session: &'s mut BackendSession<'a>,
}

impl<'a> Shrinker<'_, 'a> {
    fn replayer(&mut self) -> Replayer<'_, 'a> {
        Replayer { session: self.session }
    }

    /// The same property violated with fewer processes.
    fn with_fewer_processes(&mut self, found: &FoundViolation) -> Option<FoundViolation> {
        let plan = self.plan;
        if !plan.backend.is_searched()
            || !found.scenario.kills.is_empty()
            || matches!(found.scenario.kind, ScenarioKind::Fault { .. })
        {
            return None;
        }
        let strategy = match plan.subject {
            Subject::Primitive(_) => Strategy::Dpor,
            Subject::Program(_) => Strategy::Bounded {
                preemptions: FEWER_PROCESSES_PREEMPTIONS,
            },
        };
        (LEAST_PROCESSES..found.scenario.processes).find_map(|processes| {
            let scenario = Scenario {
                processes,
                ..found.scenario.clone()
            };
            let mut results = Results::default();
            let watch = &mut |execution| {
                results.add(&scenario, plan.judged, execution, 1);
                ControlFlow::Continue(())
            };
            let searched = self
                .session
                .search(&scenario, &strategy, FEWER_PROCESSES, &mut |_| {}, watch);
            let same = |fewer: &FoundViolation| fewer.property.name() == found.property.name();
            searched.ok().and(results.best).filter(same)
        })
    }

    /// The same property violated with fewer preemptions, or in fewer steps.
    fn minimised(&mut self, found: &FoundViolation) -> Option<FoundViolation> {
        let steps = found.execution.history.steps();
        if !self.plan.backend.is_searched() || steps.len() != found.execution.schedule.len() {
            return None;
        }
        let faults = injected_faults(&found.execution.history);
        let violates = |execution: &Execution| {
            let history = &execution.history;
            execution.end == End::Completed
                && injected_faults(history) == faults
                && violation_of(history, found.property.name()).is_some()
        };
        let mut replayer = self.replayer();
        let mut replays = replayer.guided();
        let schedule = minimise(&steps, MOST_SCHEDULES, &mut |schedule| {
            let execution = replays.run(&found.scenario, schedule).filter(violates)?;
            Some(execution.history.steps())
        });
        self.replayed(found, &schedule)
    }

    /// An equivalent execution in which the two holds overlap as run: overlapping by happens-before alone is hard to read.
    fn with_overlapping_holds(&mut self, found: &FoundViolation) -> Option<FoundViolation> {
        if found.property.name() != "mutual-exclusion" || holds_overlap_as_run(&found.execution.history) {
            return None;
        }
        let history = &found.execution.history;
        let step_of = |event: &usize| history.calls().take_while(|(position, ..)| position < event).count();
        let moments: Vec<usize> = found.violation.events.iter().map(step_of).collect();
        let schedule = relinearise(&history.steps(), &moments);
        self.replayed(found, &schedule)
    }

    /// The same violation along another schedule, if that shows it.
    fn replayed(&mut self, found: &FoundViolation, schedule: &Schedule) -> Option<FoundViolation> {
        let execution = self.replayer().replay(&found.scenario, schedule).ok()?;
        let (_, violation) = violation_of(&execution.history, found.property.name())?;
        Some(FoundViolation {
            property: found.property,
            violation,
            execution,
            scenario: found.scenario.clone(),
        })
    }

    /// The counterexample of this violation, with its decisive pair and its replays.
    fn counterexample(&mut self, found: FoundViolation) -> Result<Counterexample, Unrepeatable> {
        let property = found.property.name();
        let decisive = if self.plan.backend.is_searched() {
            let mut replayer = self.replayer();
            decisive_pair(&mut replayer.guided(), &found.scenario, &found.execution, property)
        } else {
            None
        };
        let program = matches!(self.plan.subject, Subject::Program(_));
        // A program may do what the tracer does not see. The whole execution shows where the holds end.
        if program && property == "mutual-exclusion" && !holds_overlap_as_run(&found.execution.history) {
            let sentence = found.violation.sentence;
            return Err(Unrepeatable::NeverAtOnce { sentence });
        }
        let found = if program {
            until_complete(&found).unwrap_or(found)
        } else {
            found
        };
        if property == "at-least-one-winner"
            && let Subject::Program(Program {
                lock_at: Some(lock), ..
            }) = &self.plan.subject
            && !names(&found.execution.history, lock)
        {
            return Err(Unrepeatable::NotTheLock(lock.clone()));
        }
        let events = found.execution.history.events.len();
        let (reproduced, difference) = self.reproduce(&found).unzip();
        match (reproduced, difference.flatten()) {
            (Some(Reproduced { same, .. }), Some(difference)) if program => Err(Unrepeatable::Differs {
                property,
                sentence: found.violation.sentence,
                same,
                difference,
            }),
            _ => Ok(Counterexample {
                property,
                reproduced,
                sentence: found.violation.sentence,
                decisive: decisive.filter(|pair| pair.iter().all(|event| *event < events)),
                execution: found.execution,
                scenario: found.scenario,
            }),
        }
    }

    /// Replays the execution [`REPLAYS`] times; `None` for a race, whose schedule the kernel chose. Also returns how the first
    /// replay differs that does.
    fn reproduce(&mut self, found: &FoundViolation) -> Option<(Reproduced, Option<String>)> {
        let execution = &found.execution;
        if execution.schedule.is_empty() {
            return None;
        }
        let expected = recorded_calls(&execution.history);
        let (mut same, mut difference) = (0, None);
        for _ in 0..REPLAYS {
            let differs = match self.replayer().replay(&found.scenario, &execution.schedule) {
                Err(error) => Some(error.to_string()),
                Ok(again) => match first_difference(&expected, &execution.schedule, &again) {
                    Some(difference) => Some(difference.to_string()),
                    None if violation_of(&again.history, found.property.name()).is_none() => {
                        Some("the calls are the same, but the answers are not".to_owned())
                    }
                    None => None,
                },
            };
            same += u32::from(differs.is_none());
            difference = difference.or(differs);
        }
        Some((Reproduced { same, of: REPLAYS }, difference))
    }
}

/// Whether a call names a file, or one beside it that is named after it.
fn names(history: &History, file: &Path) -> bool {
    let name = file.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
    let is_named = |path: &Path| {
        let mut parts = path.iter().map(OsStr::as_encoded_bytes);
        parts.any(|part| part.starts_with(name))
    };
    history.calls().any(|(_, _, call, ..)| call.paths().any(is_named))
}

/// The number of kills and injected errors in a history. A shrunk history must have the same.
fn injected_faults(history: &History) -> usize {
    let is_fault = |event: &&Event| match &event.what {
        What::Injected { .. } => true,
        What::Performed { call, .. } => *call == Call::Die,
        _ => false,
    };
    history.events.iter().filter(is_fault).count()
}
