//! When the tracer gives up waiting for tasks: by what they do, and not by how long it takes.
//!
//! A task that computes uses CPU time, which is what counts. One that a call holds in the kernel is looked at again and again. One
//! that could run, and does not get the CPU, has all the time that the search has: a busy machine is slow, and the program is not
//! stuck. Reads no task itself.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::sys::task_state::{TaskStat, TaskState};

/// The CPU time that tasks may use before something happens to them.
const MOST_CPU_TIME: Duration = Duration::from_secs(10);
/// The time between two looks. Most tasks stop before the first one.
const LOOK: Duration = Duration::from_millis(100);
/// At how many looks in a row all tasks may be held by the kernel: a minute.
const MOST_HELD: u32 = 600;

/// Why the tracer gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// The tasks compute.
    Computes,
    /// A call holds each of them in the kernel, or they are gone.
    Held,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Computes => write!(f, "it ran for {MOST_CPU_TIME:?} without a system call"),
            Self::Held => write!(f, "a system call has not returned for {:?}", LOOK * MOST_HELD),
        }
    }
}

/// Watches over tasks while nothing happens to them.
#[derive(Debug)]
pub(super) struct Watchdog {
    next_look: Instant,
    /// The CPU time of each task at the first look.
    used: BTreeMap<i32, Duration>,
    is_first: bool,
    held: u32,
}

impl Watchdog {
    /// It begins to watch now.
    pub(super) fn new() -> Self {
        Self {
            next_look: Instant::now() + LOOK,
            used: BTreeMap::new(),
            is_first: true,
            held: 0,
        }
    }

    /// Whether it is time to look.
    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.next_look
    }

    /// Looks at the tasks; returns why to give up.
    pub(super) fn look<'a>(&mut self, tasks: impl Iterator<Item = (i32, &'a TaskStat)>) -> Option<Stuck> {
        let states = tasks.map(|(task, stat)| (task, stat.state(), stat.cpu_time().unwrap_or_default()));
        let states: Vec<_> = states.collect();
        self.next_look = Instant::now() + LOOK;
        self.judge(&states)
    }

    fn judge(&mut self, tasks: &[(i32, Option<TaskState>, Duration)]) -> Option<Stuck> {
        let mut ran = Duration::ZERO;
        for (task, _, used) in tasks {
            // Of a task that is new since the first look, all counts.
            let unknown = if self.is_first { *used } else { Duration::ZERO };
            ran += used.saturating_sub(*self.used.entry(*task).or_insert(unknown));
        }
        self.is_first = false;
        let is_held = tasks.iter().all(|(_, state, _)| *state != Some(TaskState::Other));
        self.held = if is_held { self.held + 1 } else { 0 };
        match () {
            () if ran >= MOST_CPU_TIME => Some(Stuck::Computes),
            () if self.held >= MOST_HELD => Some(Stuck::Held),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const RUNS: Option<TaskState> = Some(TaskState::Other);

    #[test]
    fn a_task_that_computes_is_given_up_and_one_that_does_not_get_the_cpu_is_not() {
        let mut watchdog = Watchdog::new();
        assert_eq!(watchdog.judge(&[(1, RUNS, 100 * SECOND)]), None);
        for _ in 0..10 * MOST_HELD {
            assert_eq!(watchdog.judge(&[(1, RUNS, 105 * SECOND)]), None);
        }
        // Another task is new, and has used the rest.
        let both = [(1, RUNS, 105 * SECOND), (2, RUNS, 5 * SECOND)];
        assert_eq!(watchdog.judge(&both), Some(Stuck::Computes));
    }

    #[test]
    fn tasks_that_the_kernel_holds_are_given_up_after_many_looks_in_a_row() {
        let mut watchdog = Watchdog::new();
        let held = [(1, Some(TaskState::Uninterruptible), SECOND), (2, None, SECOND)];
        let mut looks = |count: u32| (0..count).filter_map(|_| watchdog.judge(&held)).count();
        assert_eq!(looks(MOST_HELD - 1), 0);
        assert_eq!(looks(1), 1);
        watchdog.judge(&[(1, RUNS, SECOND)]);
        assert_eq!(watchdog.judge(&held), None);
    }
}
