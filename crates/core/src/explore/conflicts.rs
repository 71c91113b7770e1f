//! Which objects were contended so far: a preemption before a call on any other object changes nothing.
//!
//! Knows neither schedules nor bounds.

use std::collections::BTreeMap;

use crate::access::{AccessKind, Accesses, Object};
use crate::happens_before::Step;

/// A set of processes, a bit each.
type Processes = u128;

/// Which processes touched which objects, over all executions so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Conflicts(BTreeMap<Object, Touched>);

#[derive(Clone, Copy, Debug, Default)]
struct Touched {
    by: Processes,
    stored: bool,
}

impl Touched {
    fn and(self, other: Self) -> Self {
        Self {
            by: self.by | other.by,
            stored: self.stored || other.stored,
        }
    }

    fn is_conflict(self) -> bool {
        self.stored && self.by.count_ones() > 1
    }
}

impl Conflicts {
    /// Adds the steps of an execution. Returns whether an object became contended.
    pub(super) fn learn(&mut self, steps: &[Step]) -> bool {
        let mut grown = false;
        for Step { process, accesses } in steps {
            for access in accesses.iter() {
                let before = self.of(&access.object);
                let touched = self.0.entry(access.object.clone()).or_default();
                touched.by |= 1 << (process.index() % 128);
                touched.stored |= access.kind == AccessKind::Store;
                grown |= !before.is_conflict() && self.of(&access.object).is_conflict();
            }
        }
        grown
    }

    /// Whether the footprint touches a contended object.
    pub(super) fn touch(&self, accesses: &Accesses) -> bool {
        accesses.iter().any(|access| self.of(&access.object).is_conflict())
    }

    fn of(&self, object: &Object) -> Touched {
        let overlapping = self.0.iter().filter(|(each, _)| each.overlaps(object));
        overlapping.fold(Touched::default(), |all, (_, touched)| all.and(*touched))
    }
}
