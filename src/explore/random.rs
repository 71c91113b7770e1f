//! Schedules drawn at random: a cheap sampler for spaces that are too large to exhaust.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Begin, Choice, Scheduler};
use crate::id::ProcessId;

/// Picks each step uniformly among the enabled processes; never exhausted.
///
/// The same seed draws the same schedules on every machine.
#[derive(Clone, Debug)]
pub struct Random {
    generator: ChaCha8Rng,
}

impl Random {
    /// The schedules of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            generator: ChaCha8Rng::seed_from_u64(seed),
        }
    }
}

impl Scheduler for Random {
    fn begin(&mut self) -> Begin {
        Begin::Another
    }

    fn choose(&mut self, enabled: &[ProcessId]) -> Choice {
        Choice::Step(enabled[self.generator.random_range(0..enabled.len())])
    }
}
