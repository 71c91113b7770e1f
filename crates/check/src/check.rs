//! Checks one plan: runs its backend, shrinks what it found, and concludes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::conclude::conclude;
use super::error::CheckError;
use super::event::{Event, EventSink};
use super::fault_sweep::Fault;
#[cfg(feature = "loom")]
use super::loom_run;
use super::plan::{Backend, Plan};
use super::plan_results::PlanResults;
use super::plan_searches::PlanSearch;
use super::progress::ProgressMonitor;
#[cfg(target_os = "linux")]
use super::race_run;
use super::results::Results;
use super::session::{BackendSession, KeptSession};
use super::shrink::shrink;
use onewinner_core::explore::{Limits, Strategy};
#[cfg(target_os = "linux")]
use onewinner_core::statistics::rate_bounds;
use onewinner_core::verdict::{CutReason, Extent, Judged};

/// The result of a plan.
pub(crate) type CheckResult = Result<Judged, CheckError>;

/// Receives the result of a plan, with its position among the plans.
pub(crate) type EachResult<'a> = dyn FnMut(usize, &Plan, CheckResult) -> ControlFlow<()> + 'a;

/// Runs a plan to its verdict. When `interrupted`, it ends early and judges what it saw.
///
/// # Errors
///
/// If the backend cannot start, e.g. because a directory is missing or not writable.
pub fn check(plan: &Plan, interrupted: &Arc<AtomicBool>, events: &EventSink) -> Result<Judged, CheckError> {
    let mut kept = KeptSession::default();
    let judged = check_until(plan, None, &mut kept, (interrupted, &Arc::default()), events)?;
    close_after(plan, judged, kept.close())
}

/// The verdict on the last plan, after its worker processes were ended. If something is left behind, that decides.
///
/// # Errors
///
/// As [`check`].
pub(crate) fn close_after(plan: &Plan, judged: Judged, closed: Result<(), CheckError>) -> Result<Judged, CheckError> {
    match closed {
        Ok(()) => Ok(judged),
        Err(error) => conclude_error(plan, error),
    }
}

/// The same; a search also ends at `latest`, or when it is `stopped`, and the worker process is kept for the next plan.
pub(crate) fn check_until(
    plan: &Plan,
    latest: Option<Instant>,
    kept: &mut KeptSession<'_>,
    (interrupted, stopped): (&Arc<AtomicBool>, &Arc<AtomicBool>),
    events: &EventSink,
) -> Result<Judged, CheckError> {
    events(Event::Began {
        backend: plan.backend.kind(),
        lock: plan.subject.name().to_owned(),
        scenario: plan.configuration(),
    });
    plan.check_supported()?;
    let progress = &ProgressMonitor::new(interrupted, events).or_stopped_by(stopped);
    let mut session = BackendSession::of(plan).stopped_by(progress).resumed(kept);
    let found = match &plan.backend {
        #[cfg(feature = "loom")]
        Backend::Loom(bounds) => Ok(loom_run::run(plan, *bounds, interrupted, events)?),
        Backend::Sim { strategy, limits } => Ok(search(plan, strategy, *limits, latest, progress, &mut session)?),
        #[cfg(target_os = "linux")]
        Backend::Traced { strategy, limits, .. } => search(plan, strategy, *limits, latest, progress, &mut session),
        #[cfg(target_os = "linux")]
        Backend::Race(options) => race_run::run(plan, options, interrupted, events),
    };
    let judged = found.map(|found| shrink_and_conclude(plan, found, &mut session));
    session.keep(kept);
    let judged = judged.or_else(|error| conclude_error(plan, error))?;
    events(Event::Judged(Box::new(judged.clone())));
    Ok(judged)
}

/// Runs the searches of a plan, one sweep after another.
fn search(
    plan: &Plan,
    strategy: &Strategy,
    limits: Limits,
    latest: Option<Instant>,
    progress: &ProgressMonitor,
    session: &mut BackendSession<'_>,
) -> Result<PlanResults, CheckError> {
    let deadline = Instant::now() + limits.time;
    let search = PlanSearch {
        plan,
        strategy,
        limits,
        deadline: latest.map_or(deadline, |latest| latest.min(deadline)),
        progress,
        threads: &|| 1,
    };
    let mut found = Vec::new();
    for fault in Fault::all_of(plan.fault_sweep, &plan.scenario) {
        found.push(search.sweep(fault, session)?);
    }
    Ok(merge_sweeps(found))
}

/// Merges the results of all sweeps of a plan.
pub(crate) fn merge_sweeps(found: impl IntoIterator<Item = PlanResults>) -> PlanResults {
    let merged = found.into_iter().reduce(PlanResults::merge);
    merged.expect("a plan has at least one sweep")
}

/// The last two stages: shrinks the violation in the results, if there is one, and concludes.
pub(crate) fn shrink_and_conclude(plan: &Plan, mut found: PlanResults, session: &mut BackendSession<'_>) -> Judged {
    let violation = found.results.best.take().filter(|_| found.why_unreliable.is_none());
    let shown = violation.map(|violation| shrink(plan, violation, session));
    conclude(plan, found, shown)
}

/// An inconclusive verdict, if the machine or the backend is the cause of the error.
pub(crate) fn conclude_error(plan: &Plan, error: CheckError) -> Result<Judged, CheckError> {
    let reason = error.inconclusive_reason(&plan.subject).ok_or(error)?;
    let extent = match plan.backend {
        #[cfg(target_os = "linux")]
        Backend::Race(_) => Extent::Sampled {
            violations: 0,
            rate: rate_bounds(0, 0),
        },
        _ => Extent::Cut {
            reason: CutReason::NotStarted,
            preemptions: None,
        },
    };
    let found = PlanResults {
        why_no_pass: Some(reason),
        ..PlanResults::new(Results::default(), extent)
    };
    Ok(conclude(plan, found, None))
}
