//! Runs the tasks of each round on threads.
//!
//! The caller decides how a thread runs a task: in memory, or in a worker process. Knows no tree.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::super::dpor::{Task, TaskResult};
use super::super::{Limits, Searched, Stop};
use super::ParallelSearch;

/// How a search is split among threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The number of steps down to which the tree is split: a larger depth makes more tasks and rounds.
    pub depth: usize,
    /// How many tasks run in parallel. It does not change which executions are run.
    pub threads: usize,
}

/// Runs the search of a task within limits: [`Dpor::for_task`](crate::explore::Dpor::for_task) is the scheduler, and
/// [`Dpor::into_result`](crate::explore::Dpor::into_result) makes the result.
pub type TaskSearch<'a> = dyn Fn(&Task, Limits) -> TaskResult + Sync + 'a;

/// The same for the task with this number in its round, counted from 0. It also returns a value for [`AfterRound`].
pub type ObservedTaskSearch<'a, T> = dyn Fn(usize, &Task, Limits) -> (TaskResult, T) + Sync + 'a;

/// Called after each round with the values of its tasks, in their order, and the completed share of the search. `Break` ends the
/// search.
pub type AfterRound<'a, T> = dyn FnMut(Vec<T>, f64) -> ControlFlow<()> + 'a;

/// Runs a parallel search, and returns the sum of what its tasks did.
///
/// Each task may run as many executions as were left when its round began, so the sum can exceed the limit but does not depend
/// on which task came first. A task that was cut makes its round the last one.
pub fn search_in_parallel(split: Split, limits: Limits, work: &TaskSearch<'_>) -> Searched {
    let work = |_, task: &Task, limits| (work(task, limits), ());
    let after_round = &mut |_, _| ControlFlow::Continue(());
    search_in_parallel_observed(split.depth, &|| split.threads, limits, &work, after_round)
}

/// The same, calling `after_round` after each round. Before each round, `threads` returns how many tasks may run in parallel.
pub fn search_in_parallel_observed<T: Send>(
    depth: usize,
    threads: &dyn Fn() -> usize,
    limits: Limits,
    work: &ObservedTaskSearch<'_, T>,
    after_round: &mut AfterRound<'_, T>,
) -> Searched {
    let deadline = Instant::now() + limits.time;
    let mut rounds = ParallelSearch::new(depth);
    let mut all = Searched::nothing();
    loop {
        let tasks = rounds.tasks();
        if tasks.is_empty() {
            break;
        }
        let executions = limits.executions.saturating_sub(all.executions);
        let done = run_tasks(&tasks, threads(), &|number, task| {
            let time = deadline.saturating_duration_since(Instant::now());
            let left = Limits {
                executions,
                time,
                ..limits
            };
            work(number, task, left)
        });
        let (results, kept): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        results.iter().for_each(|result| all.add(&result.searched));
        rounds.merge(results);
        if after_round(kept, rounds.estimate()).is_break() && all.is_under_way() {
            all.stop = Stop::Requested;
        }
        if !all.is_under_way() {
            break;
        }
    }
    all.covered = rounds.covered();
    all
}

impl Searched {
    /// Whether no limit has ended it. An execution with too many steps does not end a search.
    fn is_under_way(&self) -> bool {
        matches!(self.stop, Stop::Exhausted | Stop::Steps)
    }

    /// Adds another part of the same search.
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

/// The results of all tasks, in the order of the tasks.
fn run_tasks<T: Send>(tasks: &[Task], threads: usize, work: &(dyn Fn(usize, &Task) -> T + Sync)) -> Vec<T> {
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
                    let result = work(number, task);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((number, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}
