//! Schedules with few points at which priorities change: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi,
//! Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).
//!
//! Each execution finds a bug that needs d ordering constraints among n processes with k steps in total with a probability of at
//! least 1 / (n·k^(d−1)). For k we take the length of the longest execution so far.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Begin, Choice, ChoicePoint, Covered, Scheduler};
use crate::id::ProcessId;

/// At least the number of processes that a scenario can have, including its probe.
const PROCESSES: usize = 128;

/// Runs the enabled process with the highest priority. It never ends by itself.
///
/// The same seed draws the same schedules on every machine.
#[derive(Clone, Debug)]
pub struct Pct {
    generator: ChaCha8Rng,
    /// The generator before the first choice of this execution, for retries.
    before: ChaCha8Rng,
    depth: u32,
    /// The priority of each process; the highest goes first.
    priorities: Vec<i64>,
    /// The steps before which the process with the highest priority gets a low one.
    changes: Vec<usize>,
    taken: usize,
    longest: usize,
}

impl Pct {
    /// The schedules of this seed for bugs of this depth, which is at least 1.
    pub fn new(seed: u64, depth: u32) -> Self {
        let generator = ChaCha8Rng::seed_from_u64(seed);
        let before = generator.clone();
        Self {
            generator,
            before,
            depth,
            priorities: Vec::new(),
            changes: Vec::new(),
            taken: 0,
            longest: 1,
        }
    }

    fn draw(&mut self) {
        self.taken = 0;
        self.priorities = (1..=PROCESSES as i64).collect();
        self.priorities.shuffle(&mut self.generator);
        let changes = (1..self.depth).map(|_| self.generator.random_range(0..self.longest));
        self.changes = changes.collect();
    }

    fn highest(&self, enabled: &[ProcessId]) -> ProcessId {
        let priority = |process: &&ProcessId| self.priorities[process.index() % PROCESSES];
        *enabled.iter().max_by_key(priority).expect("a process is enabled")
    }
}

impl Scheduler for Pct {
    fn begin(&mut self) -> Begin {
        self.before = self.generator.clone();
        self.draw();
        Begin::Another
    }

    fn again(&mut self) {
        self.generator = self.before.clone();
        self.draw();
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        for (number, _) in self.changes.iter().enumerate().filter(|(_, at)| **at == self.taken) {
            let lowered = self.highest(now.enabled).index() % PROCESSES;
            // Below all initial priorities, and each change below the one before.
            self.priorities[lowered] = -i64::try_from(number).unwrap_or(i64::MAX);
        }
        self.taken += 1;
        self.longest = self.longest.max(self.taken);
        Choice::Step(self.highest(now.enabled))
    }

    fn covered(&self) -> Covered {
        Covered::Some
    }
}
