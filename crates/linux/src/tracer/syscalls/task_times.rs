//! When tasks began on the virtual clock, and the CPU time that they have been shown.
//!
//! CPU time advances with the own readings of a task, so that it depends on no other contender; and while the contender spins
//! without a sleep and nothing else can happen, with the clock. Knows no call.

use std::collections::BTreeMap;
use std::time::Duration;

use onewinner_core::id::ProcessId;

/// How many ticks a second has for programs, `USER_HZ`: 100 on both architectures.
const TICK: Duration = Duration::from_millis(10);

/// A time in ticks.
pub(super) fn ticks(time: Duration) -> u128 {
    time.as_millis() / TICK.as_millis()
}

/// The times of all tasks.
#[derive(Debug, Default)]
pub(super) struct TaskTimes {
    /// When tasks began.
    births: BTreeMap<i32, Duration>,
    /// The CPU time that tasks have been shown, by their own readings.
    used: BTreeMap<i32, Duration>,
    /// The CPU time that contenders have spent in loops without a sleep while nothing else could happen.
    spun: BTreeMap<ProcessId, Duration>,
}

impl TaskTimes {
    /// A new execution begins.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }

    /// A task began then, and has used so much CPU time. It may have the number of one that has ended.
    pub(super) fn born(&mut self, task: i32, moment: Duration, used: Duration) {
        self.births.insert(task, moment);
        self.used.insert(task, used);
    }

    /// When a task began, if that was seen.
    pub(super) fn birth(&self, task: i32) -> Option<Duration> {
        self.births.get(&task).copied()
    }

    /// The CPU time of a task without what its contender has spun.
    pub(super) fn used(&self, task: i32) -> Duration {
        self.used.get(&task).copied().unwrap_or_default()
    }

    /// A contender has spun for so long.
    pub(super) fn spins(&mut self, process: ProcessId, passed: Duration) {
        let spun = self.spun.entry(process).or_default();
        *spun = spun.saturating_add(passed);
    }

    /// For how long a contender has spun.
    pub(super) fn spun(&self, process: ProcessId) -> Duration {
        self.spun.get(&process).copied().unwrap_or_default()
    }

    /// A task reads its CPU time, which advances that.
    pub(super) fn read(&mut self, process: ProcessId, task: i32, passed: Duration) -> Duration {
        let used = self.used.entry(task).or_default();
        *used = used.saturating_add(passed);
        used.saturating_add(self.spun.get(&process).copied().unwrap_or_default())
    }
}
