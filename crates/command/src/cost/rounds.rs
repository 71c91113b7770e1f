//! Rounds of a race, for each second: with workers that live for all of them, and with workers forked for each.
//!
//! Deliberately looks at no history: only how many rounds there were counts here.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::crew::Crew;
use super::unmeasured::Unmeasured;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::Scenario;
use onewinner_linux::race::{Mode, RaceOptions, Stop, race};

/// How many contend.
const CONTENDERS: usize = 2;
/// By how much a slice is lengthened in which no round came to its end, and how often.
const LONGER: [u32; 4] = [1, 10, 100, 1_000];
/// No slice sees so many.
const MOST_ROUNDS: u64 = 100_000_000;

/// How a race ended.
#[derive(Serialize, Deserialize)]
enum Raced {
    Rounds { rounds: u64, seconds: f64 },
    Hung,
    Failed(String),
}

/// The rounds of one slice, and how many that is for each second. On a busy machine a slice may be over before two processes
/// have begun: then it is a longer one.
pub(super) fn rounds(
    primitive: &'static dyn LockPrimitive,
    ways: &[PathBuf],
    mode: Mode,
    slice: Duration,
    worker_limit: Duration,
    crew: Crew<'_>,
) -> Result<(u64, f64), Unmeasured> {
    for times in LONGER {
        // A process of its own, because a race makes its directory itself. Beyond its workers' limit it has to remove that.
        let crew = Crew {
            limit: slice * times + worker_limit * 2,
            ..crew
        };
        match crew.ask(|| raced(primitive, ways, mode, slice * times, worker_limit))? {
            Raced::Rounds { rounds: 0, .. } => {}
            Raced::Rounds { rounds, seconds } => return Ok((rounds, rounds as f64 / seconds)),
            Raced::Hung => return Err(Unmeasured::Hung(worker_limit)),
            Raced::Failed(reason) => return Err(Unmeasured::Race(reason)),
        }
    }
    Err(Unmeasured::NoSample(slice * LONGER[LONGER.len() - 1]))
}

fn raced(
    primitive: &'static dyn LockPrimitive,
    ways: &[PathBuf],
    mode: Mode,
    slice: Duration,
    worker_limit: Duration,
) -> Raced {
    let options = RaceOptions {
        rounds: MOST_ROUNDS,
        time_limit: Some(slice),
        worker_limit,
        directories: ways.to_vec(),
        mode,
        ..RaceOptions::new(Scenario::contend(CONTENDERS))
    };
    // Whoever is interrupted kills this process, and the kernel the workers of the race with it.
    let report = match race(primitive, &options, &AtomicBool::new(false), &mut |_| {}) {
        Ok(report) => report,
        Err(error) => return Raced::Failed(error.to_string()),
    };
    match report.stop {
        Stop::Hung(_) => Raced::Hung,
        Stop::Lost(lost) => {
            let ended = lost.first().map_or_else(String::new, |lost| lost.ended.to_string());
            Raced::Failed(format!("a worker ended with {ended}"))
        }
        Stop::AllRounds | Stop::TimeLimit | Stop::Interrupted => Raced::Rounds {
            rounds: report.rounds,
            seconds: report.elapsed.as_secs_f64(),
        },
    }
}
