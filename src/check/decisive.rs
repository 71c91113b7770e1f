//! The two calls whose order decides: the other way round, nothing is violated.
//!
//! Two conflicting calls are turned round, and the rest is steered along the old schedule as far as that can be. Where
//! each try costs a process for each contender only so many are made, and then nobody knows.

use std::time::{Duration, Instant};

use super::follow::Follower;
use super::replay::violation;
use crate::history::{End, Execution};
use crate::id::ProcessId;

/// In a longer execution the two calls are not looked for: it takes time proportional to the cube of the steps.
const MOST_STEPS: usize = 60;
/// How many executions of real processes are run to find them.
const MOST_TRIES: u32 = 40;
/// How long that may take.
const MOST_TIME: Duration = Duration::from_secs(5);

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
            let must = earlier + free.len() + 1;
            let first = (0..earlier).chain(free).chain([later]);
            let rest = [earlier].into_iter().chain(bound).chain(later + 1..steps.len());
            let turned = first.chain(rest).map(|step| steps[step]).collect();
            let turned = tries.steered(turned, must);
            if turned.is_some_and(|turned| violation(&turned.history, property).is_none()) {
                return Some([calls[earlier].0, calls[later].0]);
            }
        }
    }
    None
}

/// Executions that may still be run.
struct Tries<'a> {
    follower: Follower<'a>,
    left: u32,
    until: Option<Instant>,
}

impl<'a> Tries<'a> {
    fn of(follower: Follower<'a>) -> Self {
        let costly = follower.is_costly();
        Self {
            follower,
            left: if costly { MOST_TRIES } else { u32::MAX },
            until: costly.then(|| Instant::now() + MOST_TIME),
        }
    }

    fn along(&mut self, steps: &[ProcessId]) -> Option<Execution> {
        self.left = self.left.checked_sub(1)?;
        if self.until.is_some_and(|until| Instant::now() > until) {
            return None;
        }
        self.follower.along(&steps.iter().copied().collect()).ok()
    }

    /// A completed execution along `steps`, of which the first `must` are taken, and the others as far as they can be.
    fn steered(&mut self, mut steps: Vec<ProcessId>, must: usize) -> Option<Execution> {
        let everybody = ProcessId::first(self.follower.scenario.participants());
        steps.extend(everybody.flat_map(|process| [process; MOST_STEPS]));
        // Who could not go on last time, and how far the execution had come then.
        let mut stuck: Vec<(ProcessId, usize)> = Vec::new();
        loop {
            let execution = self.along(&steps)?;
            let taken = execution.schedule.len();
            match execution.end {
                End::Completed => return Some(execution),
                End::Diverged { .. } if taken >= must && taken < steps.len() => {
                    let process = steps[taken];
                    let (own, others): (Vec<_>, Vec<_>) =
                        steps.split_off(taken).into_iter().partition(|it| *it == process);
                    steps.extend(others);
                    // It waits for others, or is at its end: then waiting does not help.
                    if !stuck.contains(&(process, taken)) {
                        stuck.push((process, taken));
                        steps.extend(own);
                    }
                }
                End::Diverged { .. } | End::Cut => return None,
            }
        }
    }
}
