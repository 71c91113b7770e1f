//! How schedules are chosen, as a value: what the user asks for, and what a worker process is told.
//!
//! A new scheduler is one file and one line here.

use serde::{Deserialize, Serialize};

use super::{Bounded, Dpor, Exhaustive, Lead, Pct, Random, Replay, Scheduler};
use crate::schedule::Schedule;

/// A way to choose schedules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// One of each class of interleavings that differ in the order of commuting calls only.
    Dpor,
    /// Every interleaving.
    Exhaustive,
    /// Every interleaving with few preemptions, as far as they can matter.
    Bounded {
        /// How many at most.
        preemptions: u32,
    },
    /// Drawn at random, with few changes of priorities, until a limit is reached.
    Pct {
        /// The seed of all choices.
        seed: u64,
        /// How many ordering constraints a fault is thought to need; at least 1.
        depth: u32,
    },
    /// Drawn at random until a limit is reached.
    Random {
        /// The seed of all choices.
        seed: u64,
    },
    /// The one that is given.
    Replay {
        /// The one.
        schedule: Schedule,
    },
    /// The same, without the steps that cannot be taken, and to the end.
    Lead {
        /// The one.
        schedule: Schedule,
    },
}

impl Strategy {
    /// A scheduler that has chosen nothing yet.
    pub fn scheduler(&self) -> Box<dyn Scheduler> {
        match self {
            Self::Dpor => Box::new(Dpor::new()),
            Self::Exhaustive => Box::new(Exhaustive::new()),
            Self::Bounded { preemptions } => Box::new(Bounded::new(*preemptions)),
            Self::Pct { seed, depth } => Box::new(Pct::new(*seed, *depth)),
            Self::Random { seed } => Box::new(Random::new(*seed)),
            Self::Replay { schedule } => Box::new(Replay::new(schedule.clone())),
            Self::Lead { schedule } => Box::new(Lead::new(schedule.clone())),
        }
    }
}
