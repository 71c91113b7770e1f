//! Reorders an execution within its class, so that given steps and their causes come first.
//!
//! A search runs one arbitrary execution of each class. Two holds that overlap by happens-before need not overlap in it. Knows
//! only steps.

use crate::happens_before::{HappensBefore, Step};
use crate::schedule::Schedule;

/// The order of the same class in which the steps at `first`, and everything that happens before them, come first.
///
/// Give it the last calls of two acquisitions whose holds overlap: then both processes hold after these steps, because neither
/// release is in the causal past of the other acquisition.
///
/// # Panics
///
/// When a position is out of range.
pub fn relinearise(steps: &[Step], first: &[usize]) -> Schedule {
    let width = steps.iter().map(|step| step.process.index() + 1).max();
    let order = HappensBefore::of(width.unwrap_or(0), steps);
    let leads = |position: &usize| first.iter().any(|at| position == at || order.before(*position, *at));
    let (early, late): (Vec<usize>, Vec<usize>) = (0..steps.len()).partition(leads);
    early
        .into_iter()
        .chain(late)
        .map(|position| steps[position].process)
        .collect()
}
