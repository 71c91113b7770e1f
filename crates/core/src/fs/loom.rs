//! The file system under loom: the state of the simulated kernel, guarded by loom's atomics.
//!
//! loom chooses the next thread whenever one of its own types is used. So each call that another process could notice first
//! does one read-modify-write of an atomic. It is performed on the simulated state right after that, before another thread can
//! run. Calls that only load do the same, because loom may return a stale value for a plain load, and a kernel never does.
//!
//! The number of atomics decides the cost, because to loom two uses of one atomic conflict. Objects that some call touches
//! together must share an atomic, since a call is *one* access; objects that no call stores need none. [`Domains`] holds this
//! partition, which is learnt from simulated executions. If a call of the model touches two domains after all, the model proves
//! nothing, and its user must say so.

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
    /// The footprints seen. One may join domains later, when more objects turn out to be stored.
    footprints: BTreeSet<Accesses>,
}

impl Domains {
    /// Adds a footprint. Returns whether the partition became coarser or larger.
    pub fn learn(&mut self, accesses: &Accesses) -> bool {
        if !self.footprints.insert(accesses.clone()) {
            return false;
        }
        let before = self.stored.clone();
        for stored in accesses.stores() {
            let fresh = self.count();
            self.stored.entry(stored.clone()).or_insert(fresh);
        }
        // Earlier footprints may join domains now that more objects are stored.
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

    /// The number of atomics that are needed.
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

/// A call that was performed, with its reply and footprint.
pub struct Answered {
    /// The call.
    pub call: Call,
    /// The reply of the kernel.
    pub reply: Reply,
    /// What it touched.
    pub accesses: Accesses,
}

impl Modelled {
    /// A file system in `state`. Create it inside a loom execution.
    pub fn new(domains: Arc<Domains>, state: State) -> Self {
        Self {
            atomics: (0..domains.count()).map(|_| AtomicUsize::new(0)).collect(),
            domains,
            state: Mutex::new(state),
        }
    }

    /// The file system for `process`. `tell` is called after each call.
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

    /// The current state.
    pub fn state(&self) -> State {
        lock(&self.state).clone()
    }

    fn perform(&self, process: ProcessId, call: &Call) -> (Reply, Accesses) {
        // The domain of a call does not depend on what others do meanwhile. Objects are read in a fixed order, each found
        // through those before it. So the first object that any process stores is the same before and after a switch, even
        // if a symbolic link then leads elsewhere. Everything else that the call touches shares its domain, or the call crosses.
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
