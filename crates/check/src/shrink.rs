//! The stage between the results of a search and its verdict: makes the violation easy to read.
//!
//! ```text
//!  FoundViolation ─fewer processes─▶ fewer preemptions and steps ─▶ holds that overlap as run ─▶ replayed ×10
//! ```
//!
//! All its searches and replays use one [`BackendSession`].

use std::ops::ControlFlow;
use std::time::Duration;

use super::counterexample::recorded_calls;
use super::decisive_pair::decisive_pair;
use super::plan::Plan;
use super::replayer::Replayer;
use super::results::Results;
use super::session::BackendSession;
use super::violation::{FoundViolation, holds_overlap_as_run, violation_of};
use onewinner_core::explore::{Limits, Strategy, minimise, relinearise};
use onewinner_core::fs::call::Call;
use onewinner_core::history::{End, Event, Execution, History, What};
use onewinner_core::scenario::{LEAST_PROCESSES, Scenario, ScenarioKind, Subject};
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

/// The counterexample to show for a violation.
pub(crate) fn shrink(plan: &Plan, found: FoundViolation, session: &mut BackendSession<'_>) -> Counterexample {
    let mut shrinker = Shrinker { plan, session };
    let found = shrinker.with_fewer_processes(&found).unwrap_or(found);
    let found = shrinker.minimised(&found).unwrap_or(found);
    let found = shrinker.with_overlapping_holds(&found).unwrap_or(found);
    let property = found.property.name();
    let decisive = if plan.backend.is_searched() {
        let mut replayer = shrinker.replayer();
        decisive_pair(&mut replayer.guided(), &found.scenario, &found.execution, property)
    } else {
        None
    };
    Counterexample {
        property,
        reproduced: shrinker.reproduce(&found),
        sentence: found.violation.sentence,
        execution: found.execution,
        scenario: found.scenario,
        decisive,
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

    /// Replays the execution [`REPLAYS`] times; `None` for a race, whose schedule the kernel chose.
    fn reproduce(&mut self, found: &FoundViolation) -> Option<Reproduced> {
        let execution = &found.execution;
        if execution.schedule.is_empty() {
            return None;
        }
        let expected = recorded_calls(&execution.history);
        let mut replayer = self.replayer();
        let same = (0..REPLAYS).filter(|_| {
            let again = replayer.replay(&found.scenario, &execution.schedule);
            again.is_ok_and(|again| {
                violation_of(&again.history, found.property.name()).is_some()
                    && recorded_calls(&again.history) == expected
            })
        });
        Some(Reproduced {
            same: u32::try_from(same.count()).unwrap_or(REPLAYS),
            of: REPLAYS,
        })
    }
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
