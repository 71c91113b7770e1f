//! A violation made easy to read: with no more processes than needed, with both holds at one moment, and replayed.

use std::ops::ControlFlow;
use std::time::Duration;

use super::Plan;
use super::decisive_pair::decisive;
use super::plan_searches::run;
use super::replay::{reproduce, violation};
use super::replayer::{Follower, Tries};
use super::results::{Found, Tally, overlaps_as_shown};
use onewinner_core::explore::{Limits, Strategy, minimise, relinearise};
use onewinner_core::fs::call::Call;
use onewinner_core::history::{End, Event, Execution, History, What};
use onewinner_core::scenario::{LEAST_PROCESSES, Scenario, ScenarioKind, Subject};
use onewinner_core::schedule::Schedule;
use onewinner_core::verdict::Counterexample;

/// How far the search for a violation with fewer processes goes.
const FEWER: Limits = Limits {
    executions: 20_000,
    steps: 10_000,
    time: Duration::from_secs(5),
};
/// Two processes show nearly all with that many, and a program has no reduction.
const FEWER_PREEMPTIONS: u32 = 2;

/// How many schedules are tried to make one easier to read; of real processes fewer.
const MINIMISING: u32 = 2_000;

/// The counterexample that is shown for what was found.
pub(super) fn shown(plan: &Plan, found: Found) -> Counterexample {
    let found = with_fewer(plan, &found).unwrap_or(found);
    let found = easier(plan, &found).unwrap_or(found);
    let found = at_once(plan, &found).unwrap_or(found);
    let property = found.property.name();
    let follower = Follower::of(plan, &found.scenario);
    let decisive = match plan.backend.is_searched() {
        true => decisive(&follower, &found.execution, property),
        false => None,
    };
    Counterexample {
        property,
        sentence: found.violation.sentence,
        reproduced: reproduce(plan, &found.scenario, &found.execution, property),
        execution: found.execution,
        scenario: found.scenario,
        decisive,
    }
}

/// The same property violated with fewer preemptions, or in fewer steps.
fn easier(plan: &Plan, found: &Found) -> Option<Found> {
    let steps = found.execution.history.steps();
    if !plan.backend.is_searched() || steps.len() != found.execution.schedule.len() {
        return None;
    }
    let mut tries = Tries::of(Follower::of(plan, &found.scenario).cheapest());
    let violates = |execution: &Execution| {
        let history = &execution.history;
        let as_disturbed = disturbances(history) == disturbances(&found.execution.history);
        execution.end == End::Completed && as_disturbed && violation(history, found.property.name()).is_some()
    };
    let schedule = minimise(&steps, MINIMISING, &mut |schedule| {
        let execution = tries.guided_by(schedule).filter(violates)?;
        Some(execution.history.steps())
    });
    found.along(plan, &schedule)
}

/// How many kills and injected errors came: without them it would be another story.
fn disturbances(history: &History) -> usize {
    let disturbs = |event: &&Event| match &event.what {
        What::Injected { .. } => true,
        What::Performed { call, .. } => *call == Call::Die,
        _ => false,
    };
    history.events.iter().filter(disturbs).count()
}

/// The same class in an order in which what is wrong is there at one moment: two holds that overlap by happens-before alone
/// need not overlap in the order that was run.
fn at_once(plan: &Plan, found: &Found) -> Option<Found> {
    if found.property.name() != "mutual-exclusion" || overlaps_as_shown(&found.execution.history) {
        return None;
    }
    let history = &found.execution.history;
    let number = |event: &usize| history.calls().take_while(|(position, ..)| position < event).count();
    let moments: Vec<usize> = found.violation.events.iter().map(number).collect();
    let schedule = relinearise(&history.steps(), &moments);
    found.along(plan, &schedule)
}

impl Found {
    /// The same violation along another schedule, if it shows there.
    fn along(&self, plan: &Plan, schedule: &Schedule) -> Option<Self> {
        let execution = Follower::of(plan, &self.scenario).along(schedule).ok()?;
        let (_, violation) = violation(&execution.history, self.property.name())?;
        Some(Self {
            property: self.property,
            violation,
            execution,
            scenario: self.scenario.clone(),
        })
    }
}

/// The same property violated with fewer processes.
fn with_fewer(plan: &Plan, found: &Found) -> Option<Found> {
    if !plan.backend.is_searched()
        || !found.scenario.kills.is_empty()
        || matches!(found.scenario.kind, ScenarioKind::Fault { .. })
    {
        return None;
    }
    let strategy = match plan.subject {
        Subject::Primitive(_) => Strategy::Dpor,
        Subject::Program(_) => Strategy::Bounded {
            preemptions: FEWER_PREEMPTIONS,
        },
    };
    (LEAST_PROCESSES..found.scenario.processes).find_map(|processes| {
        let scenario = Scenario {
            processes,
            ..found.scenario.clone()
        };
        let mut tally = Tally::default();
        let searched = run(plan, &scenario, &strategy, FEWER, &mut |_| {}, &mut |execution| {
            tally.take(&scenario, plan.judged, execution, 1);
            ControlFlow::Continue(())
        });
        let same = |fewer: &Found| fewer.property.name() == found.property.name();
        searched.ok().and(tally.best).filter(same)
    })
}
