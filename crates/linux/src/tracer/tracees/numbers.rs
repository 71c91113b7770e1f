//! Which numbers the tasks of contenders get: the same in every execution.
//!
//! Each start of a contender has a range of numbers; its first process gets the first number, its *k*-th task the *k*-th. A
//! program may write its number to a file, name a file by it, or ask whether it exists: all that is then the same whatever the
//! schedule. Knows no task.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

use super::loss::{lost, untraced};
use crate::sys::sealed::{NextNumber, largest_number};
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

/// The number of the process that starts contenders: the first one after that of the worker.
pub(crate) const ZYGOTE: i32 = 2;

/// The first number of a snapshot process.
const FIRST_SNAPSHOT: i32 = 10;

/// The most numbers of one start of a contender.
const MOST_TASKS: i32 = 10_000;

/// There is room for this many contenders and rounds at least: most searches of a session give the same numbers then, so that
/// contenders of one can be copied in the next.
const LEAST_CONTENDERS: i32 = 8;
const LEAST_ROUNDS: i32 = 4;

/// A start of a contender: a program that is not a server starts once in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Start {
    /// The start with this number in an execution, counted from 0.
    Round(u32),
    /// As the holder that dies and leaves a stale lock. It has numbers of its own: its number does not exist later.
    Stale,
}

/// The tasks of a start so far.
#[derive(Clone, Copy, Debug)]
struct Given {
    start: Start,
    tasks: i32,
}

/// Chooses the numbers of tasks.
pub(crate) struct TaskNumbers {
    next: Rc<NextNumber>,
    /// The most contenders.
    contenders: i32,
    /// The most starts of each contender in an execution.
    rounds: i32,
    /// The numbers of each start.
    range: i32,
    given: BTreeMap<ProcessId, Given>,
    /// The numbers of snapshot processes.
    snapshots: BTreeSet<i32>,
    /// Whether the holder of a stale lock is started now.
    stale: bool,
}

impl TaskNumbers {
    /// Numbers for this many contenders, each started at most `rounds` times in an execution.
    ///
    /// # Errors
    ///
    /// When the largest number is unknown.
    pub(crate) fn new(next: Rc<NextNumber>, participants: usize, rounds: u32) -> io::Result<Self> {
        let contenders = i32::try_from(participants).map_err(io::Error::other)?;
        let contenders = contenders.max(LEAST_CONTENDERS);
        let rounds = i32::try_from(rounds).map_err(io::Error::other)?.max(LEAST_ROUNDS);
        // One more for the holder of a stale lock, and one for processes that are no contenders.
        let ranges = contenders.saturating_mul(rounds).saturating_add(2);
        let range = (largest_number()? / ranges).min(MOST_TASKS);
        if range <= FIRST_SNAPSHOT + contenders {
            let few =
                format!("{participants} contenders with {rounds} rounds need more process numbers than there are");
            return Err(io::Error::other(few));
        }
        Ok(Self {
            next,
            contenders,
            rounds,
            range,
            given: BTreeMap::new(),
            snapshots: BTreeSet::new(),
            stale: false,
        })
    }

    /// Whether there are numbers for these contenders.
    pub(crate) fn suffice(&self, participants: usize, rounds: u32) -> bool {
        i32::try_from(participants).is_ok_and(|participants| participants <= self.contenders)
            && i32::try_from(rounds).is_ok_and(|rounds| rounds <= self.rounds)
    }

    /// A new execution begins, or the holder of its stale lock.
    pub(crate) fn begin(&mut self) {
        self.given.clear();
        self.stale = false;
    }

    /// What starts next is the holder of a stale lock.
    pub(crate) fn holder_of_a_stale_lock(&mut self) {
        self.stale = true;
    }

    /// The next start of a contender.
    pub(crate) fn upcoming(&self, process: ProcessId) -> Start {
        match self.given.get(&process).map(|given| given.start) {
            _ if self.stale => Start::Stale,
            Some(Start::Round(round)) => Start::Round(round + 1),
            Some(Start::Stale) | None => Start::Round(0),
        }
    }

    /// The present start of a contender, and how many tasks it has had.
    pub(crate) fn present(&self, process: ProcessId) -> Option<(Start, i32)> {
        self.given.get(&process).map(|given| (given.start, given.tasks))
    }

    /// The contender starts: the next process gets its first number, which is returned. `tasks` is how many tasks it has had, if
    /// it is a copy.
    pub(crate) fn start(&mut self, process: ProcessId, tasks: i32) -> Result<i32, Lost> {
        let start = self.upcoming(process);
        self.given.insert(process, Given { start, tasks });
        let number = self.first(process, start)?;
        self.choose(number)
    }

    /// The start did not happen: the contender starts again.
    pub(crate) fn take_back_start(&mut self, process: ProcessId) {
        let before = match self.present(process) {
            Some((Start::Round(round), tasks)) if round > 0 => Some(Given {
                start: Start::Round(round - 1),
                tasks,
            }),
            _ => None,
        };
        match before {
            Some(before) => self.given.insert(process, before),
            None => self.given.remove(&process),
        };
    }

    /// The next task of the contender gets this number.
    pub(crate) fn child(&mut self, process: ProcessId) -> Result<i32, Lost> {
        let Some(Given { start, tasks }) = self.given.get(&process).copied() else {
            return Err(lost(Retry::Never, format!("{process} has a task before its start")));
        };
        if tasks >= self.range {
            let reason =
                format!("{process} has started {tasks} processes and threads; that is all there are numbers for");
            return Err(lost(Retry::Never, reason));
        }
        let number = self.first(process, start)? + tasks;
        self.given.insert(
            process,
            Given {
                start,
                tasks: tasks + 1,
            },
        );
        self.choose(number)
    }

    /// The last task was not made.
    pub(crate) fn take_back_child(&mut self, process: ProcessId) {
        if let Some(given) = self.given.get_mut(&process) {
            given.tasks -= 1;
        }
    }

    /// The number of a new snapshot process; `None` if there is none left.
    pub(super) fn snapshot(&mut self) -> Option<i32> {
        let mut free = (FIRST_SNAPSHOT..self.range).filter(|number| !self.snapshots.contains(number));
        let number = free.next()?;
        self.snapshots.insert(number);
        Some(number)
    }

    /// The snapshot process with this number is gone.
    pub(super) fn discard(&mut self, snapshot: i32) {
        self.snapshots.remove(&snapshot);
    }

    /// The next process gets this number.
    pub(super) fn choose(&self, number: i32) -> Result<i32, Lost> {
        self.next.choose(number).map_err(|error| untraced(&error))?;
        Ok(number)
    }

    fn first(&self, process: ProcessId, start: Start) -> Result<i32, Lost> {
        Ok((1 + self.slot(process, start)?) * self.range)
    }

    fn slot(&self, process: ProcessId, start: Start) -> Result<i32, Lost> {
        let round = match start {
            Start::Stale => return Ok(self.contenders * self.rounds),
            Start::Round(round) => i32::try_from(round).unwrap_or(i32::MAX),
        };
        if round >= self.rounds {
            let reason = format!("{process} was started more than {} times", self.rounds);
            return Err(lost(Retry::Never, reason));
        }
        Ok(round * self.contenders + i32::from(process.0))
    }
}

/// Whether a new process has the number that was chosen for it.
///
/// # Errors
///
/// When it has not: a process that has not been waited for, its group or its session still has the number.
pub(crate) fn check_number(chosen: i32, got: i32) -> Result<(), Lost> {
    if chosen == got {
        return Ok(());
    }
    let reason = format!("a process should have the number {chosen}, which is taken; it has {got}");
    Err(lost(Retry::Maybe, reason))
}
