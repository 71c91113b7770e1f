//! Rounds with threads: each takes the next task, until none is left.
//!
//! What a thread does with a task is the caller's: it may search in memory, or ask a process of its own. Knows no tree.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::super::dpor::{Came, Task};
use super::super::{Limits, Searched, Stop};
use super::Rounds;

/// How a search is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Down to which step the tree is split: the more, the more tasks and rounds.
    pub depth: usize,
    /// How many tasks are run at once. What is searched does not depend on it.
    pub threads: usize,
}

/// What a thread does: a search of a task, within limits, with [`Dpor::of`](crate::explore::Dpor::of) as its scheduler and
/// [`Dpor::came`](crate::explore::Dpor::came) behind it.
pub type Work<'a> = dyn Fn(&Task, Limits) -> Came + Sync + 'a;

/// The same, of the task with this number in its round, counted from 0; and what is kept of it besides.
pub type HeardWork<'a, T> = dyn Fn(usize, &Task, Limits) -> (Came, T) + Sync + 'a;

/// Who hears after each round what was kept of its tasks, in their order, and which share of the search is behind it; to break
/// is to ask for the end.
pub type Heed<'a, T> = dyn FnMut(Vec<T>, f64) -> ControlFlow<()> + 'a;

/// Runs a reduction in rounds, and tells what all searches did together.
///
/// Each task may run as many executions as were left when its round began, so that the sum can exceed the limit, and does not
/// depend on which task came first. A task that a limit cut, or that somebody asked to stop, is the end of the last round.
pub fn in_rounds(split: Split, limits: Limits, work: &Work<'_>) -> Searched {
    let work = |_, task: &Task, limits| (work(task, limits), ());
    let heed = &mut |_, _| ControlFlow::Continue(());
    in_rounds_heard(split.depth, &|| split.threads, limits, &work, heed)
}

/// The same, with somebody who hears of each round; `threads` is asked before each how many tasks are run at once.
pub fn in_rounds_heard<T: Send>(
    depth: usize,
    threads: &dyn Fn() -> usize,
    limits: Limits,
    work: &HeardWork<'_, T>,
    heed: &mut Heed<'_, T>,
) -> Searched {
    let deadline = Instant::now() + limits.time;
    let mut rounds = Rounds::new(depth);
    let mut all = Searched::nothing();
    loop {
        let tasks = rounds.tasks();
        if tasks.is_empty() {
            break;
        }
        let executions = limits.executions.saturating_sub(all.executions);
        let done = at_once(&tasks, threads(), &|number, task| {
            let time = deadline.saturating_duration_since(Instant::now());
            let left = Limits {
                executions,
                time,
                ..limits
            };
            work(number, task, left)
        });
        let (came, kept): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        came.iter().for_each(|came| all.add(&came.searched));
        rounds.take(came);
        if heed(kept, rounds.estimate()).is_break() && all.is_under_way() {
            all.stop = Stop::Asked;
        }
        if !all.is_under_way() {
            break;
        }
    }
    all.covered = rounds.covered();
    all
}

impl Searched {
    /// Whether no limit has ended it. A search in which some execution was too long goes on.
    fn is_under_way(&self) -> bool {
        matches!(self.stop, Stop::Exhausted | Stop::Steps)
    }

    /// Counts another part of the same search.
    fn add(&mut self, part: &Self) {
        self.executions += part.executions;
        self.blocked += part.blocked;
        self.lost += part.lost;
        self.diverged += part.diverged;
        self.steps += part.steps;
        self.failure = self.failure.take().or_else(|| part.failure.clone());
        if self.is_under_way() && part.stop != Stop::Exhausted {
            self.stop = part.stop;
        }
    }
}

/// What each task came to, in their order.
fn at_once<T: Send>(tasks: &[Task], threads: usize, work: &(dyn Fn(usize, &Task) -> T + Sync)) -> Vec<T> {
    if threads <= 1 || tasks.len() == 1 {
        return tasks
            .iter()
            .enumerate()
            .map(|(number, task)| work(number, task))
            .collect();
    }
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let take = || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        tasks.get(number).map(|task| (number, task))
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(tasks.len()) {
            scope.spawn(|| {
                while let Some((number, task)) = take() {
                    let came = work(number, task);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((number, came));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, came)| came).collect()
}
