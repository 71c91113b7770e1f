//! Child processes under a deadline and a cancel token: the one place where a process waits for others to end.
//!
//! ```text
//!  fork ─▶ watch: all ended well │ one was lost │ cancelled │ timed out ─▶ SIGKILL to all, then wait for all
//! ```
//!
//! Knows nothing of what the processes do.

use std::process::Child;
use std::time::{Duration, Instant};

use super::process::{Ended, ForkError, KILL_LIMIT, Worker};

/// The default time between two checks of the processes.
pub const POLL: Duration = Duration::from_millis(1);

/// A longer limit counts as this one, so that a deadline is a moment that the clock can express: ten years.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Returns whether the work is cancelled.
pub type CancelToken<'a> = &'a dyn Fn() -> bool;

/// A token that never cancels.
pub const NEVER: CancelToken<'static> = &|| false;

/// The limit of processes, and what may cancel them.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// The longest time from the beginning of the watch.
    pub limit: Duration,
    /// The time between two checks of the processes.
    pub poll: Duration,
    /// Cancels the watch.
    pub cancelled: CancelToken<'a>,
    /// How long they may clean up after a cancellation. With zero the watch ends immediately.
    pub grace: Duration,
}

impl<'a> Watch<'a> {
    /// A watch without grace that checks every [`POLL`].
    pub fn new(limit: Duration, cancelled: CancelToken<'a>) -> Self {
        Self {
            limit,
            poll: POLL,
            cancelled,
            grace: Duration::ZERO,
        }
    }
}

/// Why a watch ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// A process ended, but not with exit code 0.
    Lost(Ended),
    /// The watch was cancelled.
    Cancelled,
    /// The limit passed.
    TimedOut,
}

/// Processes that are watched together. When dropped, it kills all of them before it waits for the first.
#[derive(Debug, Default)]
pub struct Supervisor {
    workers: Vec<Worker>,
}

impl Supervisor {
    /// Forks a process that runs `body`, as [`Worker::fork`].
    ///
    /// # Errors
    ///
    /// As [`Worker::fork`]. The processes that were forked before are killed when the supervisor is dropped.
    pub fn fork(&mut self, body: impl FnOnce() -> u8) -> Result<(), ForkError> {
        self.workers.push(Worker::fork(body)?);
        Ok(())
    }

    /// Takes over a process. Nothing else may wait for it.
    pub fn add(&mut self, worker: Worker) {
        self.workers.push(worker);
    }

    /// Takes over a program. Nothing else may wait for it.
    pub fn adopt(&mut self, program: &Child) {
        self.add(Worker::of_program(program));
    }

    /// Whether and how each process ended, without waiting.
    pub fn exits(&mut self) -> Vec<Option<Ended>> {
        self.workers.iter_mut().map(Worker::ended).collect()
    }

    /// Waits until all processes ended with exit code 0.
    ///
    /// # Errors
    ///
    /// When a process is lost, the watch is cancelled, or its limit passes. The processes that are left continue: see [`kill_all`](Self::kill_all).
    pub fn wait_for_all(&mut self, watch: &Watch<'_>) -> Result<(), Unfinished> {
        self.wait_until(watch, |ends| {
            let lost = ends.iter().flatten().find(|ended| **ended != Ended::Exited(0));
            match lost {
                Some(lost) => Some(Err(Unfinished::Lost(*lost))),
                None => ends.iter().all(Option::is_some).then_some(Ok(())),
            }
        })?
    }

    /// Waits until `look` returns a result. Its argument is how each process ended, read before the call.
    ///
    /// # Errors
    ///
    /// When the watch is cancelled or its limit passes before.
    pub fn wait_until<T>(
        &mut self,
        watch: &Watch<'_>,
        mut look: impl FnMut(&[Option<Ended>]) -> Option<T>,
    ) -> Result<T, Unfinished> {
        let mut deadline = Instant::now() + watch.limit.min(LONGEST);
        let mut cancelled = false;
        loop {
            let ends = self.exits();
            if let Some(seen) = look(&ends) {
                // A result after the cancellation does not count.
                return if cancelled {
                    Err(Unfinished::Cancelled)
                } else {
                    Ok(seen)
                };
            }
            if !cancelled && (watch.cancelled)() {
                cancelled = true;
                deadline = deadline.min(Instant::now() + watch.grace);
            }
            if Instant::now() >= deadline {
                return Err(if cancelled {
                    Unfinished::Cancelled
                } else {
                    Unfinished::TimedOut
                });
            }
            std::thread::sleep(watch.poll);
        }
    }

    /// Kills all processes that are left, and waits for them, at most [`KILL_LIMIT`]. Returns the pids of those that a call
    /// still holds in the kernel.
    pub fn kill_all(&mut self) -> Vec<i32> {
        self.kill_all_within(KILL_LIMIT)
    }

    /// Like [`kill_all`](Self::kill_all), with another limit.
    pub fn kill_all_within(&mut self, limit: Duration) -> Vec<i32> {
        self.workers.iter_mut().for_each(Worker::kill);
        let deadline = Instant::now() + limit;
        let stuck = self.workers.iter_mut();
        let stuck = stuck.filter_map(|worker| (!worker.wait_until_gone(deadline)).then(|| worker.pid()));
        stuck.collect()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let is_left = |worker: &mut Worker| worker.ended().is_none() && !worker.is_stuck();
        if self.workers.iter_mut().any(is_left) {
            self.kill_all();
        }
    }
}

/// Kills a program and waits for it, at most [`KILL_LIMIT`]. It may have ended by itself. Returns whether it has ended.
pub fn kill_program(program: &Child) -> bool {
    let mut supervisor = Supervisor::default();
    supervisor.adopt(program);
    supervisor.kill_all().is_empty()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::process::Command;

    use super::*;

    /// Programs, because a test has threads and must not fork.
    fn running(commands: &[&str]) -> Supervisor {
        let mut supervisor = Supervisor::default();
        for command in commands {
            let program = Command::new("sh").args(["-c", command]).spawn();
            supervisor.adopt(&program.expect("there is a shell"));
        }
        supervisor
    }

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn a_watch_ends_when_all_have_ended_or_one_is_lost() {
        assert_eq!(
            running(&["true", "true"]).wait_for_all(&Watch::new(LONG, NEVER)),
            Ok(())
        );
        let lost = running(&["true", "exit 3", "exec sleep 60"]).wait_for_all(&Watch::new(LONG, NEVER));
        assert_eq!(lost, Err(Unfinished::Lost(Ended::Exited(3))));
        let killed = running(&["kill -9 $$"]).wait_for_all(&Watch::new(LONG, NEVER));
        assert_eq!(killed, Err(Unfinished::Lost(Ended::Killed(9))));
    }

    #[test]
    fn processes_that_are_left_at_the_limit_are_killed() {
        let mut supervisor = running(&["exec sleep 60", "true"]);
        assert_eq!(
            supervisor.wait_for_all(&Watch::new(SHORT, NEVER)),
            Err(Unfinished::TimedOut)
        );
        assert!(supervisor.kill_all().is_empty());
        assert_eq!(supervisor.exits()[0], Some(Ended::Killed(9)));
    }

    #[test]
    fn a_cancelled_watch_waits_for_its_grace_and_ignores_results_in_it() {
        for (command, grace) in [
            ("exec sleep 60", Duration::ZERO),
            ("exec sleep 60", SHORT),
            ("sleep 0.05", LONG),
            ("sleep 0.05; exit 3", LONG),
        ] {
            let (began, asked) = (Instant::now(), Cell::new(0));
            let cancelled = || {
                asked.set(asked.get() + 1);
                true
            };
            let watch = Watch {
                grace,
                ..Watch::new(LONG, &cancelled)
            };
            assert_eq!(
                running(&[command]).wait_for_all(&watch),
                Err(Unfinished::Cancelled),
                "{command}"
            );
            assert_eq!(asked.get(), 1, "{command}");
            assert!(began.elapsed() < LONG / 2, "{command}");
        }
    }
}
