//! One search: adds each execution to its results, and decides when enough was seen.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::error::CheckError;
use super::plan::Plan;
use super::progress::ProgressMonitor;
use super::results::Results;
use super::session::BackendSession;
use super::violation::FoundViolation;
use onewinner_core::explore::{Limits, Searched, Strategy};
use onewinner_core::history::{End, Execution, History};
use onewinner_core::property::PropertyClass;
use onewinner_core::scenario::{Scenario, Subject};
use onewinner_core::verdict::CutReason;

/// The number of executions that the search runs after a violation, to find a violation that is easier to read.
const EXECUTIONS_AFTER_VIOLATION: u64 = 100_000;
/// The same limit for a program, as a time: its executions take a thousand times as long, some of them a second.
const TIME_AFTER_VIOLATION: Duration = Duration::from_secs(5);

/// One search of a scenario.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) scenario: &'a Scenario,
    pub(crate) progress: &'a ProgressMonitor,
}

/// Returns whether an execution belongs to a search.
pub(crate) type Filter<'a> = dyn FnMut(&History) -> bool + Send + 'a;

impl Search<'_> {
    /// Runs the search until it is over, `is_long` returns true, or enough was seen. Also returns the notes of the backend,
    /// and whether `is_long` ended it.
    pub(crate) fn run(
        self,
        strategy: &Strategy,
        limits: Limits,
        session: &mut BackendSession<'_>,
        is_long: &dyn Fn(&SearchResults) -> bool,
        filter: &mut Filter<'_>,
    ) -> Result<(Searched, Vec<String>, SearchResults, bool), CheckError> {
        let began = Instant::now();
        session.search_anew(|session| {
            let (mut found, mut stopped_as_long) = (SearchResults::default(), false);
            let share = Cell::new(None);
            let progress = &mut |estimate| share.set(Some(estimate));
            let limits = Limits {
                time: limits.time.saturating_sub(began.elapsed()),
                ..limits
            };
            let (searched, notes) = session.search(self.scenario, strategy, limits, progress, &mut |execution| {
                let belongs = filter(&execution.history);
                let next = found.add(self, execution, belongs, share.get());
                stopped_as_long = next.is_continue() && is_long(&found);
                if stopped_as_long { ControlFlow::Break(()) } else { next }
            })?;
            if session.is_superseded() {
                self.progress.discount(found.executions);
            }
            Ok((searched, notes, found, stopped_as_long))
        })
    }
}

/// The results of a search, or of one task of it, so far.
#[derive(Default)]
pub(crate) struct SearchResults {
    pub(crate) results: Results,
    /// The number of executions, including those that belong to another search.
    pub(crate) executions: u64,
    /// The limit that was reached after a violation.
    pub(crate) cut: Option<CutReason>,
    /// The time of the first violation.
    violated: Option<Instant>,
}

impl SearchResults {
    /// Adds an execution. `share` is the estimated share of the search that is done.
    pub(crate) fn add(
        &mut self,
        search: Search<'_>,
        execution: Execution,
        belongs: bool,
        share: Option<f64>,
    ) -> ControlFlow<()> {
        let depth = execution.schedule.len();
        self.executions += 1;
        // A lost execution counts everywhere: it might have belonged.
        if belongs || execution.end != End::Completed {
            self.results.add(search.scenario, search.plan.judged, execution, 1);
        }
        search.progress.count_execution(depth, share);
        if self.results.best.is_some() && self.is_worst(search.plan) {
            let violated = *self.violated.get_or_insert_with(Instant::now);
            self.cut = limit_after_violation(search.plan, self.results.since_first, violated);
        }
        if self.cut.is_some() || search.progress.is_stopped() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl SearchResults {
    /// Whether nothing worse than the violation so far can follow: several processes get the lock of a program, or none does.
    fn is_worst(&self, plan: &Plan) -> bool {
        let excludes = |best: &FoundViolation| best.property.class() != PropertyClass::Exclusion;
        matches!(plan.subject, Subject::Primitive(_))
            || !self.results.won
            || !self.results.best.as_ref().is_some_and(excludes)
    }
}

/// The limit that is reached, `executions` after a violation at this time.
pub(crate) fn limit_after_violation(plan: &Plan, executions: u64, violated: Instant) -> Option<CutReason> {
    let program = matches!(plan.subject, Subject::Program(_));
    if executions > EXECUTIONS_AFTER_VIOLATION {
        Some(CutReason::ExecutionsAfterViolation(EXECUTIONS_AFTER_VIOLATION))
    } else if program && violated.elapsed() > TIME_AFTER_VIOLATION {
        Some(CutReason::TimeAfterViolation(TIME_AFTER_VIOLATION))
    } else {
        None
    }
}
