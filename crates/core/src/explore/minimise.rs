//! From a schedule that shows something to one that is easier to read: fewest preemptions, then fewest steps.
//!
//! As Jalbert, Sen, "A Trace Simplification Technique for Effective Debugging of Concurrent Programs", FSE 2010: runs of one
//! process are moved as long as what is shown stays. Within the class the best order is searched, and not tried; and what is
//! no worse is moved on from too, since two moves may be needed for one preemption.
//! Deliberately knows neither what is shown nor how a schedule is run.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;

use super::linearise::{fewest_preemptions, preemptions};
use crate::happens_before::Step;
use crate::id::ProcessId;
use crate::schedule::Schedule;

/// The easiest schedule found that shows the same as `first`, by running at most `tries` of them.
///
/// No single move makes it easier; another schedule may still be.
///
/// `show` runs a schedule: it leaves out a step that cannot be taken, goes on to the end behind the last, and returns the steps
/// that were taken, or nothing if they do not show it. [`Lead`](super::Lead) runs a schedule so.
///
/// The result is the schedule of steps that `show` returned, or that of `first`.
pub fn minimise(first: &[Step], tries: u32, show: &mut dyn FnMut(&Schedule) -> Option<Vec<Step>>) -> Schedule {
    let mut tried = HashSet::new();
    let mut best = Shown::by(first);
    let mut as_good = VecDeque::from([best.clone()]);
    while let Some(from) = as_good.pop_front() {
        for candidate in candidates(&from) {
            if tried.len() == tries as usize {
                return best.schedule;
            }
            let shown = tried.insert(candidate.clone()).then(|| show(&candidate)).flatten();
            let Some(shown) = shown.map(|steps| Shown::by(&steps)) else {
                continue;
            };
            if shown.weight() < best.weight() {
                best = shown.clone();
                as_good = VecDeque::from([shown]);
                break;
            }
            if shown.weight().0 == best.weight().0 {
                as_good.push_back(shown);
            }
        }
    }
    best.schedule
}

/// Steps that show it.
#[derive(Clone)]
struct Shown {
    steps: Vec<Step>,
    schedule: Schedule,
}

impl Shown {
    fn by(steps: &[Step]) -> Self {
        Self {
            schedule: steps.iter().map(|step| step.process).collect(),
            steps: steps.to_owned(),
        }
    }

    /// The smaller, the easier to read.
    fn weight(&self) -> (usize, usize) {
        (preemptions(&self.schedule), self.schedule.len())
    }
}

/// What may be easier: the best order of the class; then, with two runs of one process moved together, the later forward or
/// the earlier back; then, with any run or a part of one anywhere else, which may save steps, or open the way.
fn candidates(best: &Shown) -> impl Iterator<Item = Schedule> {
    let most = preemptions(&best.schedule);
    let steps = best.schedule.steps().to_vec();
    let mut runs = Vec::new();
    for run in steps.chunk_by(|a, b| a == b) {
        let begin = runs.last().map_or(0, |run: &Range<usize>| run.end);
        runs.push(begin..begin + run.len());
    }
    let again = |from: usize| (from + 1..runs.len()).find(|to| steps[runs[*to].start] == steps[runs[from].start]);
    let pairs = (0..runs.len()).filter_map(|from| Some((runs[from].clone(), runs[again(from)?].clone())));
    let joined = pairs.flat_map(|(from, to)| [(to.clone(), from.end), (from, to.start)]);
    let places: Vec<_> = runs.iter().map(|run| run.start).chain([steps.len()]).collect();
    let parts = runs.iter().flat_map(|run| {
        let inside = run.start + 1..run.end;
        let ends = inside.clone().map(|end| run.start..end);
        let rests = inside.map(|start| start..run.end);
        [run.clone()].into_iter().chain(ends).chain(rests)
    });
    let anywhere = parts.flat_map(|part| places.iter().map(move |place| (part.clone(), *place)));
    let moves: Vec<_> = joined.chain(anywhere).collect();
    let moved = moves.into_iter().map(move |(part, place)| moved(&steps, part, place));
    let moved = moved.filter(move |candidate| preemptions(candidate) <= most);
    std::iter::once(fewest_preemptions(&best.steps)).chain(moved)
}

/// With a part of the steps moved to before `place`.
fn moved(steps: &[ProcessId], part: Range<usize>, place: usize) -> Schedule {
    let rest = |range: Range<usize>| range.filter(|step| !part.contains(step));
    let order = rest(0..place).chain(part.clone()).chain(rest(place..steps.len()));
    order.map(|step| steps[step]).collect()
}
