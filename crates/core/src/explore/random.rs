//! Random schedules: a cheap sampler for spaces that are too large to exhaust.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Begin, Choice, ChoicePoint, Covered, Scheduler};

/// Picks each step uniformly among the enabled processes. It never ends by itself.
///
/// The same seed draws the same schedules on every machine.
#[derive(Clone, Debug)]
pub struct Random {
    generator: ChaCha8Rng,
    /// The generator before the first choice of this execution, for retries.
    before: ChaCha8Rng,
}

impl Random {
    /// The schedules of this seed.
    pub fn new(seed: u64) -> Self {
        let generator = ChaCha8Rng::seed_from_u64(seed);
        let before = generator.clone();
        Self { generator, before }
    }
}

impl Scheduler for Random {
    fn begin(&mut self) -> Begin {
        self.before = self.generator.clone();
        Begin::Another
    }

    fn again(&mut self) {
        self.generator = self.before.clone();
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        Choice::Step(now.enabled[self.generator.random_range(0..now.enabled.len())])
    }

    fn covered(&self) -> Covered {
        Covered::Some
    }
}
