//! The two calls whose order decides: the other way round, nothing is violated.
//!
//! Two conflicting calls are turned round, and the rest is led along the old schedule as far as that can be. Where each try
//! costs a process for each contender only so many are made, and then nobody knows.

use super::replay::violation;
use super::replayer::{Follower, Tries};
use onewinner_core::history::{End, Execution};
use onewinner_core::id::ProcessId;
use onewinner_core::schedule::Schedule;

/// In a longer execution the two calls are not looked for: it takes time proportional to the cube of the steps.
const MOST_STEPS: usize = 60;

/// The events of two calls of different processes that decide whether the property is violated, if they can be found.
pub(super) fn decisive(follower: &Follower<'_>, execution: &Execution, property: &str) -> Option<[usize; 2]> {
    let calls: Vec<_> = execution.history.calls().collect();
    let steps = execution.schedule.steps();
    if calls.len() != steps.len() || steps.len() > MOST_STEPS {
        return None;
    }
    let mut tries = Tries::of(follower.cheapest());
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
            let first: Vec<ProcessId> = (0..earlier)
                .chain(free)
                .chain([later])
                .map(|step| steps[step])
                .collect();
            let rest = [earlier].into_iter().chain(bound).chain(later + 1..steps.len());
            let rest = rest.map(|step| steps[step]);
            let schedule: Schedule = first.iter().copied().chain(rest).collect();
            let turned = tries.guided_by(&schedule)?;
            let is_turned = turned.schedule.steps().starts_with(&first) && turned.end == End::Completed;
            if is_turned && violation(&turned.history, property).is_none() {
                return Some([calls[earlier].0, calls[later].0]);
            }
        }
    }
    None
}
