//! The rounds of a contender, and how contenders are divided into processes.
//!
//! Knows nothing of the coordinator: a worker finishes when the shared state says so, and dies with the command.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::aligned::aligned;
use super::delays::Cache;
use super::log::Log;
use super::round_dirs::RoundDirs;
use super::shared_state::SharedState;
use super::{Alignment, Mode, RaceOptions};
use crate::real_fs::RealFs;
use crate::sys::process::{PANICKED, detach_streams};
use onewinner_core::backend::contender::Contender;
use onewinner_core::backend::sim::panic_message;
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{Held, LockPrimitive};
use onewinner_core::scenario::ScenarioKind;

/// All that a worker uses; a forked worker inherits it from its parent.
pub(super) struct Race<'a> {
    pub(super) primitive: &'static dyn LockPrimitive,
    pub(super) options: &'a RaceOptions,
    pub(super) state: SharedState,
    pub(super) round_dirs: RoundDirs,
}

impl Race<'_> {
    /// The contenders of each worker process.
    pub(super) fn groups(&self) -> Vec<Vec<ProcessId>> {
        let all = ProcessId::first(self.options.scenario.processes);
        match self.options.mode {
            Mode::LiveWorkers | Mode::Fresh => all.map(|process| vec![process]).collect(),
            Mode::Threads => vec![all.collect()],
        }
    }

    /// Runs a worker process with these contenders. Returns its exit code.
    pub(super) fn run_group(&self, group: &[ProcessId]) -> u8 {
        // A lock that panics is a result and is reported as one; the worker must not print it.
        std::panic::set_hook(Box::new(|_| {}));
        // Without /dev/null the streams stay, which matters only if a call hangs for ever.
        let _kept = detach_streams();
        let worked = catch_unwind(AssertUnwindSafe(|| match group {
            [process] => self.contend(*process),
            group => self.contend_as_threads(group),
        }));
        if let Err(payload) = &worked {
            self.state.record_panic(&panic_message(&**payload));
            return PANICKED;
        }
        self.state.finish();
        0
    }

    #[cfg(not(feature = "threads"))]
    fn contend_as_threads(&self, _: &[ProcessId]) {
        unreachable!("`race` refuses threads in a build without them");
    }

    /// Runs each contender in its own thread, so that all can hold the lock at the same time.
    #[cfg(feature = "threads")]
    fn contend_as_threads(&self, group: &[ProcessId]) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(group.len()).build();
        let pool = pool.expect("the kernel gives at least 64 threads");
        pool.broadcast(|thread| self.contend(group[thread.index()]));
    }

    /// Runs one contender, round after round.
    fn contend(&self, process: ProcessId) {
        let (state, options) = (&self.state, self.options);
        let mut contender = Contender::new(
            self.primitive,
            &options.scenario,
            &self.round_dirs.directory(0, process),
            process,
        );
        let (heartbeat, log) = (state.heartbeat(process), state.counters.log(process));
        let mut cache = Cache::default();
        heartbeat.reset();
        state.pid_table.enter(process);
        loop {
            state.start.arrive_and_wait(|| {
                heartbeat.begin_work();
                state.between_rounds(&self.round_dirs);
                heartbeat.begin_wait();
            });
            let Some(round) = state.round() else { return };
            contender.move_to(
                self.round_dirs.directory(round, process),
                self.round_dirs.lock(round, process),
            );
            // New in each round: descriptors that a lock forgot to close are closed, and no round inherits them.
            let fs = RealFs::of(process, state.pid_table.peers());
            let held = match options.alignment {
                Alignment::Delayed => state
                    .delays
                    .around(process, round, &mut cache, || self.attempt(&contender, &fs, log)),
                Alignment::Natural | Alignment::Aligned => self.attempt(&contender, &fs, log),
            };
            if options.scenario.kind != ScenarioKind::Contend {
                continue;
            }
            state.answered.arrive_and_wait(|| {});
            if let Some(held) = held {
                heartbeat.begin_work();
                run_lock_code(self, log, |record| contender.release(&fs, held, record));
                heartbeat.begin_wait();
            }
        }
    }

    /// Runs the scenario of a contender up to the point at which it waits for the others.
    fn attempt(&self, contender: &Contender, fs: &RealFs, log: Log<'_>) -> Option<Held> {
        let heartbeat = self.state.heartbeat(contender.process());
        heartbeat.begin_work();
        let held = match self.options.alignment {
            Alignment::Aligned => {
                let line = &self.state.calls;
                let held = run_lock_code(self, log, |record| {
                    contender.run(&aligned(fs, line, &heartbeat), record)
                });
                line.arrive_and_deregister();
                held
            }
            Alignment::Natural | Alignment::Delayed => run_lock_code(self, log, |record| contender.run(fs, record)),
        };
        heartbeat.begin_wait();
        held.flatten()
    }
}

/// Runs code of the lock and records its events, among them a panic.
fn run_lock_code<T>(race: &Race<'_>, log: Log<'_>, run: impl FnOnce(&mut dyn FnMut(What)) -> T) -> Option<T> {
    let mut record = |what: What| log.push(race.state.stamp(), &what);
    match catch_unwind(AssertUnwindSafe(|| run(&mut record))) {
        Ok(result) => Some(result),
        Err(payload) => {
            let message = panic_message(&*payload);
            record(What::Panicked { message });
            None
        }
    }
}
