//! Shrinks a schedule that shows a violation to one that is easier to read: fewest preemptions, then fewest steps.
//!
//! Moves runs of one process while the violation stays (Jalbert, Sen, "A Trace Simplification Technique for Effective Debugging
//! of Concurrent Programs", FSE 2010). We depart from the paper in two ways. The best order within a class is computed, not
//! tried. Schedules that are equally good are continued from too, since removing one preemption may take two moves.
//! Does not depend on what is violated or on how a schedule is run.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;

use super::linearise::{fewest_preemptions, preemptions};
use crate::happens_before::Step;
use crate::id::ProcessId;
use crate::schedule::Schedule;

/// The simplest schedule found that shows the same as `first`, by running at most `tries` schedules.
///
/// It is a local minimum: no single move improves it.
///
/// `show` runs a schedule: it leaves out steps that cannot be taken and continues to the end after the last. It returns the
/// steps that were taken, or `None` if they do not show the violation. [`Replay::guided`](super::Replay::guided) runs a schedule this way.
///
/// The result is the schedule of `first` or of steps that `show` returned.
pub fn minimise(first: &[Step], tries: u32, show: &mut dyn FnMut(&Schedule) -> Option<Vec<Step>>) -> Schedule {
    let mut tried = HashSet::new();
    let mut best = Witness::by(first);
    let mut as_good = VecDeque::from([best.clone()]);
    while let Some(from) = as_good.pop_front() {
        for candidate in candidates(&from) {
            if tried.len() == tries as usize {
                return best.schedule;
            }
            let shown = tried.insert(candidate.clone()).then(|| show(&candidate)).flatten();
            let Some(shown) = shown.map(|steps| Witness::by(&steps)) else {
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

/// Steps that show the violation.
#[derive(Clone)]
struct Witness {
    steps: Vec<Step>,
    schedule: Schedule,
}

impl Witness {
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

/// Candidates for a simpler schedule, in this order: the best order of the class; two runs of one process joined, by moving the
/// later forward or the earlier back; any run, or part of one, moved anywhere else.
fn candidates(best: &Witness) -> impl Iterator<Item = Schedule> {
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

/// The schedule with a part of the steps moved to before `place`.
fn moved(steps: &[ProcessId], part: Range<usize>, place: usize) -> Schedule {
    let rest = |range: Range<usize>| range.filter(|step| !part.contains(step));
    let order = rest(0..place).chain(part.clone()).chain(rest(place..steps.len()));
    order.map(|step| steps[step]).collect()
}
