//! Rounds of a race per second: with workers that live for all rounds, and with workers forked for each.
//!
//! Only the number of rounds counts here; histories are ignored.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::unmeasured::Unmeasured;
use super::workers::Workers;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::Scenario;
use onewinner_linux::race::{Mode, RaceOptions, Stop, race};

/// The number of contenders.
const CONTENDERS: usize = 2;
/// The factors of the slice for each attempt: a slice in which no round ended is repeated with the next factor.
const LONGER: [u32; 4] = [1, 10, 100, 1_000];
/// More rounds than any slice can have.
const MOST_ROUNDS: u64 = 100_000_000;

/// How a race ended.
#[derive(Serialize, Deserialize)]
enum Raced {
    Rounds { rounds: u64, seconds: f64 },
    Hung,
    Failed(String),
}

/// Runs a race for one slice. Returns the number of rounds, and rounds per second. On a busy machine a slice may end before two
/// processes have begun; then a longer one follows.
pub(super) fn rounds(
    primitive: &'static dyn LockPrimitive,
    ways: &[PathBuf],
    mode: Mode,
    slice: Duration,
    worker_limit: Duration,
    workers: Workers<'_>,
) -> Result<(u64, f64), Unmeasured> {
    for times in LONGER {
        // A separate process, because a race makes its directory itself. Beyond the limit of its workers it needs time to
        // remove the directory.
        let workers = Workers {
            limit: slice * times + worker_limit * 2,
            ..workers
        };
        match workers.run_isolated(|| raced(primitive, ways, mode, slice * times, worker_limit))? {
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
    // An interrupt kills this process, and the kernel then kills the workers of the race.
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
