//! A lock under loom, judged.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::results::Tally;
use super::{CheckError, EventSink, Plan, Watch, conclude};
use onewinner_core::backend::loom::{self, Bounds};
use onewinner_core::explore::Stop;
use onewinner_core::verdict::{CutReason, Extent, Judged, Unit, at_most};

pub(super) fn modelled(
    plan: &Plan,
    bounds: Bounds,
    interrupted: &Arc<AtomicBool>,
    tell: &EventSink,
) -> Result<Judged, CheckError> {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (taking, scenario) = (Arc::clone(&tally), plan.scenario.clone());
    let (judged, watch) = (plan.judged, Watch::new(interrupted, tell));
    let modeled = loom::model(
        plan.primitive()?,
        &plan.scenario,
        bounds,
        interrupted,
        move |execution| {
            let depth = execution.schedule.len();
            let mut tally = taking.lock().unwrap_or_else(PoisonError::into_inner);
            tally.take(&scenario, judged, execution, 1);
            watch.saw(depth, None);
        },
    );
    let tally = std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner));
    let crossed = "a call touched files in a way that no execution had shown before, so that loom may have missed an order; \
                   this is a limit of the loom backend, use `explore --backend sim`";
    let doubt = modeled.crossed.then(|| crossed.to_owned());
    Ok(conclude(plan, tally, extent(modeled.searched.stop, bounds), doubt))
}

fn extent(stop: Stop, bounds: Bounds) -> Extent {
    let reason = match stop {
        Stop::Exhausted => {
            let named = bounds.preemptions.map(at_most::<usize>);
            return Extent::Complete {
                each: Unit::Schedule,
                bounds: named.into_iter().collect(),
            };
        }
        Stop::Executions => CutReason::Executions(bounds.executions),
        Stop::Steps => CutReason::Steps(loom::MOST_BRANCHES),
        Stop::Time => CutReason::Time(bounds.time),
        Stop::Requested => CutReason::Interrupt,
    };
    Extent::Cut {
        reason,
        preemptions: None,
    }
}
