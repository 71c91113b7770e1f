//! What contenders do with the clock in a step, as part of its footprint. Knows no time.

use std::collections::{BTreeMap, BTreeSet};

use onewinner_core::access::{Accesses, Object};
use onewinner_core::id::ProcessId;

/// What a contender has done with the clock.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses {
    pub(super) read: bool,
    pub(super) moved: bool,
}

/// What all of them have done.
#[derive(Debug, Default)]
pub(super) struct ClockUses {
    /// Since their last step began, or since they were started in it.
    now: BTreeMap<ProcessId, Uses>,
    /// In the step before, for those that were started in it.
    before_start: BTreeMap<ProcessId, Uses>,
    /// Contenders that have come to a controlled call in this execution.
    acted: BTreeSet<ProcessId>,
    /// Contenders that have read the clock in any execution.
    readers: BTreeSet<ProcessId>,
    /// Contenders with several threads at their first controlled call, in any execution.
    threaded: BTreeSet<ProcessId>,
}

impl Uses {
    fn join(&mut self, other: Self) {
        self.read |= other.read;
        self.moved |= other.moved;
    }
}

impl ClockUses {
    /// A new execution begins.
    pub(super) fn begin(&mut self) {
        self.now.clear();
        self.before_start.clear();
        self.acted.clear();
    }

    /// A contender begins a step.
    pub(super) fn step(&mut self, process: ProcessId) {
        self.now.remove(&process);
        self.before_start.remove(&process);
    }

    /// A contender is started, perhaps in a step.
    pub(super) fn start(&mut self, process: ProcessId) {
        let uses = self.now.remove(&process).unwrap_or_default();
        self.before_start.entry(process).or_default().join(uses);
    }

    /// What a contender has done since it was started.
    pub(super) fn since_start(&self, process: ProcessId) -> Uses {
        self.now.get(&process).copied().unwrap_or_default()
    }

    /// A contender is a copy of one that has done this since it was started.
    pub(super) fn copied(&mut self, process: ProcessId, uses: Uses) {
        self.now.entry(process).or_default().join(uses);
    }

    /// A contender comes to a controlled call.
    pub(super) fn acts(&mut self, process: ProcessId, has_threads: bool) {
        if self.acted.insert(process) && has_threads {
            self.threaded.insert(process);
        }
    }

    /// Whether a contender has come to its first controlled call with several threads, in any execution. How the kernel runs these
    /// decides in which step the contender reads the clock, or has one thread more.
    pub(super) fn has_threads(&self, process: ProcessId) -> bool {
        self.threaded.contains(&process)
    }

    /// A contender has read the clock, or what follows from it.
    pub(super) fn read(&mut self, process: ProcessId) {
        self.readers.insert(process);
        self.now.entry(process).or_default().read = true;
    }

    /// A contender has moved the clock of all.
    pub(super) fn moved(&mut self, process: ProcessId) {
        self.now.entry(process).or_default().moved = true;
    }

    /// Adds to a footprint what the step of a contender has done, among this number of contenders.
    pub(super) fn add_to(&self, accesses: &mut Accesses, process: ProcessId, contenders: usize) {
        let mut uses = self.since_start(process);
        uses.join(self.before_start.get(&process).copied().unwrap_or_default());
        // Threads of a runtime read the clock when they hand over work.
        let in_any_step = self.has_threads(process) && self.readers.contains(&process);
        if uses.read || in_any_step {
            load_others(accesses, process, contenders);
        }
        if uses.moved {
            accesses.store(Object::Clock(process));
        }
    }

    /// Adds what the next step of a contender may read, as far as that is known by now.
    pub(super) fn forecast(&self, accesses: &mut Accesses, process: ProcessId, contenders: usize) {
        if self.readers.contains(&process) {
            load_others(accesses, process, contenders);
        }
    }
}

fn load_others(accesses: &mut Accesses, process: ProcessId, contenders: usize) {
    let others = ProcessId::first(contenders).filter(|other| *other != process);
    others.for_each(|other| accesses.load(Object::Clock(other)));
}

#[cfg(test)]
mod tests {
    use super::*;

    const P0: ProcessId = ProcessId(0);
    const P1: ProcessId = ProcessId(1);

    fn added(uses: &ClockUses, process: ProcessId) -> Accesses {
        let mut accesses = Accesses::none();
        uses.add_to(&mut accesses, process, 2);
        accesses
    }

    #[test]
    fn a_contender_with_threads_reads_the_clock_in_each_step_once_it_has_read_it() {
        let mut uses = ClockUses::default();
        for (process, has_threads) in [(P0, false), (P1, true)] {
            uses.acts(process, has_threads);
            uses.step(process);
            assert!(added(&uses, process).is_empty());
            uses.read(process);
            assert!(!added(&uses, process).is_empty());
            uses.step(process);
            assert_eq!(added(&uses, process).is_empty(), !has_threads);
        }
        // Threads that start later differ in nothing between executions.
        uses.acts(P0, true);
        assert!(added(&uses, P0).is_empty());
    }

    #[test]
    fn a_step_in_which_a_contender_is_started_has_done_what_it_did_before_and_what_the_start_does() {
        let mut uses = ClockUses::default();
        uses.step(P0);
        uses.moved(P0);
        uses.start(P0);
        assert!(!uses.since_start(P0).moved && added(&uses, P0).stores().next().is_some());
        uses.copied(
            P0,
            Uses {
                read: true,
                moved: false,
            },
        );
        assert_eq!(added(&uses, P0).iter().count(), 2);
        uses.step(P0);
        assert!(added(&uses, P0).is_empty());
    }
}
