//! Parallel search: runs a long reduction in rounds, on the threads that are free.
//!
//! Whether a search is long, and what of a round counts, depends on what executions show alone. So the verdict, the outcomes
//! and the counterexample do not depend on the number of threads, unless time runs out.

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::error::CheckError;
use super::plan::{Backend, Plan};
use super::search::{Filter, Search, SearchResults, limit_after_violation};
use onewinner_core::backend::sim;
use onewinner_core::explore::{Dpor, Limits, Searched, Strategy, Task, search_in_parallel_observed};
use onewinner_core::history::Execution;
use onewinner_core::verdict::CutReason;

/// A reduction with more executions than this that found nothing starts again in rounds. Running these twice takes little
/// time, and one search finds an early violation in its own order.
const SEQUENTIAL_EXECUTIONS: u64 = 1_000;
/// The number of first steps by which the tree is split into tasks. On `create-new` in cycles 4×2 and 3×3 (112,000 and 95,000
/// classes) depths from 2 to 8 cost as much as no rounds at all, and 14 twice as much; two threads on two cores take 0.55 to
/// 0.8 of the time. In cycles 5×2 the one task of the first round takes longer than the six seconds measured, so a second
/// thread gains nothing. A depth of 20 halves the executions per second, because the tree grows.
const SPLIT_DEPTH: usize = 6;

/// Whether a search should continue in rounds.
pub(crate) fn pays(backend: &Backend, limits: Limits, found: &SearchResults) -> bool {
    let Backend::Sim { strategy, .. } = backend else {
        return false;
    };
    *strategy == Strategy::Dpor
        && found.executions == SEQUENTIAL_EXECUTIONS
        && limits.executions > SEQUENTIAL_EXECUTIONS
        && found.results.best.is_none()
}

/// Runs a search in rounds.
///
/// Tasks count in their order until a limit is reached: see [`SearchCount::limit`]. The tasks after that stop.
pub(crate) fn run(
    search: Search<'_>,
    limits: Limits,
    threads: &dyn Fn() -> usize,
    belongs: &mut Filter<'_>,
) -> Result<(Searched, SearchResults), CheckError> {
    let Search { plan, scenario, .. } = search;
    let primitive = plan.primitive()?;
    let (belongs, round) = (Mutex::new(belongs), Mutex::new(Round::default()));
    let work = |number: usize, task: &Task, left| {
        let (mut found, mut dpor) = (SearchResults::default(), Dpor::for_task(task));
        let watch = &mut |execution: Execution| {
            let (before, share) = locked(&round).count_before(number);
            if before.limit(plan, limits).is_some() {
                return ControlFlow::Break(());
            }
            let belongs = locked(&belongs)(&execution.history);
            let next = found.add(search, execution, belongs, share);
            locked(&round).update(number, SearchCount::of(&found));
            next
        };
        let searched = sim::explore(primitive, scenario, &mut dpor, left, watch);
        (dpor.into_result(searched), found)
    };
    let (mut all, mut count) = (SearchResults::default(), SearchCount::default());
    let end_round = &mut |tasks: Vec<SearchResults>, share| {
        for found in tasks {
            count = count.then(SearchCount::of(&found));
            all.executions = count.executions;
            all.results = std::mem::take(&mut all.results).merge(found.results);
            all.cut = count.limit(plan, limits);
            if all.cut.is_some() {
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
    let searched = search_in_parallel_observed(SPLIT_DEPTH, threads, limits, &work, end_round);
    Ok((searched, all))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The progress of the tasks of a round.
#[derive(Default)]
struct Round {
    /// The count before the round.
    begun: SearchCount,
    /// The count of each task, by its number.
    tasks: Vec<SearchCount>,
    /// The estimated share of the search that was done when the round began.
    share: Option<f64>,
}

impl Round {
    /// The count of all tasks before this one, so far, and the share. The count only grows, so a limit stays reached.
    fn count_before(&self, number: usize) -> (SearchCount, Option<f64>) {
        let before = self.tasks.iter().take(number).copied();
        (before.fold(self.begun, SearchCount::then), self.share)
    }

    fn update(&mut self, number: usize, count: SearchCount) {
        if self.tasks.len() <= number {
            self.tasks.resize(number + 1, SearchCount::default());
        }
        self.tasks[number] = count;
    }
}

/// The numbers that decide whether a limit is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct SearchCount {
    executions: u64,
    /// Executions that belong to the search.
    belong: u64,
    /// How many of these ran after the first violation.
    since_first: Option<u64>,
}

impl SearchCount {
    fn of(found: &SearchResults) -> Self {
        let results = &found.results;
        Self {
            executions: found.executions,
            belong: results.executions,
            since_first: results.best.as_ref().map(|_| results.since_first),
        }
    }

    /// Both counts, one after the other.
    fn then(self, next: Self) -> Self {
        let since_first = self.since_first.map(|since| since + next.belong);
        Self {
            executions: self.executions + next.executions,
            belong: self.belong + next.belong,
            since_first: since_first.or(next.since_first),
        }
    }

    /// The limit that is reached, if any.
    fn limit(self, plan: &Plan, limits: Limits) -> Option<CutReason> {
        let cut = self
            .since_first
            .and_then(|since| limit_after_violation(plan, since, Instant::now()));
        let most = limits.executions;
        cut.or_else(|| (self.executions > most).then_some(CutReason::Executions(most)))
    }
}
