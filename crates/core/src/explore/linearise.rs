//! Finds, among all orders of one class, one with few preemptions.
//!
//! Knows only steps: it assumes that a process that steps again later could have continued.

use std::collections::{HashSet, VecDeque};

use crate::happens_before::{HappensBefore, Step};
use crate::id::ProcessId;
use crate::schedule::Schedule;

/// How many states the exact search may visit. A larger class gets a greedy order, which need not be optimal.
const MOST_STATES: usize = 100_000;

/// How often the schedule leaves a process that steps again later. This is an upper bound on preemptions, because that process
/// may have had to wait.
pub fn preemptions(schedule: &Schedule) -> usize {
    let steps = schedule.steps();
    // One pass from the end, because this is called often with long schedules.
    let mut steps_again = [false; 256];
    let mut preemptions = 0;
    for pair in steps.windows(2).rev() {
        steps_again[pair[1].index()] = true;
        preemptions += usize::from(pair[0] != pair[1] && steps_again[pair[0].index()]);
    }
    preemptions
}

/// An order of the class of these steps with the fewest [`preemptions`], or with few if the class is large.
pub fn fewest_preemptions(steps: &[Step]) -> Schedule {
    let class = PartialOrder::of(steps);
    class.optimal().unwrap_or_else(|| class.greedy()).into_iter().collect()
}

/// Happens-before of an execution: for each step of each process, how many steps of every process must come before it.
struct PartialOrder {
    needs: Vec<Vec<Vec<usize>>>,
}

/// How many steps of each process are taken, and which process took the last.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Frontier {
    taken: Vec<usize>,
    last: Option<usize>,
}

/// How the search came to a frontier: its last step, and the arrival before it.
struct Arrival {
    process: usize,
    before: Option<usize>,
}

impl PartialOrder {
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

    fn beginning(&self) -> Frontier {
        let taken = vec![0; self.needs.len()];
        Frontier { taken, last: None }
    }

    fn is_over(&self, frontier: &Frontier) -> bool {
        frontier
            .taken
            .iter()
            .zip(&self.needs)
            .all(|(taken, steps)| *taken == steps.len())
    }

    /// The frontiers one step further, each with whether that step preempts. Continuing the last process comes first.
    fn next<'a>(&'a self, frontier: &'a Frontier) -> impl Iterator<Item = (Frontier, bool)> + 'a {
        let last = frontier.last.into_iter();
        let others = (0..self.needs.len()).filter(|process| Some(*process) != frontier.last);
        last.chain(others).filter_map(|process| {
            let need = self.needs[process].get(frontier.taken[process])?;
            if need.iter().zip(&frontier.taken).any(|(need, taken)| need > taken) {
                return None;
            }
            let mut taken = frontier.taken.clone();
            taken[process] += 1;
            let goes_on = |last: usize| last != process && frontier.taken[last] < self.needs[last].len();
            let last = Some(process);
            Some((Frontier { taken, last }, frontier.last.is_some_and(goes_on)))
        })
    }

    /// An order with the fewest preemptions, by 0-1 breadth-first search; `None` if there are too many states.
    fn optimal(&self) -> Option<Vec<ProcessId>> {
        let mut arrivals: Vec<Arrival> = Vec::new();
        let mut seen = HashSet::new();
        let mut queue = VecDeque::from([(self.beginning(), None)]);
        while let Some((frontier, arrival)) = queue.pop_front() {
            if self.is_over(&frontier) {
                return Some(followed(&arrivals, arrival));
            }
            if arrivals.len() > MOST_STATES {
                return None;
            }
            if !seen.insert(frontier.clone()) {
                continue;
            }
            for (next, preempts) in self.next(&frontier) {
                let process = next.last.expect("a step was taken");
                arrivals.push(Arrival {
                    process,
                    before: arrival,
                });
                let reached = (next, Some(arrivals.len() - 1));
                if preempts {
                    queue.push_back(reached);
                } else {
                    queue.push_front(reached);
                }
            }
        }
        None
    }

    /// An order that continues the last process whenever possible.
    fn greedy(&self) -> Vec<ProcessId> {
        let mut frontier = self.beginning();
        let mut order = Vec::new();
        loop {
            let next = self.next(&frontier).next();
            let Some((next, _)) = next else {
                return order;
            };
            order.extend(next.last.map(id));
            frontier = next;
        }
    }
}

fn followed(arrivals: &[Arrival], mut arrival: Option<usize>) -> Vec<ProcessId> {
    let mut order = Vec::new();
    while let Some(Arrival { process, before }) = arrival.map(|arrival| &arrivals[arrival]) {
        order.push(id(*process));
        arrival = *before;
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
    use crate::access::{Access, AccessKind, Accesses, Object};

    fn preempted(text: &str) -> usize {
        preemptions(&text.parse().expect("a schedule"))
    }

    #[test]
    fn leaving_a_process_that_has_finished_is_not_a_preemption() {
        assert_eq!(preempted("P0*3 P1*2"), 0);
        assert_eq!(preempted("P0 P1*2 P0"), 1);
        assert_eq!(preempted("P0 P1 P0 P1"), 2);
        assert_eq!(preempted(""), 0);
    }

    #[test]
    fn the_greedy_order_of_a_large_class_is_of_that_class() {
        let step = |number: u32| Step {
            process: ProcessId((number % 12) as u8),
            accesses: [Access {
                object: Object::Cell(number % 5),
                kind: if number.is_multiple_of(7) {
                    AccessKind::Store
                } else {
                    AccessKind::Load
                },
            }]
            .into_iter()
            .collect::<Accesses>(),
        };
        let steps: Vec<_> = (0..240).map(step).collect();
        let class = PartialOrder::of(&steps);
        assert!(class.optimal().is_none(), "the class is too small for this test");
        let order = class.greedy();
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
