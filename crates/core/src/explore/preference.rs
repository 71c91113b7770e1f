//! Which of several processes takes the next step where a scheduler may choose freely.
//!
//! Knows nothing of what a scheduler has still to run.

use super::ChoicePoint;
use crate::id::ProcessId;

/// The preference of an execution that may choose freely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Preference {
    /// A process whose next step only loads, or else the one that has taken the fewest steps. All processes reach their first
    /// store together, and hold before any releases. So the first execution shows check-then-act bugs, with as many winners as
    /// possible.
    #[default]
    LoadsFirst,
    /// As [`LoadsFirst`](Self::LoadsFirst), but a process also goes on whose next step is the end of a sleep, and one that polls.
    /// So one execution shows what becomes of a process that waits until another one seems to be gone.
    Patient,
    /// The process of the last step: executions with few switches are the easiest to read.
    Stay,
}

impl Preference {
    /// The preference of the first execution of a search, or of a later one.
    pub(super) fn of(first: bool) -> Self {
        if first { Self::LoadsFirst } else { Self::Stay }
    }

    /// The process in `among` that takes the next step, if there is any. `taken` are the processes of the steps so far.
    pub(super) fn choose(
        self,
        now: &ChoicePoint<'_>,
        mut among: impl Iterator<Item = ProcessId> + Clone,
        taken: impl Iterator<Item = ProcessId> + Clone,
    ) -> Option<ProcessId> {
        let stays = among.clone().find(|process| Some(*process) == now.last);
        match self {
            Self::Stay => stays.or_else(|| among.next()),
            Self::LoadsFirst | Self::Patient => {
                let mut loads = stays.into_iter().chain(among.clone());
                let steps = |process: &ProcessId| taken.clone().filter(|each| each == process).count();
                let stores = |process: ProcessId| match self {
                    Self::Patient => now.may_store_more_than_time(process),
                    _ => now.may_store(process),
                };
                let loads = loads.find(|process| !stores(*process));
                loads.or_else(|| among.min_by_key(steps))
            }
        }
    }
}
