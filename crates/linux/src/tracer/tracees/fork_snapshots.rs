//! The fork snapshots of a session: which start of a contender each of them stands for.
//!
//! What a contender does before its first step follows from its number, the clock, the times of inodes that it has caused before,
//! what it has changed before beside the lock, and children that it has left. So a start is a copy of an earlier one if the first
//! three are the same; a contender that has changed something before, or has a child, is never a copy. Moves no process.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::numbers::Start;
use super::task::ForkSnapshot;
use onewinner_core::id::ProcessId;

/// The most snapshots of one start of a contender, for different times. Each is a process.
const MOST_TIMES: usize = 6;

/// The most starts without a snapshot that are remembered.
const MOST_SEEN: usize = 10_000;

/// What the beginning of a contender follows from, up to its first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StartPoint {
    pub(crate) process: ProcessId,
    pub(crate) start: Start,
    /// What the clock shows, since the beginning of all executions.
    pub(crate) clock: Duration,
    /// A number for the times of inodes that it has caused in earlier rounds.
    pub(crate) times: u64,
}

/// When a contender starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Before the first step: in the same way in each execution.
    Beginning,
    /// After a step: what the clock shows then depends on the schedule.
    Later,
}

/// All snapshots.
#[derive(Default)]
pub(crate) struct ForkSnapshots {
    /// With a number that is larger for those that were used later.
    kept: BTreeMap<StartPoint, (u64, ForkSnapshot)>,
    uses: u64,
    /// Later starts that have happened without a snapshot.
    seen: BTreeSet<StartPoint>,
    serials: u64,
}

impl ForkSnapshots {
    /// Whether there is a snapshot of this start.
    pub(crate) fn has(&self, point: &StartPoint) -> bool {
        self.kept.contains_key(point)
    }

    /// Whether a snapshot of this start, which happens now, will be used again.
    pub(crate) fn is_worthwhile(&mut self, point: &StartPoint, occasion: Occasion) -> bool {
        if self.seen.len() >= MOST_SEEN {
            self.seen.clear();
        }
        occasion == Occasion::Beginning || !self.seen.insert(*point)
    }

    /// A serial number for a new snapshot.
    pub(super) fn next_serial(&mut self) -> u64 {
        self.serials += 1;
        self.serials
    }

    /// Takes a snapshot out, to use it.
    pub(super) fn take(&mut self, point: &StartPoint) -> Option<ForkSnapshot> {
        self.kept.remove(point).map(|(_, snapshot)| snapshot)
    }

    /// Puts one back, or a new one in.
    pub(super) fn put(&mut self, point: StartPoint, snapshot: ForkSnapshot) {
        self.uses += 1;
        self.kept.insert(point, (self.uses, snapshot));
    }

    /// Takes out the one of this start that was not used for longest, if there are too many.
    pub(super) fn take_surplus(&mut self, point: &StartPoint) -> Option<ForkSnapshot> {
        let of_start = self
            .kept
            .iter()
            .filter(|(other, _)| (other.process, other.start) == (point.process, point.start));
        if of_start.clone().count() <= MOST_TIMES {
            return None;
        }
        let oldest = of_start.min_by_key(|(_, (used, _))| *used).map(|(other, _)| *other)?;
        self.take(&oldest)
    }

    /// Takes out all of them.
    pub(super) fn take_all(&mut self) -> Vec<ForkSnapshot> {
        self.seen.clear();
        std::mem::take(&mut self.kept)
            .into_values()
            .map(|(_, snapshot)| snapshot)
            .collect()
    }
}
