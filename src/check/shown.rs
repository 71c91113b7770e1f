//! A violation made easy to read: with no more processes than needed, the two calls whose order decides, and replays.

use std::ops::ControlFlow;
use std::time::Duration;

use super::Plan;
use super::replay::{follow, follow_in, reproduce, violation};
use super::searches::run;
use super::tally::{Found, Tally, overlaps_as_shown};
use crate::explore::{Limits, Strategy, relinearise};
use crate::history::{End, Execution};
use crate::id::ProcessId;
use crate::primitive::LockPrimitive;
use crate::scenario::{Kind, LEAST_PROCESSES, Scenario, Subject};
use crate::schedule::Schedule;
use crate::verdict::Counterexample;

/// How far the search for a violation with fewer processes goes.
const FEWER: Limits = Limits {
    executions: 20_000,
    steps: 10_000,
    time: Duration::from_secs(5),
};
/// In a longer execution the two calls are not looked for: it takes time proportional to the cube of the steps.
const MOST_STEPS: usize = 60;

/// The counterexample that is shown for what was found.
pub(super) fn shown(plan: &Plan, found: Found) -> Counterexample {
    let found = with_fewer(plan, &found).unwrap_or(found);
    let found = at_once(plan, &found).unwrap_or(found);
    let property = found.property.name();
    let decisive = match (&plan.subject, &plan.world) {
        // The simulated world does the same along the same schedule: the traced one holds it against the kernel.
        (Subject::Primitive(primitive), world) if world.is_searched() => {
            decisive(*primitive, &found.scenario, &found.execution, property)
        }
        _ => None,
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

/// The same class in an order in which what is wrong is there at one moment: two holds that overlap by happens-before alone
/// need not overlap in the order that was run.
fn at_once(plan: &Plan, found: &Found) -> Option<Found> {
    let Subject::Primitive(primitive) = &plan.subject else {
        return None;
    };
    if found.property.name() != "mutual-exclusion" || overlaps_as_shown(&found.execution.history) {
        return None;
    }
    let history = &found.execution.history;
    let number = |event: &usize| history.calls().take_while(|(position, ..)| position < event).count();
    let moments: Vec<usize> = found.violation.events.iter().map(number).collect();
    let schedule = relinearise(&history.steps(), &moments);
    let execution = follow_in(
        plan.world.follows(),
        plan.world.directory(),
        *primitive,
        &found.scenario,
        &schedule,
    )
    .ok()?;
    let (_, violation) = violation(&execution.history, found.property.name())?;
    Some(Found {
        property: found.property,
        violation,
        execution,
        scenario: found.scenario.clone(),
    })
}

/// The same property violated with fewer processes.
fn with_fewer(plan: &Plan, found: &Found) -> Option<Found> {
    if !plan.world.is_searched() || found.scenario.kill.is_some() || matches!(found.scenario.kind, Kind::Fault { .. }) {
        return None;
    }
    (LEAST_PROCESSES..found.scenario.processes).find_map(|processes| {
        let scenario = Scenario {
            processes,
            ..found.scenario.clone()
        };
        let mut tally = Tally::default();
        let searched = run(plan, &scenario, &Strategy::Dpor, FEWER, &mut |execution| {
            tally.take(&scenario, execution, 1);
            ControlFlow::Continue(())
        });
        let same = |fewer: &Found| fewer.property.name() == found.property.name();
        searched.ok().and(tally.best).filter(same)
    })
}

/// The events of two calls of different processes: the other way round, the property is not violated.
pub(super) fn decisive(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    execution: &Execution,
    property: &str,
) -> Option<[usize; 2]> {
    let calls: Vec<_> = execution.history.calls().collect();
    let steps = execution.schedule.steps();
    if calls.len() != steps.len() || steps.len() > MOST_STEPS {
        return None;
    }
    let order = execution.history.order();
    let before = |one: usize, other: usize| order.before(calls[one].0, calls[other].0);
    for later in 0..steps.len() {
        for earlier in 0..later {
            let direct = steps[earlier] != steps[later]
                && before(earlier, later)
                && !(earlier + 1..later).any(|between| before(earlier, between) && before(between, later));
            if !direct {
                continue;
            }
            // What does not follow from the earlier call, then the later one, then the rest as it comes.
            let (free, bound): (Vec<_>, Vec<_>) = (earlier + 1..later).partition(|step| !before(earlier, *step));
            let first = (0..earlier).chain(free).chain([later]).map(|step| steps[step]);
            let rest = [earlier].into_iter().chain(bound).chain(later + 1..steps.len());
            let rest = rest.map(|step| steps[step]);
            let turned = steered(primitive, scenario, first.collect(), rest);
            if turned.is_some_and(|turned| violation(&turned.history, property).is_none()) {
                return Some([calls[earlier].0, calls[later].0]);
            }
        }
    }
    None
}

/// An execution along `first`, then along as much of `rest` as can be, then to its end.
fn steered(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    first: Vec<ProcessId>,
    rest: impl Iterator<Item = ProcessId>,
) -> Option<Execution> {
    let along = |steps: &[ProcessId]| {
        let schedule: Schedule = steps.iter().copied().collect();
        Some(follow(primitive, scenario, &schedule)).filter(|execution| !matches!(execution.end, End::Diverged { .. }))
    };
    let mut steps = first;
    let mut last = along(&steps)?;
    let to_the_end = ProcessId::first(scenario.processes).flat_map(|process| [process; MOST_STEPS]);
    for process in rest.chain(to_the_end) {
        steps.push(process);
        match along(&steps) {
            Some(longer) if longer.schedule.len() == steps.len() => last = longer,
            _ => drop(steps.pop()),
        }
    }
    (last.end == End::Completed).then_some(last)
}
