//! Of all orders of one class, one with few preemptions.
//!
//! Knows only steps: whoever steps again later could have gone on, as far as can be told.

use std::collections::{HashSet, VecDeque};

use crate::happens_before::{HappensBefore, Step};
use crate::id::ProcessId;
use crate::schedule::Schedule;

/// How many states the exact search may look at; beyond that the order is a good one, and not the best.
const MOST_STATES: usize = 100_000;

/// How often a process is left that steps again later: an upper bound on its preemptions, since it may have had to wait.
pub fn preemptions(schedule: &Schedule) -> usize {
    let steps = schedule.steps();
    // In one pass from the end: long schedules are weighed often.
    let mut steps_again = [false; 256];
    let mut preemptions = 0;
    for pair in steps.windows(2).rev() {
        steps_again[pair[1].index()] = true;
        preemptions += usize::from(pair[0] != pair[1] && steps_again[pair[0].index()]);
    }
    preemptions
}

/// An order of the class of these steps with the fewest [`preemptions`]; with few, if the class is large.
pub fn fewest_preemptions(steps: &[Step]) -> Schedule {
    let class = Threads::of(steps);
    class.best().unwrap_or_else(|| class.good()).into_iter().collect()
}

/// The steps of each process, each with how many steps of every process must come before it.
struct Threads {
    needs: Vec<Vec<Vec<usize>>>,
}

/// How many steps of each process are taken, and who took the last.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Cut {
    taken: Vec<usize>,
    last: Option<usize>,
}

/// A way to a cut: its last step, and the way before that.
struct Way {
    process: usize,
    before: Option<usize>,
}

impl Threads {
    fn of(steps: &[Step]) -> Self {
        let width = steps.iter().map(|step| step.process.index() + 1).max().unwrap_or(0);
        let order = HappensBefore::of(width, steps);
        let mut needs = vec![Vec::new(); width];
        for (position, step) in steps.iter().enumerate() {
            let mut need = vec![0; width];
            for earlier in (0..position).filter(|earlier| order.before(*earlier, position)) {
                need[steps[earlier].process.index()] += 1;
            }
            needs[step.process.index()].push(need);
        }
        Self { needs }
    }

    fn beginning(&self) -> Cut {
        let taken = vec![0; self.needs.len()];
        Cut { taken, last: None }
    }

    fn is_over(&self, cut: &Cut) -> bool {
        cut.taken
            .iter()
            .zip(&self.needs)
            .all(|(taken, steps)| *taken == steps.len())
    }

    /// The cuts that one step more leads to, each with whether it takes a preemption; who goes on comes first.
    fn next<'a>(&'a self, cut: &'a Cut) -> impl Iterator<Item = (Cut, bool)> + 'a {
        let last = cut.last.into_iter();
        let others = (0..self.needs.len()).filter(|process| Some(*process) != cut.last);
        last.chain(others).filter_map(|process| {
            let need = self.needs[process].get(cut.taken[process])?;
            if need.iter().zip(&cut.taken).any(|(need, taken)| need > taken) {
                return None;
            }
            let mut taken = cut.taken.clone();
            taken[process] += 1;
            let goes_on = |last: usize| last != process && cut.taken[last] < self.needs[last].len();
            let last = Some(process);
            Some((Cut { taken, last }, cut.last.is_some_and(goes_on)))
        })
    }

    /// By breadth first search, in which what takes no preemption comes first; none if that is too much.
    fn best(&self) -> Option<Vec<ProcessId>> {
        let mut ways: Vec<Way> = Vec::new();
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([(self.beginning(), None)]);
        while let Some((cut, way)) = queue.pop_front() {
            if self.is_over(&cut) {
                return Some(followed(&ways, way));
            }
            if ways.len() > MOST_STATES {
                return None;
            }
            if !seen.insert(cut.clone()) {
                continue;
            }
            for (next, preempts) in self.next(&cut) {
                let process = next.last.expect("a step was taken");
                ways.push(Way { process, before: way });
                let reached = (next, Some(ways.len() - 1));
                match preempts {
                    true => queue.push_back(reached),
                    false => queue.push_front(reached),
                }
            }
        }
        None
    }

    /// Staying on the process as long as it can be done.
    fn good(&self) -> Vec<ProcessId> {
        let mut cut = self.beginning();
        let mut order = Vec::new();
        loop {
            let next = self.next(&cut).next();
            let Some((next, _)) = next else {
                return order;
            };
            order.extend(next.last.map(id));
            cut = next;
        }
    }
}

fn followed(ways: &[Way], mut way: Option<usize>) -> Vec<ProcessId> {
    let mut order = Vec::new();
    while let Some(Way { process, before }) = way.map(|way| &ways[way]) {
        order.push(id(*process));
        way = *before;
    }
    order.reverse();
    order
}

fn id(process: usize) -> ProcessId {
    ProcessId(u8::try_from(process).expect("it was the index of an id"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Access, Accesses, Kind, Object};

    fn preempted(text: &str) -> usize {
        preemptions(&text.parse().expect("a schedule"))
    }

    #[test]
    fn who_is_left_for_good_was_not_preempted() {
        assert_eq!(preempted("P0*3 P1*2"), 0);
        assert_eq!(preempted("P0 P1*2 P0"), 1);
        assert_eq!(preempted("P0 P1 P0 P1"), 2);
        assert_eq!(preempted(""), 0);
    }

    #[test]
    fn an_order_too_large_to_search_is_of_the_same_class() {
        let step = |number: u32| Step {
            process: ProcessId((number % 12) as u8),
            accesses: [Access {
                object: Object::Cell(number % 5),
                kind: if number.is_multiple_of(7) {
                    Kind::Store
                } else {
                    Kind::Load
                },
            }]
            .into_iter()
            .collect::<Accesses>(),
        };
        let steps: Vec<_> = (0..240).map(step).collect();
        let class = Threads::of(&steps);
        assert!(class.best().is_none(), "the limit is of no use");
        let order = class.good();
        assert_eq!(order.len(), steps.len());
        let mut left: Vec<_> = steps.iter().collect();
        let reordered = order.iter().map(|process| {
            let position = left.iter().position(|step| step.process == *process);
            left.remove(position.expect("as many steps of each process")).clone()
        });
        let reordered: Vec<_> = reordered.collect();
        let digest = |steps: &[Step]| HappensBefore::of(12, steps).digests(steps).last();
        assert_eq!(digest(&reordered), digest(&steps));
        assert!(preemptions(&order.into_iter().collect()) < 228);
    }
}
