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
    loaded: bool,
    stored: bool,
}

impl Touched {
    fn and(self, other: Self) -> Self {
        Self {
            by: self.by | other.by,
            loaded: self.loaded || other.loaded,
            stored: self.stored || other.stored,
        }
    }

    /// `blind` if a store of the object depends on nothing: then several stores matter only to a process that loads it.
    fn is_conflict(self, blind: bool) -> bool {
        self.stored && self.by.count_ones() > 1 && (self.loaded || !blind)
    }
}

impl Conflicts {
    /// Adds the steps of an execution. Returns whether an object became contended.
    pub(super) fn learn(&mut self, steps: &[Step]) -> bool {
        let mut grown = false;
        for Step { process, accesses } in steps {
            for access in accesses.iter() {
                let before = self.is_contended(&access.object);
                let touched = self.0.entry(access.object.clone()).or_default();
                touched.by |= 1 << (process.index() % 128);
                touched.loaded |= access.kind == AccessKind::Load;
                touched.stored |= access.kind == AccessKind::Store;
                grown |= !before && self.is_contended(&access.object);
            }
        }
        grown
    }

    /// Whether the footprint touches a contended object.
    pub(super) fn touch(&self, accesses: &Accesses) -> bool {
        accesses.iter().any(|access| self.is_contended(&access.object))
    }

    fn is_contended(&self, object: &Object) -> bool {
        let blind = matches!(object, Object::Times(_));
        self.of(object).is_conflict(blind)
    }

    fn of(&self, object: &Object) -> Touched {
        let overlapping = self.0.iter().filter(|(each, _)| each.overlaps(object));
        overlapping.fold(Touched::default(), |all, (_, touched)| all.and(*touched))
    }
}
