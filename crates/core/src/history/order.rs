//! Happens-before among all events of a history, not only its calls.
//!
//! An event that is not a call lies somewhere between two calls of its process. So it happens before everything that the next
//! call of its process happens before, and after everything that the last one happens after.

use super::{History, What};
use crate::happens_before::HappensBefore;
use crate::id::ProcessId;

/// Happens-before among the events of a history, addressed by their positions.
///
/// In a history without calls, the events are in the order of one shared counter, and that order counts.
#[derive(Clone, Debug)]
pub struct EventOrder {
    processes: Vec<ProcessId>,
    /// For each event: its own step, or else the last step of its process before it.
    latest: Vec<Option<usize>>,
    /// For each event: its own step, or else the first step of its process after it.
    next: Vec<Option<usize>>,
    relation: HappensBefore,
    calls: bool,
}

impl EventOrder {
    fn of(history: &History) -> Self {
        let processes: Vec<ProcessId> = history.events.iter().map(|event| event.process).collect();
        // A history from a file may name more processes than it declares.
        let named = processes.iter().map(|process| process.index() + 1).max();
        let width = history.processes.max(named.unwrap_or(0));

        let mut count = 0..;
        let own: Vec<Option<usize>> = history
            .events
            .iter()
            .map(|event| match event.what {
                What::Performed { .. } => count.next(),
                _ => None,
            })
            .collect();
        let events = || processes.iter().copied().zip(own.iter().copied());
        let latest = carried(width, events());
        let mut next = carried(width, events().rev());
        next.reverse();
        Self {
            latest,
            next,
            relation: HappensBefore::of_footprints(
                width,
                history.calls().map(|(_, process, _, _, accesses)| (process, accesses)),
            ),
            calls: history.calls().next().is_some(),
            processes,
        }
    }

    /// Whether event `earlier` happens before event `later`. No event happens before itself.
    ///
    /// # Panics
    ///
    /// When the history has no such event.
    pub fn before(&self, earlier: usize, later: usize) -> bool {
        if !self.calls || self.processes[earlier] == self.processes[later] {
            return earlier < later;
        }
        match (self.next[earlier], self.latest[later]) {
            (Some(earlier), Some(later)) => self.relation.before(earlier, later),
            _ => false,
        }
    }
}

impl History {
    /// Happens-before among the events. The time is quadratic in the number of calls.
    pub fn order(&self) -> EventOrder {
        EventOrder::of(self)
    }
}

/// For each event: its own step, or else the last one of its process so far.
fn carried(width: usize, events: impl Iterator<Item = (ProcessId, Option<usize>)>) -> Vec<Option<usize>> {
    let mut met = vec![None; width];
    let carry = |(process, own): (ProcessId, Option<usize>)| {
        let met = &mut met[process.index()];
        *met = own.or(*met);
        *met
    };
    events.map(carry).collect()
}
