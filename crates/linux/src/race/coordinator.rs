//! The command's side of a race: it forks the workers, watches them, and ends them.
//!
//! It takes no part in a round and wakes up rarely. A worker that dies or hangs ends the race: what it was doing is unknown,
//! and the others would wait for it for ever. Reads no counts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::heartbeat::is_at_work;
use super::worker::Race;
use super::{Lost, Mode, RaceError, Stop};
use crate::sys::process::{Ended, PANICKED};
use crate::sys::supervisor::Supervisor;
use onewinner_core::id::ProcessId;

/// The time between two checks of the workers.
const POLL: Duration = Duration::from_millis(5);
/// The time between two checks of workers that have finished and are about to exit.
const EXIT_POLL: Duration = Duration::from_micros(20);

/// Runs the rounds and returns why they ended. No worker is left when it returns.
pub(super) fn run(race: &Race<'_>, interrupted: &AtomicBool, progress: &mut dyn FnMut(u64)) -> Result<Stop, RaceError> {
    let options = race.options;
    let deadline = options.time_limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut watcher = Watcher {
        race,
        interrupted,
        deadline,
        progress,
        stop: None,
    };
    loop {
        let counted_rounds = race.state.counted_rounds();
        if counted_rounds >= options.rounds {
            return Ok(Stop::AllRounds);
        }
        race.state.run_until(match options.mode {
            Mode::Fresh => counted_rounds + 1,
            Mode::LiveWorkers | Mode::Threads => options.rounds,
        });
        if let Some(stop) = watcher.run_workers()? {
            return Ok(stop);
        }
        if let Some(errno) = race.state.round_error() {
            return Err(RaceError::Unprepared { errno });
        }
        if let Some(stop) = watcher.stop {
            // All rounds may have been run before the stop was seen.
            return Ok(if race.state.counted_rounds() >= options.rounds {
                Stop::AllRounds
            } else {
                stop
            });
        }
    }
}

struct Watcher<'a> {
    race: &'a Race<'a>,
    interrupted: &'a AtomicBool,
    deadline: Option<Instant>,
    progress: &'a mut dyn FnMut(u64),
    /// Why the workers were asked to stop.
    stop: Option<Stop>,
}

impl Watcher<'_> {
    /// Runs one set of workers, from the fork to the last exit. Returns why the race ended, if it did.
    fn run_workers(&mut self) -> Result<Option<Stop>, RaceError> {
        let race = self.race;
        let groups = race.groups();
        let mut seen = race.state.finished();
        let all_finished = seen.wrapping_add(u32::try_from(groups.len()).expect("there are at most 64 groups"));
        let mut workers = Supervisor::default();
        for group in &groups {
            workers.fork(|| race.run_group(group))?;
        }
        let mut ages = HeartbeatAges::new(race);
        loop {
            let ends = workers.exits();
            let lost = lost(&groups, &ends);
            if !lost.is_empty() {
                end(&mut workers)?;
                self.raise_recorded_panic(&lost);
                return Ok(Some(Stop::Lost(lost)));
            }
            if ends.iter().all(Option::is_some) {
                (self.progress)(race.state.counted_rounds());
                return Ok(None);
            }
            let hung = ages.hung(race, &groups, &ends);
            if !hung.is_empty() {
                end(&mut workers)?;
                return Ok(Some(Stop::Hung(hung)));
            }
            self.stop_if_asked();
            (self.progress)(race.state.counted_rounds());
            if seen == all_finished {
                std::thread::sleep(EXIT_POLL);
            } else {
                race.state.wait_for_finished(&mut seen, POLL);
            }
        }
    }

    /// Asks the workers to stop when the time is over or the user has interrupted.
    fn stop_if_asked(&mut self) {
        if self.stop.is_some() {
            return;
        }
        if self.interrupted.load(Ordering::Relaxed) {
            self.stop = Some(Stop::Interrupted);
        } else if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            self.stop = Some(Stop::TimeLimit);
        }
        if self.stop.is_some() {
            self.race.state.stop();
        }
    }

    /// Panics if a worker panicked outside the lock's code: that is a bug of onewinner and not a result.
    fn raise_recorded_panic(&self, lost: &[Lost]) {
        if lost.iter().any(|lost| lost.ended == Ended::Exited(PANICKED))
            && let Some(message) = self.race.state.recorded_panic()
        {
            panic!("a worker of the race broke an invariant: {message}");
        }
    }
}

/// The workers that ended before they had finished.
fn lost(groups: &[Vec<ProcessId>], ends: &[Option<Ended>]) -> Vec<Lost> {
    groups
        .iter()
        .zip(ends)
        .filter_map(|(group, ended)| {
            let ended = ended.filter(|ended| *ended != Ended::Exited(0))?;
            let processes = group.clone();
            Some(Lost { processes, ended })
        })
        .collect()
}

/// Kills all workers, and waits until they are gone.
fn end(workers: &mut Supervisor) -> Result<(), RaceError> {
    match workers.kill_all() {
        stuck if stuck.is_empty() => Ok(()),
        pids => Err(RaceError::Unkillable { pids }),
    }
}

/// For each contender, the last value of its heartbeat, and how long ago it changed; then when this was last updated.
struct HeartbeatAges(Vec<(u64, Duration)>, Instant);

impl HeartbeatAges {
    fn new(race: &Race<'_>) -> Self {
        Self(
            race.state
                .heartbeats()
                .map(|heartbeat| (heartbeat, Duration::ZERO))
                .collect(),
            Instant::now(),
        )
    }

    /// The contenders that have worked for too long. If none works and none makes progress, all that are left: one of them
    /// was stopped while it should have continued.
    fn hung(&mut self, race: &Race<'_>, groups: &[Vec<ProcessId>], ends: &[Option<Ended>]) -> Vec<ProcessId> {
        // Time in which this process itself did not run, as after Ctrl-Z, does not count.
        let passed = self.1.elapsed().min(10 * POLL);
        self.1 = Instant::now();
        for ((seen, age), heartbeat) in self.0.iter_mut().zip(race.state.heartbeats()) {
            *age = if *seen == heartbeat {
                *age + passed
            } else {
                Duration::ZERO
            };
            *seen = heartbeat;
        }
        let living = groups.iter().zip(ends).filter(|(_, ended)| ended.is_none());
        let living: Vec<ProcessId> = living.flat_map(|(group, _)| group).copied().collect();
        let is_old = |process: &ProcessId| self.0[process.index()].1 >= race.options.worker_limit;
        let is_working = |process: &ProcessId| is_at_work(self.0[process.index()].0);
        let hung: Vec<ProcessId> = living
            .iter()
            .copied()
            .filter(|each| is_old(each) && is_working(each))
            .collect();
        if hung.is_empty() && living.iter().all(is_old) {
            return living;
        }
        hung
    }
}
