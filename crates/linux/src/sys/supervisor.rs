//! Child processes under a deadline and a cancellation: the one place where a process waits for others to end.
//!
//! ```text
//!  fork ─▶ watch: all ended well │ one was lost │ cancelled │ timed out ─▶ end: SIGKILL to all, then wait for all
//! ```
//!
//! Deliberately knows nothing of what the processes do.

use std::io::{self, BufRead, BufReader, Write};
use std::process::Child;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::process::{Ended, ForkError, KILL_LIMIT, PANICKED, Worker, let_go_of_streams};

/// How often processes are looked at, unless the caller says otherwise.
pub const POLL: Duration = Duration::from_millis(1);

/// Asks whether nobody wants the result any more.
pub type CancelToken<'a> = &'a dyn Fn() -> bool;

/// A token that never cancels.
pub const NEVER: CancelToken<'static> = &|| false;

/// How long processes may take, and who may end them before.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// The most time, from the beginning of the watch.
    pub limit: Duration,
    /// The time between two looks at them.
    pub poll: Duration,
    /// Cancels the watch.
    pub cancelled: CancelToken<'a>,
    /// How long they may clean up after a cancellation; with zero the watch ends at once.
    pub grace: Duration,
}

impl<'a> Watch<'a> {
    /// A watch without grace that looks every [`POLL`].
    pub fn new(limit: Duration, cancelled: CancelToken<'a>) -> Self {
        Self {
            limit,
            poll: POLL,
            cancelled,
            grace: Duration::ZERO,
        }
    }
}

/// Why a watch ended before all was well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// A process ended otherwise than with exit code 0.
    Lost(Ended),
    /// The watch was cancelled.
    Cancelled,
    /// The limit passed.
    TimedOut,
}

/// Processes that are watched together. Dropped, all are killed before the first is waited for.
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

    /// Takes over a process that nobody else waits for.
    pub fn add(&mut self, worker: Worker) {
        self.workers.push(worker);
    }

    /// Takes over a program. Its pipes are closed.
    pub fn adopt(&mut self, program: &Child) {
        self.add(Worker::of_program(program));
    }

    /// Whether and how each process ended, without waiting.
    pub fn ends(&mut self) -> Vec<Option<Ended>> {
        self.workers.iter_mut().map(Worker::ended).collect()
    }

    /// Waits until all processes ended with exit code 0.
    ///
    /// # Errors
    ///
    /// When that cannot be any more. The processes that are left go on: see [`end`](Self::end).
    pub fn all(&mut self, watch: &Watch<'_>) -> Result<(), Unfinished> {
        self.until(watch, |ends| {
            let lost = ends.iter().flatten().find(|ended| **ended != Ended::Exited(0));
            match lost {
                Some(lost) => Some(Err(Unfinished::Lost(*lost))),
                None => ends.iter().all(Option::is_some).then_some(Ok(())),
            }
        })?
    }

    /// Waits until `look` has a result. It gets how each process ended, as that was before the look.
    ///
    /// # Errors
    ///
    /// When the watch is cancelled or its limit passes before.
    pub fn until<T>(
        &mut self,
        watch: &Watch<'_>,
        mut look: impl FnMut(&[Option<Ended>]) -> Option<T>,
    ) -> Result<T, Unfinished> {
        let mut deadline = Instant::now() + watch.limit;
        let mut cancelled = false;
        loop {
            let ends = self.ends();
            if let Some(seen) = look(&ends) {
                // What they still did after the cancellation counts for nothing.
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

    /// Kills all processes that are left, and waits for them, at most [`KILL_LIMIT`]. Returns the numbers of those that a
    /// call holds in the kernel all the same.
    pub fn end(&mut self) -> Vec<i32> {
        self.end_within(KILL_LIMIT)
    }

    /// The same, with another limit.
    pub fn end_within(&mut self, limit: Duration) -> Vec<i32> {
        self.workers.iter_mut().for_each(Worker::kill);
        let deadline = Instant::now() + limit;
        let stuck = self.workers.iter_mut();
        let stuck = stuck.filter_map(|worker| (!worker.gone_by(deadline)).then(|| worker.pid()));
        stuck.collect()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let is_left = |worker: &mut Worker| worker.ended().is_none() && !worker.is_stuck();
        if self.workers.iter_mut().any(is_left) {
            self.end();
        }
    }
}

/// Kills a program that nobody waited for, and waits for it, at most [`KILL_LIMIT`]. It may have ended by itself. Returns
/// whether it is gone.
pub fn end_program(program: &Child) -> bool {
    let mut supervisor = Supervisor::default();
    supervisor.adopt(program);
    supervisor.end().is_empty()
}

/// Why a process of its own gave no result.
#[derive(Debug, thiserror::Error)]
pub enum IsolatedError {
    /// The limit passed.
    #[error("it did not end within {} s, and was killed: a call hangs, or it needs longer", .0.as_secs())]
    Hung(Duration),
    /// The limit passed, and it survived SIGKILL.
    #[error("it hangs in a call of the kernel and cannot be killed")]
    Unkillable,
    /// It died.
    #[error("its process died ({said})")]
    Died {
        /// How.
        ended: Ended,
        /// The same in words, or the message of its panic.
        said: String,
    },
    /// The watch was cancelled.
    #[error("interrupted")]
    Interrupted,
    /// There was no process.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// There was no pipe, or nothing to read from it.
    #[error("failed to hear of its process: {0}")]
    Pipe(#[from] io::Error),
}

/// Runs `body` in a process of its own: what hangs in it hangs alone. Its result has to fit in a pipe.
///
/// The standard streams of the process lead nowhere.
///
/// # Errors
///
/// When there is no result. Afterwards no process is left, but for [`IsolatedError::Unkillable`].
///
/// # Panics
///
/// In the other process alone, when the result is no plain data. Here that is [`IsolatedError::Died`].
pub fn run_isolated<T: Serialize + DeserializeOwned>(
    watch: &Watch<'_>,
    body: impl FnOnce() -> T,
) -> Result<T, IsolatedError> {
    let (reader, writer) = io::pipe()?;
    let mut supervisor = Supervisor::default();
    supervisor.fork(|| {
        // What it would say of a broken invariant goes where its result goes.
        let said = writer.try_clone();
        std::panic::set_hook(Box::new(move |panic| {
            if let Ok(mut said) = said.as_ref() {
                let _unheard = writeln!(said, "{}", panic.to_string().replace('\n', " "));
            }
        }));
        // Without /dev/null they stay, and do harm only if a call hangs for ever.
        let _kept = let_go_of_streams();
        let text = serde_json::to_string(&body()).expect("it is plain data");
        u8::from(writeln!(&writer, "{text}").is_err())
    })?;
    drop(writer);
    let watched = supervisor.all(watch);
    // One line, and not to the end: what it started in the background may keep the pipe open.
    let line = |mut line: String| BufReader::new(&reader).read_line(&mut line).map(|_| line);
    match watched {
        Ok(()) => Ok(serde_json::from_str(&line(String::new())?).map_err(io::Error::from)?),
        Err(Unfinished::Lost(ended)) => {
            let said = match ended {
                Ended::Exited(PANICKED) => line(String::new())?.trim_end().to_owned(),
                other => other.to_string(),
            };
            Err(IsolatedError::Died { ended, said })
        }
        Err(_) if !supervisor.end().is_empty() => Err(IsolatedError::Unkillable),
        Err(Unfinished::Cancelled) => Err(IsolatedError::Interrupted),
        Err(Unfinished::TimedOut) => Err(IsolatedError::Hung(watch.limit)),
    }
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
        assert_eq!(running(&["true", "true"]).all(&Watch::new(LONG, NEVER)), Ok(()));
        let lost = running(&["true", "exit 3", "exec sleep 60"]).all(&Watch::new(LONG, NEVER));
        assert_eq!(lost, Err(Unfinished::Lost(Ended::Exited(3))));
        let killed = running(&["kill -9 $$"]).all(&Watch::new(LONG, NEVER));
        assert_eq!(killed, Err(Unfinished::Lost(Ended::Killed(9))));
    }

    #[test]
    fn what_is_left_at_the_limit_is_killed() {
        let mut supervisor = running(&["exec sleep 60", "true"]);
        assert_eq!(supervisor.all(&Watch::new(SHORT, NEVER)), Err(Unfinished::TimedOut));
        assert!(supervisor.end().is_empty());
        assert_eq!(supervisor.ends()[0], Some(Ended::Killed(9)));
    }

    #[test]
    fn a_cancelled_watch_gives_its_grace_and_no_more_and_counts_nothing_that_ends_in_it() {
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
            assert_eq!(running(&[command]).all(&watch), Err(Unfinished::Cancelled), "{command}");
            assert_eq!(asked.get(), 1, "{command}");
            assert!(began.elapsed() < LONG / 2, "{command}");
        }
    }
}
