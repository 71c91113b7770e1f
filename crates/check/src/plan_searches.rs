//! Runs the searches of a plan, one sweep after another, and merges their results.

use std::time::Instant;

use super::error::CheckError;
use super::fault_sweep::{Fault, Sweep};
use super::parallel_search;
use super::plan::Plan;
use super::plan_results::PlanResults;
use super::progress::ProgressMonitor;
use super::results::Results;
use super::search::{Filter, Search, SearchResults};
use super::session::BackendSession;
use onewinner_core::explore::{Covered, Limits, Searched, Stop, Strategy};
use onewinner_core::verdict::{Bound, CutReason, Extent, Unit};

/// What the sweeps of a plan share.
#[derive(Clone, Copy)]
pub(crate) struct PlanSearch<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) strategy: &'a Strategy,
    pub(crate) limits: Limits,
    pub(crate) deadline: Instant,
    pub(crate) progress: &'a ProgressMonitor,
    /// The number of threads that a long search may use now.
    pub(crate) threads: &'a dyn Fn() -> usize,
}

impl PlanSearch<'_> {
    /// Runs the searches of one sweep until the deadline.
    pub(crate) fn sweep(self, fault: Fault, session: &mut BackendSession<'_>) -> Result<PlanResults, CheckError> {
        let nothing = Extent::Complete {
            each: unit(self.strategy),
            bounds: Vec::new(),
        };
        let mut merged = PlanResults::new(Results::default(), nothing);
        let mut sweep = Sweep::of(fault, &self.plan.scenario);
        while let Some(scenario) = sweep.next_scenario() {
            let search = Search {
                plan: self.plan,
                scenario: &scenario,
                progress: self.progress,
            };
            let (searched, notes, found) = self.search(search, session, &mut |history| sweep.observe(history))?;
            let SearchResults { mut results, cut, .. } = found;
            results.blocked = searched.blocked;
            results.failure.clone_from(&searched.failure);
            results.left_out.clone_from(&searched.left_out);
            results.notes.extend(notes);
            let extent = self.extent(fault, &searched, cut);
            let complete = matches!(extent, Extent::Complete { .. }) && results.lost == 0;
            merged = merged.merge(PlanResults::new(results, extent));
            if !complete {
                break;
            }
        }
        Ok(merged)
    }

    /// Runs one search; in parallel, if it is long.
    fn search(
        self,
        search: Search<'_>,
        session: &mut BackendSession<'_>,
        filter: &mut Filter<'_>,
    ) -> Result<(Searched, Vec<String>, SearchResults), CheckError> {
        let limits = self.limits_now();
        let is_long = |found: &SearchResults| parallel_search::pays(&self.plan.backend, limits, found);
        let (searched, notes, found, stopped_as_long) = search.run(self.strategy, limits, session, &is_long, filter)?;
        if !stopped_as_long {
            return Ok((searched, notes, found));
        }
        self.progress.discount(searched.executions);
        let (searched, found) = parallel_search::run(search, self.limits_now(), self.threads, filter)?;
        Ok((searched, notes, found))
    }

    fn limits_now(self) -> Limits {
        Limits {
            time: self.deadline.saturating_duration_since(Instant::now()),
            ..self.limits
        }
    }

    fn extent(self, fault: Fault, searched: &Searched, cut: Option<CutReason>) -> Extent {
        let lost = searched.lost + searched.diverged;
        let reason = match searched.stop {
            Stop::Exhausted if lost > 0 => CutReason::Lost(lost),
            Stop::Exhausted => {
                let preemptions = match searched.covered {
                    Covered::Preemptions(most) => Some(Bound::Preemptions(most)),
                    Covered::Everything | Covered::Some => None,
                };
                let polls = searched.poll_limit.map(Bound::Polls);
                let bounds = preemptions.into_iter().chain(polls).collect();
                let each = unit(self.strategy);
                return Extent::Complete { each, bounds };
            }
            Stop::Executions => CutReason::Executions(self.limits.executions),
            Stop::Steps => CutReason::Steps(self.limits.steps),
            Stop::Time => CutReason::Time(self.limits.time),
            Stop::Requested => cut.unwrap_or(CutReason::Interrupt),
            Stop::Failed => CutReason::Lost(lost),
        };
        let preemptions = match searched.covered {
            // The later searches of a sweep do not run at all.
            Covered::Preemptions(most) if fault == Fault::None => Some(most),
            _ => None,
        };
        Extent::Cut { reason, preemptions }
    }
}

fn unit(strategy: &Strategy) -> Unit {
    match strategy {
        Strategy::Dpor | Strategy::SleepSets => Unit::Class,
        Strategy::Exhaustive
        | Strategy::Adaptive { .. }
        | Strategy::Bounded { .. }
        | Strategy::Pct { .. }
        | Strategy::Random { .. }
        | Strategy::Replay { .. }
        | Strategy::Guided { .. } => Unit::Schedule,
    }
}
