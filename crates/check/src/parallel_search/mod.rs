//! A long reduction in rounds, on as many threads as there are to spare.
//!
//! Whether a search is long, and what of a round counts, depends on what executions show and on nothing else: so the verdict,
//! the outcomes and the counterexample are the same for every number of threads, until the time is over.

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::plan_searches::{Belongs, Search, Seen, enough};
use super::{Backend, CheckError, Plan};
use onewinner_core::backend::sim;
use onewinner_core::explore::{Dpor, Limits, Searched, Strategy, Task, search_in_parallel_observed};
use onewinner_core::history::Execution;
use onewinner_core::verdict::CutReason;

/// A reduction that is not over after so many executions, and found nothing, begins anew in rounds. To run these twice takes
/// less time than anybody notices; and a violation that comes soon is found by one search, in its order.
const ALONE: u64 = 1_000;
/// Down to which step the tree is shared out. On `create-new` in cycles 4×2 and 3×3 (112,000 and 95,000 classes) depths from 2
/// to 8 cost as much as no rounds at all, and 14 twice as much; two threads on two cores take 0.55 to 0.8 of the time. In
/// cycles 5×2 the one task of the first round takes longer than the six seconds that were measured, so that a second thread
/// gains nothing; and a depth of 20 halves the executions per second, for the tree grows.
const DEPTH: usize = 6;

/// Whether a search goes on in rounds.
pub(super) fn pay(backend: &Backend, limits: Limits, seen: &Seen) -> bool {
    let Backend::Sim { strategy, .. } = backend else {
        return false;
    };
    *strategy == Strategy::Dpor && seen.executions == ALONE && limits.executions > ALONE && seen.tally.best.is_none()
}

/// Runs a search in rounds.
///
/// Tasks count in their order, until those that count are enough: see [`Count::ends`]. Those behind are told to stop.
pub(super) fn run(
    search: Search<'_>,
    limits: Limits,
    threads: &dyn Fn() -> usize,
    belongs: &mut Belongs<'_>,
) -> Result<(Searched, Seen), CheckError> {
    let Search { plan, scenario, .. } = search;
    let primitive = plan.primitive()?;
    let (belongs, round) = (Mutex::new(belongs), Mutex::new(Round::default()));
    let work = |number: usize, task: &Task, left| {
        let (mut seen, mut part) = (Seen::default(), Dpor::for_task(task));
        let watch = &mut |execution: Execution| {
            let (before, share) = locked(&round).before(number);
            if before.ends(plan, limits).is_some() {
                return ControlFlow::Break(());
            }
            let belongs = locked(&belongs)(&execution.history);
            let goes_on = seen.take(search, execution, belongs, share);
            locked(&round).tell(number, Count::of(&seen));
            goes_on
        };
        let searched = sim::explore(primitive, scenario, &mut part, left, watch);
        (part.into_result(searched), seen)
    };
    let (mut all, mut count) = (Seen::default(), Count::default());
    let after_round = &mut |tasks: Vec<Seen>, share| {
        for seen in tasks {
            count = count.then(Count::of(&seen));
            all.executions = count.executions;
            all.tally = std::mem::take(&mut all.tally).and(seen.tally);
            all.decided = count.ends(plan, limits);
            if all.decided.is_some() {
                return ControlFlow::Break(());
            }
        }
        *locked(&round) = Round {
            begun: count,
            tasks: Vec::new(),
            share: Some(share),
        };
        ControlFlow::Continue(())
    };
    let searched = search_in_parallel_observed(DEPTH, threads, limits, &work, after_round);
    Ok((searched, all))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How far the tasks of a round are.
#[derive(Default)]
struct Round {
    /// What was counted before it.
    begun: Count,
    /// By their numbers.
    tasks: Vec<Count>,
    /// Which share of the search was behind it when it began, as far as can be told.
    share: Option<f64>,
}

impl Round {
    /// What is there to count, so far, before a task. It only grows: if it is enough, it will be.
    fn before(&self, number: usize) -> (Count, Option<f64>) {
        let before = self.tasks.iter().take(number).copied();
        (before.fold(self.begun, Count::then), self.share)
    }

    fn tell(&mut self, number: usize, count: Count) {
        if self.tasks.len() <= number {
            self.tasks.resize(number + 1, Count::default());
        }
        self.tasks[number] = count;
    }
}

/// What decides whether more is to be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    executions: u64,
    /// Those that belong to the search.
    belong: u64,
    /// How many of these came after the first violation.
    since_first: Option<u64>,
}

impl Count {
    fn of(seen: &Seen) -> Self {
        let tally = &seen.tally;
        Self {
            executions: seen.executions,
            belong: tally.executions,
            since_first: tally.best.as_ref().map(|_| tally.since_first),
        }
    }

    /// Both, one after the other.
    fn then(self, next: Self) -> Self {
        let since_first = self.since_first.map(|since| since + next.belong);
        Self {
            executions: self.executions + next.executions,
            belong: self.belong + next.belong,
            since_first: since_first.or(next.since_first),
        }
    }

    /// The limit that is reached, if one is.
    fn ends(self, plan: &Plan, limits: Limits) -> Option<CutReason> {
        let decided = self.since_first.and_then(|since| enough(plan, since, Instant::now()));
        let most = limits.executions;
        decided.or_else(|| (self.executions > most).then_some(CutReason::Executions(most)))
    }
}
