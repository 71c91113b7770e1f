//! Happens-before among the steps of one execution, and the Mazurkiewicz trace (the *class*) that it belongs to.
//!
//! Two executions are of one class when they contain the same steps with the same footprints, and every two conflicting steps
//! have the same order (Mazurkiewicz, 1977). Clocks are vector clocks (Mattern, 1988). Knows only the process and the footprint
//! of each step.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::access::Accesses;
use crate::id::ProcessId;

/// One performed step: its process and what it touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Step {
    /// The process that took it.
    pub process: ProcessId,
    /// Its footprint.
    pub accesses: Accesses,
}

/// For each process: how many of its steps are in the causal past, including the step itself.
type Clock = Vec<u32>;

/// The partial order of the steps of one execution.
#[derive(Clone, Debug)]
pub struct HappensBefore {
    processes: Vec<ProcessId>,
    /// The number of each step among the steps of its own process, counted from 1.
    own: Vec<u32>,
    /// The clocks of all steps, in one vector, because a search makes one order for each execution.
    clocks: Vec<u32>,
    /// The clock of the last step of each process, in one vector.
    latest: Vec<u32>,
    /// The length of a clock: the number of processes.
    width: usize,
}

impl HappensBefore {
    /// Orders the steps of an execution in which `processes` processes took part.
    ///
    /// The time is quadratic in the number of steps.
    ///
    /// # Panics
    ///
    /// When a step names a process beyond `processes`.
    pub fn of(processes: usize, steps: &[Step]) -> Self {
        Self::of_footprints(processes, steps.iter().map(|step| (step.process, &step.accesses)))
    }

    /// The same, for borrowed footprints.
    ///
    /// # Panics
    ///
    /// As [`HappensBefore::of`].
    pub fn of_footprints<'a>(processes: usize, steps: impl IntoIterator<Item = (ProcessId, &'a Accesses)>) -> Self {
        let footprints: Vec<_> = steps.into_iter().collect();
        let mut order = Self::with_capacity(processes, footprints.len());
        for (position, (process, accesses)) in footprints.iter().enumerate() {
            order.push(*process, accesses, |earlier| footprints[..position][earlier].1);
        }
        order
    }

    fn with_capacity(processes: usize, steps: usize) -> Self {
        Self {
            processes: Vec::with_capacity(steps),
            own: Vec::with_capacity(steps),
            clocks: Vec::with_capacity(steps * processes),
            latest: vec![0; processes * processes],
            width: processes,
        }
    }

    /// Adds a step; `footprint` has those of the steps before it.
    fn push<'a>(&mut self, process: ProcessId, accesses: &Accesses, footprint: impl Fn(usize) -> &'a Accesses) {
        let (me, width) = (process.index(), self.width);
        let clock = &mut self.latest[me * width..][..width];
        // From the newest step on: steps in the past of one that was added need no comparison.
        for earlier in (0..self.own.len()).rev() {
            let theirs = self.processes[earlier].index();
            if self.own[earlier] > clock[theirs] && footprint(earlier).conflict(accesses) {
                for (mine, past) in clock.iter_mut().zip(&self.clocks[earlier * width..]) {
                    *mine = (*mine).max(*past);
                }
            }
        }
        clock[me] += 1;
        self.processes.push(process);
        self.own.push(clock[me]);
        self.clocks.extend_from_slice(clock);
    }

    /// Whether step `earlier` happens before step `later`. No step happens before itself.
    ///
    /// # Panics
    ///
    /// When a position is beyond the steps given to [`HappensBefore::of`].
    pub fn before(&self, earlier: usize, later: usize) -> bool {
        earlier < later && self.own[earlier] <= self.clock(later)[self.processes[earlier].index()]
    }

    fn clock(&self, step: usize) -> &[u32] {
        &self.clocks[step * self.width..][..self.width]
    }

    /// The digests of the classes of the first 0, 1, … steps. `steps` must be those given to [`HappensBefore::of`].
    pub fn digests<'a>(&'a self, steps: &'a [Step]) -> impl Iterator<Item = Digest> + 'a {
        let mut digest = Digest::default();
        let more = steps.iter().enumerate().map(move |(position, step)| {
            digest = digest.and(step, self.clock(position));
            digest
        });
        [Digest::default()].into_iter().chain(more)
    }

    /// The class of the execution that these steps form.
    pub fn class(&self, steps: &[Step]) -> Class {
        let mut by_process = vec![Vec::new(); if steps.is_empty() { 0 } else { self.width }];
        for (position, step) in steps.iter().enumerate() {
            by_process[step.process.index()].push((step.accesses.clone(), self.clock(position).to_vec()));
        }
        Class(by_process)
    }
}

/// The digests of the classes of all beginnings of an execution that goes on.
#[derive(Clone, Debug)]
pub struct Digests {
    order: HappensBefore,
    /// Those of the first 0, 1, … steps.
    digests: Vec<Digest>,
}

impl Default for Digests {
    fn default() -> Self {
        Self {
            order: HappensBefore::with_capacity(0, 0),
            digests: vec![Digest::default()],
        }
    }
}

impl Digests {
    /// The digest of the class of `steps`, of which all but the last were given before, or of other ones after [`clear`](Self::clear).
    pub fn of(&mut self, steps: &[Step]) -> Digest {
        let processes = steps.iter().map(|step| step.process.index() + 1).max().unwrap_or(0);
        if processes > self.order.width {
            // The number of processes does not matter to the digests.
            self.order = HappensBefore::of(processes, &steps[..self.digests.len() - 1]);
        }
        for position in self.digests.len() - 1..steps.len() {
            let step = &steps[position];
            self.order
                .push(step.process, &step.accesses, |earlier| &steps[earlier].accesses);
            let last = self.digests[position];
            self.digests.push(last.and(step, self.order.clock(position)));
        }
        self.digests[steps.len()]
    }

    /// Another execution begins.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The digests of the classes of the first 0, 1, … steps.
    pub fn all(&self) -> &[Digest] {
        &self.digests
    }
}

/// A Mazurkiewicz trace in canonical form: equal exactly for executions that differ only in the order of commuting steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(Vec<Vec<(Accesses, Clock)>>);

impl Class {
    /// The class of these steps.
    pub fn of(processes: usize, steps: &[Step]) -> Self {
        HappensBefore::of(processes, steps).class(steps)
    }
}

/// A [`Class`] in 128 bits: equal for equal classes.
///
/// Two different classes have the same digest with a probability of 2⁻¹²⁸. Among the billion classes of a long search, some
/// collision has a probability below 2⁻⁶⁸. A digest is valid only within one run of the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u64; 2]);

impl Digest {
    /// The digest of the class with one more step. Steps are summed, because their clocks contain their order.
    fn and(self, step: &Step, clock: &[u32]) -> Self {
        let past = || clock.iter().enumerate().filter(|(_, count)| **count > 0);
        self.plus(|hasher| {
            step.hash(hasher);
            past().for_each(|each| each.hash(hasher));
        })
    }

    /// The digest of this class followed by a choice of `process`.
    pub fn then(self, process: ProcessId) -> Self {
        self.plus(|hasher| process.hash(hasher))
    }

    fn plus(self, feed: impl Fn(&mut DefaultHasher)) -> Self {
        let mut lanes = self.0;
        for (number, lane) in lanes.iter_mut().enumerate() {
            let mut hasher = DefaultHasher::new();
            number.hash(&mut hasher);
            feed(&mut hasher);
            *lane = lane.wrapping_add(hasher.finish());
        }
        Self(lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Access, AccessKind, Object};

    fn step(process: u8, kind: AccessKind, cell: u32) -> Step {
        Step {
            process: ProcessId(process),
            accesses: [Access {
                object: Object::Cell(cell),
                kind,
            }]
            .into_iter()
            .collect(),
        }
    }

    #[test]
    fn order_follows_programs_and_conflicts_and_is_transitive() {
        // P0 stores a, P1 loads a and stores b, P2 loads b; P3 loads c.
        let steps = [
            step(0, AccessKind::Store, 0),
            step(3, AccessKind::Load, 2),
            step(1, AccessKind::Load, 0),
            step(1, AccessKind::Store, 1),
            step(2, AccessKind::Load, 1),
        ];
        let order = HappensBefore::of(4, &steps);
        assert!(order.before(0, 2) && order.before(2, 3) && order.before(0, 4));
        assert!(!order.before(4, 0) && !order.before(1, 4) && !order.before(0, 1) && !order.before(0, 0));
    }

    #[test]
    fn swapping_commuting_steps_keeps_the_class_and_swapping_conflicting_ones_changes_it() {
        let (load, other, store) = (
            step(0, AccessKind::Load, 0),
            step(1, AccessKind::Load, 0),
            step(1, AccessKind::Store, 0),
        );
        let class = |steps: [&Step; 2]| Class::of(2, &steps.map(Step::clone));
        assert_eq!(class([&load, &other]), class([&other, &load]));
        assert_ne!(class([&load, &store]), class([&store, &load]));
    }

    #[test]
    fn digests_that_grow_are_those_of_the_whole() {
        let steps =
            [(1, 0), (0, 0), (4, 1), (1, 1), (0, 1)].map(|(process, cell)| step(process, AccessKind::Store, cell));
        let whole: Vec<_> = HappensBefore::of(5, &steps).digests(&steps).collect();
        let mut growing = Digests::default();
        for count in 0..=steps.len() {
            assert_eq!(growing.of(&steps[..count]), whole[count]);
        }
        assert_eq!(growing.all(), whole);
        growing.clear();
        assert_eq!(growing.of(&steps), whole[steps.len()]);
    }

    proptest::proptest! {
        #[test]
        fn digests_are_equal_where_classes_are(
            steps in proptest::collection::vec((0u8..3, proptest::bool::ANY, 0u32..2), 0..6),
            swap in 0usize..5,
        ) {
            let kind = |store| if store { AccessKind::Store } else { AccessKind::Load };
            let steps: Vec<_> = steps.into_iter().map(|(process, store, cell)| step(process, kind(store), cell)).collect();
            let mut swapped = steps.clone();
            if swap + 1 < swapped.len() {
                swapped.swap(swap, swap + 1);
            }
            // The number of processes does not matter.
            let digest = |processes, steps: &[Step]| HappensBefore::of(processes, steps).digests(steps).last();
            let same = Class::of(3, &steps) == Class::of(3, &swapped);
            proptest::prop_assert_eq!(digest(3, &steps) == digest(7, &swapped), same);
        }
    }
}
