//! What contenders do, round after round, and how they are spread over processes.
//!
//! Deliberately knows nothing of the coordinator: a worker leaves when the board says so, and dies with the command.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::aligned::aligned;
use super::board::Board;
use super::delays::Cache;
use super::ground::Ground;
use super::log::Log;
use super::{Alignment, Mode, RaceOptions};
use crate::real_fs::RealFs;
use crate::sys::process::{PANICKED, let_go_of_streams};
use onewinner_core::backend::contender::Contender;
use onewinner_core::backend::sim::panic_message;
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{Held, LockPrimitive};
use onewinner_core::scenario::ScenarioKind;

/// All that a worker works on; forked workers have it from their parent.
pub(super) struct Race<'a> {
    pub(super) primitive: &'static dyn LockPrimitive,
    pub(super) options: &'a RaceOptions,
    pub(super) board: Board,
    pub(super) ground: Ground,
}

impl Race<'_> {
    /// The contenders of each worker process.
    pub(super) fn crews(&self) -> Vec<Vec<ProcessId>> {
        let all = ProcessId::first(self.options.scenario.processes);
        match self.options.mode {
            Mode::LiveWorkers | Mode::Fresh => all.map(|process| vec![process]).collect(),
            Mode::Threads => vec![all.collect()],
        }
    }

    /// The life of a worker process with this crew: its exit code.
    pub(super) fn work(&self, crew: &[ProcessId]) -> u8 {
        // A lock that panics is a result, told in its place; the terminal is not the worker's.
        std::panic::set_hook(Box::new(|_| {}));
        // Without /dev/null they stay, and do harm only if a call hangs for ever.
        let _kept = let_go_of_streams();
        let worked = catch_unwind(AssertUnwindSafe(|| match crew {
            [process] => self.contend(*process),
            crew => self.contend_as_threads(crew),
        }));
        if let Err(payload) = &worked {
            self.board.blame(&panic_message(&**payload));
            return PANICKED;
        }
        self.board.leave();
        0
    }

    #[cfg(not(feature = "threads"))]
    fn contend_as_threads(&self, _: &[ProcessId]) {
        unreachable!("`race` refuses threads in a build without them");
    }

    /// A pool of exactly as many threads as contenders, each of which gets one: so all can hold at once.
    #[cfg(feature = "threads")]
    fn contend_as_threads(&self, crew: &[ProcessId]) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(crew.len()).build();
        let pool = pool.expect("the kernel gives at least 64 threads");
        pool.broadcast(|thread| self.contend(crew[thread.index()]));
    }

    /// One contender, round after round.
    fn contend(&self, process: ProcessId) {
        let (board, options) = (&self.board, self.options);
        let mut contender = Contender::new(
            self.primitive,
            &options.scenario,
            &self.ground.directory(0, process),
            process,
        );
        let (pulse, log) = (board.pulse(process), board.tally.log(process));
        let mut cache = Cache::default();
        pulse.begin();
        board.pid_table.enter(process);
        loop {
            board.start.arrive_and_wait(|| {
                pulse.work();
                board.between_rounds(&self.ground);
                pulse.rest();
            });
            let Some(round) = board.round() else { return };
            contender.move_to(self.ground.directory(round, process), self.ground.lock(round, process));
            // New in each round: what a lock forgets to close is closed, and no round inherits it.
            let fs = RealFs::of(process, board.pid_table.peers());
            let held = match options.alignment {
                Alignment::Delayed => board
                    .delays
                    .around(process, round, &mut cache, || self.attempt(&contender, &fs, log)),
                Alignment::Natural | Alignment::Aligned => self.attempt(&contender, &fs, log),
            };
            if options.scenario.kind != ScenarioKind::Contend {
                continue;
            }
            board.answered.arrive_and_wait(|| {});
            if let Some(held) = held {
                pulse.work();
                caught(self, log, |tell| contender.release(&fs, held, tell));
                pulse.rest();
            }
        }
    }

    /// What the scenario asks of a contender before it waits for the others.
    fn attempt(&self, contender: &Contender, fs: &RealFs, log: Log<'_>) -> Option<Held> {
        let pulse = self.board.pulse(contender.process());
        pulse.work();
        let held = match self.options.alignment {
            Alignment::Aligned => {
                let line = &self.board.calls;
                let held = caught(self, log, |tell| contender.run(&aligned(fs, line, &pulse), tell));
                line.arrive_and_deregister();
                held
            }
            Alignment::Natural | Alignment::Delayed => caught(self, log, |tell| contender.run(fs, tell)),
        };
        pulse.rest();
        held.flatten()
    }
}

/// Runs code of the lock, tells what it tells, and if it panics tells that.
fn caught<T>(race: &Race<'_>, log: Log<'_>, run: impl FnOnce(&mut dyn FnMut(What)) -> T) -> Option<T> {
    let mut tell = |what: What| log.push(race.board.stamp(), &what);
    match catch_unwind(AssertUnwindSafe(|| run(&mut tell))) {
        Ok(result) => Some(result),
        Err(payload) => {
            let message = panic_message(&*payload);
            tell(What::Panicked { message });
            None
        }
    }
}
