//! Rounds with threads: each takes the next task, until none is left.
//!
//! What a thread does with a task is the caller's: it may search in memory, or ask a process of its own. Knows no tree.

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

/// Runs a reduction in rounds, and tells what all searches did together.
///
/// Each task may run as many executions as were left when its round began, so that the sum can exceed the limit, and does not
/// depend on which task came first. A task that a limit cut, or that somebody asked to stop, is the end of the last round.
pub fn in_rounds(split: Split, limits: Limits, work: &Work<'_>) -> Searched {
    let deadline = Instant::now() + limits.time;
    let mut rounds = Rounds::new(split.depth);
    let mut all = Searched::nothing();
    loop {
        let tasks = rounds.tasks();
        if tasks.is_empty() {
            break;
        }
        let executions = limits.executions.saturating_sub(all.executions);
        let came = at_once(&tasks, split.threads, &|task| {
            let time = deadline.saturating_duration_since(Instant::now());
            let left = Limits {
                executions,
                time,
                ..limits
            };
            work(task, left)
        });
        came.iter().for_each(|came| all.add(&came.searched));
        rounds.take(came);
        if matches!(all.stop, Stop::Executions | Stop::Time | Stop::Asked) {
            break;
        }
    }
    all.covered = rounds.covered();
    all
}

impl Searched {
    /// Counts another part of the same search.
    fn add(&mut self, part: &Self) {
        self.executions += part.executions;
        self.blocked += part.blocked;
        self.lost += part.lost;
        self.diverged += part.diverged;
        self.steps += part.steps;
        self.failure = self.failure.take().or_else(|| part.failure.clone());
        // A search in which some execution was too long goes on; any other limit is its end.
        if matches!(self.stop, Stop::Exhausted | Stop::Steps) && part.stop != Stop::Exhausted {
            self.stop = part.stop;
        }
    }
}

fn at_once(tasks: &[Task], threads: usize, work: &(dyn Fn(&Task) -> Came + Sync)) -> Vec<Came> {
    if threads <= 1 || tasks.len() == 1 {
        return tasks.iter().map(work).collect();
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
                    let came = work(task);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((number, came));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, came)| came).collect()
}
