//! How schedules are chosen, as a value that can be sent to a worker process.
//!
//! A new scheduler is one file and one line here.

use serde::{Deserialize, Serialize};

use super::{Adaptive, Bounded, Dpor, Exhaustive, Pct, Random, Replay, Scheduler};
use crate::schedule::Schedule;

/// A way to choose schedules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// One interleaving of each class. A class contains interleavings that differ only in the order of commuting calls.
    Dpor,
    /// Every interleaving.
    Exhaustive,
    /// One interleaving of each class, without a model.
    SleepSets,
    /// One interleaving of each class, if that takes few executions; otherwise those with few preemptions.
    Adaptive {
        /// The most executions of a complete search.
        most: u64,
        /// The largest number of preemptions of the other search.
        preemptions: u32,
    },
    /// Every interleaving with few preemptions, except those that are equivalent to another.
    Bounded {
        /// The largest number of preemptions.
        preemptions: u32,
    },
    /// Random interleavings with few changes of priorities, until a limit is reached.
    Pct {
        /// The seed of all choices.
        seed: u64,
        /// How many ordering constraints a bug is assumed to need; at least 1.
        depth: u32,
    },
    /// Random interleavings, until a limit is reached.
    Random {
        /// The seed of all choices.
        seed: u64,
    },
    /// The given schedule, step by step.
    Replay {
        /// The schedule.
        schedule: Schedule,
    },
    /// The given schedule without the steps that cannot be taken, then on to the end.
    Guided {
        /// The schedule.
        schedule: Schedule,
    },
}

impl Strategy {
    /// A new scheduler for this strategy.
    pub fn scheduler(&self) -> Box<dyn Scheduler> {
        match self {
            Self::Dpor => Box::new(Dpor::new()),
            Self::Exhaustive => Box::new(Exhaustive::new()),
            Self::SleepSets => Box::new(Adaptive::complete()),
            Self::Adaptive { most, preemptions } => Box::new(Adaptive::new(*most, *preemptions)),
            Self::Bounded { preemptions } => Box::new(Bounded::new(*preemptions)),
            Self::Pct { seed, depth } => Box::new(Pct::new(*seed, *depth)),
            Self::Random { seed } => Box::new(Random::new(*seed)),
            Self::Replay { schedule } => Box::new(Replay::new(schedule.clone())),
            Self::Guided { schedule } => Box::new(Replay::guided(schedule.clone())),
        }
    }
}
