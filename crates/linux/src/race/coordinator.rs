//! The command's side of a race: it forks the workers, watches them, and ends them.
//!
//! It takes no part in a round and wakes only now and then. A worker that dies or hangs ends the race: what it was in the
//! middle of is not known, and the others would wait for it for ever. Deliberately reads no counts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::pulse::is_at_work;
use super::worker::Race;
use super::{Lost, Mode, RaceError, Stop};
use crate::sys::process::{Ended, PANICKED};
use crate::sys::supervisor::Supervisor;
use onewinner_core::id::ProcessId;

/// How long workers go unwatched.
const POLL: Duration = Duration::from_millis(5);
/// How long between two looks at workers that have said goodbye.
const FAREWELL: Duration = Duration::from_micros(20);

/// Runs the rounds, and tells why they ended. No worker is left when it returns.
pub(super) fn run(race: &Race<'_>, interrupted: &AtomicBool, progress: &mut dyn FnMut(u64)) -> Result<Stop, RaceError> {
    let options = race.options;
    let deadline = options.time_limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut watcher = Watcher {
        race,
        interrupted,
        deadline,
        progress,
        asked: None,
    };
    loop {
        let settled = race.board.settled();
        if settled >= options.rounds {
            return Ok(Stop::AllRounds);
        }
        race.board.run_until(match options.mode {
            Mode::Fresh => settled + 1,
            Mode::LiveWorkers | Mode::Threads => options.rounds,
        });
        if let Some(stop) = watcher.gang()? {
            return Ok(stop);
        }
        if let Some(errno) = race.board.unprepared() {
            return Err(RaceError::Unprepared { errno });
        }
        if let Some(stop) = watcher.asked {
            // All rounds may have been run all the same.
            return Ok(if race.board.settled() >= options.rounds {
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
    /// Why the workers were asked to leave.
    asked: Option<Stop>,
}

impl Watcher<'_> {
    /// One set of workers, from fork to the last one's end; tells what ended the race, if something did.
    fn gang(&mut self) -> Result<Option<Stop>, RaceError> {
        let race = self.race;
        let crews = race.crews();
        let mut seen = race.board.left();
        let all_left = seen.wrapping_add(u32::try_from(crews.len()).expect("there are at most 64 crews"));
        let mut workers = Supervisor::default();
        for crew in &crews {
            workers.fork(|| race.work(crew))?;
        }
        let mut ages = Ages::new(race);
        loop {
            let ends = workers.ends();
            let lost = lost(&crews, &ends);
            if !lost.is_empty() {
                end(&mut workers)?;
                self.blame(&lost);
                return Ok(Some(Stop::Lost(lost)));
            }
            if ends.iter().all(Option::is_some) {
                (self.progress)(race.board.settled());
                return Ok(None);
            }
            let hung = ages.hung(race, &crews, &ends);
            if !hung.is_empty() {
                end(&mut workers)?;
                return Ok(Some(Stop::Hung(hung)));
            }
            self.ask();
            (self.progress)(race.board.settled());
            if seen == all_left {
                std::thread::sleep(FAREWELL);
            } else {
                race.board.wait_for_leaver(&mut seen, POLL);
            }
        }
    }

    /// Asks the workers to leave when the time is over or the user says so.
    fn ask(&mut self) {
        if self.asked.is_some() {
            return;
        }
        if self.interrupted.load(Ordering::Relaxed) {
            self.asked = Some(Stop::Interrupted);
        } else if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            self.asked = Some(Stop::TimeLimit);
        }
        if self.asked.is_some() {
            self.race.board.stop();
        }
    }

    /// A worker that panicked outside the lock's code found a bug of ours, which is nobody's result.
    fn blame(&self, lost: &[Lost]) {
        if lost.iter().any(|lost| lost.ended == Ended::Exited(PANICKED))
            && let Some(message) = self.race.board.blamed()
        {
            panic!("a worker of the race broke an invariant: {message}");
        }
    }
}

/// The workers that ended otherwise than by leaving.
fn lost(crews: &[Vec<ProcessId>], ends: &[Option<Ended>]) -> Vec<Lost> {
    crews
        .iter()
        .zip(ends)
        .filter_map(|(crew, ended)| {
            let ended = ended.filter(|ended| *ended != Ended::Exited(0))?;
            let processes = crew.clone();
            Some(Lost { processes, ended })
        })
        .collect()
}

/// Kills all, by pid, and waits until they are gone.
fn end(workers: &mut Supervisor) -> Result<(), RaceError> {
    match workers.end() {
        stuck if stuck.is_empty() => Ok(()),
        pids => Err(RaceError::Unkillable { pids }),
    }
}

/// For each contender, its pulse when it was last seen to change, and how long ago that was.
struct Ages(Vec<(u64, Duration)>, Instant);

impl Ages {
    fn new(race: &Race<'_>) -> Self {
        Self(
            race.board.pulses().map(|pulse| (pulse, Duration::ZERO)).collect(),
            Instant::now(),
        )
    }

    /// The contenders that have been at work for too long. If nobody is at work and nobody goes on, all that are left: one of
    /// them was stopped where it should have gone on.
    fn hung(&mut self, race: &Race<'_>, crews: &[Vec<ProcessId>], ends: &[Option<Ended>]) -> Vec<ProcessId> {
        // Time in which this process itself did not run, as after a Ctrl-Z, is not held against the workers.
        let passed = self.1.elapsed().min(10 * POLL);
        self.1 = Instant::now();
        for ((seen, age), pulse) in self.0.iter_mut().zip(race.board.pulses()) {
            *age = if *seen == pulse { *age + passed } else { Duration::ZERO };
            *seen = pulse;
        }
        let living = crews.iter().zip(ends).filter(|(_, ended)| ended.is_none());
        let living: Vec<ProcessId> = living.flat_map(|(crew, _)| crew).copied().collect();
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
