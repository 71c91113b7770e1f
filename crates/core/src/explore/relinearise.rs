//! The same class in another order: what leads to some steps comes first.
//!
//! A search runs one execution of each class, in whatever order it came to; two holds that overlap by happens-before need not
//! overlap in it. Knows only steps.

use crate::happens_before::{HappensBefore, Step};
use crate::schedule::Schedule;

/// The order of the same class in which the causal past of the steps at `first`, with them, comes before all others.
///
/// With the last calls of two acquisitions that overlap, both processes hold when these are taken: the first call of
/// neither release is in the past of the other's acquisition.
///
/// # Panics
///
/// When a position lies beyond the steps.
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
