//! Finds the two calls whose order decides: in the other order, nothing is violated.
//!
//! For each pair of conflicting calls it swaps the two, and replays the rest of the schedule as far as possible. If replays
//! are limited, it may find no pair.

use super::replayer::GuidedReplays;
use super::violation::violation_of;
use onewinner_core::history::{End, Execution};
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::Scenario;
use onewinner_core::schedule::Schedule;

/// The most steps of an execution in which the pair is searched: the time grows with their cube.
const MOST_STEPS: usize = 60;

/// The events of two calls of different processes whose order decides whether the property is violated.
pub(crate) fn decisive_pair(
    replays: &mut GuidedReplays<'_, '_>,
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
            // First the steps that do not depend on the earlier call, then the later call, then the others in their order.
            let (free, bound): (Vec<_>, Vec<_>) = (earlier + 1..later).partition(|step| !before(earlier, *step));
            let first: Vec<ProcessId> = (0..earlier)
                .chain(free)
                .chain([later])
                .map(|step| steps[step])
                .collect();
            let rest = [earlier].into_iter().chain(bound).chain(later + 1..steps.len());
            let rest = rest.map(|step| steps[step]);
            let schedule: Schedule = first.iter().copied().chain(rest).collect();
            let swapped = replays.run(scenario, &schedule)?;
            let is_swapped = swapped.schedule.steps().starts_with(&first) && swapped.end == End::Completed;
            if is_swapped && violation_of(&swapped.history, property).is_none() {
                return Some([calls[earlier].0, calls[later].0]);
            }
        }
    }
    None
}
