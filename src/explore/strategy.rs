//! How schedules are chosen, as a value: what the user asks for, and what a worker process is told.
//!
//! A new scheduler is one file and one line here.

use serde::{Deserialize, Serialize};

use super::{Dpor, Exhaustive, Random, Replay, Scheduler};
use crate::schedule::Schedule;

/// A way to choose schedules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// One of each class of interleavings that differ in the order of commuting calls only.
    Dpor,
    /// Every interleaving.
    Exhaustive,
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
}

impl Strategy {
    /// A scheduler that has chosen nothing yet.
    pub fn scheduler(&self) -> Box<dyn Scheduler> {
        match self {
            Self::Dpor => Box::new(Dpor::new()),
            Self::Exhaustive => Box::new(Exhaustive::new()),
            Self::Random { seed } => Box::new(Random::new(*seed)),
            Self::Replay { schedule } => Box::new(Replay::new(schedule.clone())),
        }
    }
}
