//! Rounds of a race, for each second: with workers that live for all of them, and with workers forked for each.
//!
//! Deliberately looks at no history: only how many rounds there were counts here.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::crew::Unmeasured;
use crate::backend::race::{Mode, RaceOptions, Stop, race};
use crate::primitive::LockPrimitive;
use crate::scenario::Scenario;

/// How many contend.
const CONTENDERS: usize = 2;
/// By how much a slice is lengthened in which no round came to its end, and how often.
const LONGER: [u32; 3] = [1, 10, 100];
/// No slice sees so many.
const MOST_ROUNDS: u64 = 100_000_000;

/// The rounds of one slice, and how many that is for each second. On a busy machine a slice may be over before two processes
/// have begun: then it is a longer one.
pub(super) fn rounds(
    primitive: &'static dyn LockPrimitive,
    directory: &Path,
    mode: Mode,
    slice: Duration,
    worker_limit: Duration,
    interrupted: &AtomicBool,
) -> Result<(u64, f64), Unmeasured> {
    for times in LONGER {
        let options = RaceOptions {
            rounds: MOST_ROUNDS,
            time_limit: Some(slice * times),
            worker_limit,
            directories: vec![directory.to_owned()],
            mode,
            ..RaceOptions::new(Scenario::contend(CONTENDERS))
        };
        let report = race(primitive, &options, interrupted, &mut |_| {});
        let report = report.map_err(|error| Unmeasured::Race(error.to_string()))?;
        match report.stop {
            Stop::Interrupted => return Err(Unmeasured::Interrupted),
            Stop::Hung(_) => return Err(Unmeasured::Hung(worker_limit)),
            Stop::Lost(lost) => {
                let ended = lost.first().map_or_else(String::new, |lost| lost.ended.to_string());
                return Err(Unmeasured::Race(format!("a worker ended with {ended}")));
            }
            Stop::AllRounds | Stop::TimeLimit => {}
        }
        if report.rounds > 0 {
            return Ok((report.rounds, report.rounds as f64 / report.elapsed.as_secs_f64()));
        }
    }
    Err(Unmeasured::NoSample(slice * LONGER[LONGER.len() - 1]))
}
