//! Runs a lock under loom.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::CheckError;
use super::event::EventSink;
use super::plan::Plan;
use super::plan_results::PlanResults;
use super::progress::ProgressMonitor;
use super::results::Results;
use onewinner_core::backend::loom::{self, Bounds};
use onewinner_core::explore::Stop;
use onewinner_core::verdict::{Bound, CutReason, Extent, Unit};

/// Why loom may have missed an order of calls.
const CROSSED: &str = "a call touched files in a way that no earlier execution had shown, so loom may have missed an order; \
                       this is a limit of the loom backend, use `explore --backend sim`";

/// Runs the lock of a plan.
pub(crate) fn run(
    plan: &Plan,
    bounds: Bounds,
    interrupted: &Arc<AtomicBool>,
    events: &EventSink,
) -> Result<PlanResults, CheckError> {
    let results = Arc::new(Mutex::new(Results::default()));
    let (shared, scenario) = (Arc::clone(&results), plan.scenario.clone());
    let (judged, progress) = (plan.judged, ProgressMonitor::new(interrupted, events));
    let modelled = loom::model(
        plan.primitive()?,
        &plan.scenario,
        bounds,
        interrupted,
        move |execution| {
            let depth = execution.schedule.len();
            let mut results = shared.lock().unwrap_or_else(PoisonError::into_inner);
            results.add(&scenario, judged, execution, 1);
            progress.count_execution(depth, None);
        },
    );
    let results = std::mem::take(&mut *results.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(PlanResults {
        why_no_pass: modelled.crossed.then(|| CROSSED.to_owned()),
        ..PlanResults::new(results, extent(modelled.searched.stop, bounds))
    })
}

fn extent(stop: Stop, bounds: Bounds) -> Extent {
    let reason = match stop {
        Stop::Exhausted => {
            let named = bounds
                .preemptions
                .map(|most| Bound::Preemptions(u32::try_from(most).unwrap_or(u32::MAX)));
            return Extent::Complete {
                each: Unit::Schedule,
                bounds: named.into_iter().collect(),
            };
        }
        Stop::Executions => CutReason::Executions(bounds.executions),
        Stop::Steps => CutReason::Steps(loom::MOST_BRANCHES),
        Stop::Time => CutReason::Time(bounds.time),
        Stop::Requested => CutReason::Interrupt,
        Stop::Failed => unreachable!("the simulated file system never fails"),
    };
    Extent::Cut {
        reason,
        preemptions: None,
    }
}
