//! Which of several processes goes on where nothing else decides.
//!
//! Knows nothing of what a scheduler has yet to run.

use super::Now;
use crate::id::ProcessId;

/// What an execution is for that is free to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// A process that only loads goes on, or else the one that has taken the fewest steps: all come to their first store
    /// together, and hold before any gives back, so that check-then-act shows at once, with as many winners as there can be.
    #[default]
    LoadsFirst,
    /// The same process again: executions with few switches are the easiest to read, and soon find what needs several.
    Stay,
}

impl Order {
    /// That of the first execution of a search, and of later ones.
    pub(super) fn of(first: bool) -> Self {
        if first { Self::LoadsFirst } else { Self::Stay }
    }

    /// The process to go on with, if there is any in `among`; `taken` are the processes that took the steps so far.
    pub(super) fn prefer(
        self,
        now: &Now<'_>,
        mut among: impl Iterator<Item = ProcessId> + Clone,
        taken: impl Iterator<Item = ProcessId> + Clone,
    ) -> Option<ProcessId> {
        let stays = among.clone().find(|process| Some(*process) == now.last);
        match self {
            Self::Stay => stays.or_else(|| among.next()),
            Self::LoadsFirst => {
                let mut loads = stays.into_iter().chain(among.clone());
                let steps = |process: &ProcessId| taken.clone().filter(|each| each == process).count();
                let loads = loads.find(|process| !now.may_store(*process));
                loads.or_else(|| among.min_by_key(steps))
            }
        }
    }
}
