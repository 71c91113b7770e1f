//! The file system under loom: the simulated kernel's state in plain cells, behind loom's atomics.
//!
//! loom decides which thread runs next whenever one of its own types is used. So each call that another process could
//! notice is announced by one read-modify-write of an atomic, and performed on the simulated state right after it, before
//! any other thread can run. Also loads are announced by a read-modify-write: loom may answer a plain load with a stale
//! value, and a kernel's directory never does.
//!
//! How many atomics there are decides the cost, because loom takes two uses of one atomic to conflict. Objects that some call
//! touches together must share an atomic, since a call is *one* access; objects that nobody stores need none. [`Domains`]
//! holds that partition. It is learnt from executions beforehand; should a call of the model cross it all the same, the model
//! has proved nothing, and whoever runs it must say so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom::sync::atomic::{AtomicUsize, Ordering};

use super::Fs;
use super::call::{ByCall, Call, Reply};
use super::sim::State;
use crate::access::{Accesses, Object};
use crate::id::ProcessId;

/// Which objects share an atomic.
#[derive(Clone, Debug, Default)]
pub struct Domains {
    /// The objects that some process stores, with the domain of each.
    stored: BTreeMap<Object, usize>,
    /// Footprints seen, for objects of which it is not known yet whether somebody stores them.
    footprints: BTreeSet<Accesses>,
}

impl Domains {
    /// Takes in a footprint; tells whether the partition became coarser or larger.
    pub fn learn(&mut self, accesses: &Accesses) -> bool {
        if !self.footprints.insert(accesses.clone()) {
            return false;
        }
        let before = self.stored.clone();
        for stored in accesses.stores() {
            let fresh = self.count();
            self.stored.entry(stored.clone()).or_insert(fresh);
        }
        // Footprints that were harmless before may join domains now that more is stored.
        while let Some((keep, merge)) = self.footprints.iter().find_map(|seen| self.crossing(seen)) {
            for domain in self.stored.values_mut() {
                if *domain == merge {
                    *domain = keep;
                } else if *domain > merge {
                    *domain -= 1;
                }
            }
        }
        self.stored != before
    }

    /// How many atomics are needed.
    pub fn count(&self) -> usize {
        self.stored.values().max().map_or(0, |last| last + 1)
    }

    /// The domains that the footprint touches, with repetitions.
    fn touched<'a>(&'a self, accesses: &'a Accesses) -> impl Iterator<Item = usize> + 'a {
        accesses.iter().flat_map(|access| {
            let overlapping = self.stored.iter().filter(|(object, _)| object.overlaps(&access.object));
            overlapping.map(|(_, domain)| *domain)
        })
    }

    /// Two different domains that the footprint touches.
    fn crossing(&self, accesses: &Accesses) -> Option<(usize, usize)> {
        let first = self.touched(accesses).next()?;
        let other = self.touched(accesses).find(|domain| *domain != first)?;
        Some((first.min(other), first.max(other)))
    }
}

/// The file system of one loom execution, shared by its threads.
pub struct Modelled {
    domains: Arc<Domains>,
    atomics: Vec<AtomicUsize>,
    state: Mutex<State>,
}

/// What came of a call: the reply and its footprint.
pub struct Answered {
    /// The call.
    pub call: Call,
    /// The kernel's answer.
    pub reply: Reply,
    /// What it touched.
    pub accesses: Accesses,
}

impl Modelled {
    /// A file system in `state`; to be made inside a loom execution.
    pub fn new(domains: Arc<Domains>, state: State) -> Self {
        Self {
            atomics: (0..domains.count()).map(|_| AtomicUsize::new(0)).collect(),
            domains,
            state: Mutex::new(state),
        }
    }

    /// The file system as `process` sees it; each call is told when it was performed.
    pub fn of(&self, process: ProcessId, tell: impl Fn(Answered)) -> impl Fs {
        ByCall::new(process, move |call: Call| {
            let (reply, accesses) = self.perform(process, &call);
            tell(Answered {
                call,
                reply: reply.clone(),
                accesses,
            });
            reply
        })
    }

    /// The state as it is now.
    pub fn state(&self) -> State {
        lock(&self.state).clone()
    }

    fn perform(&self, process: ProcessId, call: &Call) -> (Reply, Accesses) {
        // Which domain a call belongs to does not depend on what others do meanwhile. Objects are read in one order, each found
        // by what was read before: so the first of them that anybody stores is the same now and after a switch, where a
        // symbolic link leads elsewhere too. Whatever else is touched shares its domain, or the call crosses.
        let (_, foreseen) = lock(&self.state).clone().step(process, call);
        if let Some(domain) = self.domains.touched(&foreseen).next() {
            self.atomics[domain].fetch_add(1, Ordering::AcqRel);
        }
        let (reply, accesses) = lock(&self.state).step(process, call);
        (reply, accesses)
    }
}

/// No loom operation happens under these locks, so no other thread of the model can run while one is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
