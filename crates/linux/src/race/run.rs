//! One race from its directory to its report.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::board::Board;
use super::ground::Ground;
use super::report::{Report, notes, report};
use super::worker::Race;
use super::{MOST_ATTEMPTS, Mode, RaceError, RaceOptions, coordinator};
use crate::one_store::by_each_way;
use crate::run_directory::RunDirectory;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::{LEAST_PROCESSES, MOST_PROCESSES, Scenario, ScenarioKind};

/// Races `primitive` and reports what was seen; afterwards no process and no file is left.
///
/// The calling process must have a single thread, because it forks. `interrupted` ends the race early, with what was counted
/// so far; `progress` is told now and then how many rounds that is.
///
/// # Errors
///
/// When the options make no sense, or the machine does not give what a race needs. A worker that dies or hangs is no error
/// but a result: [`Report::stop`].
///
/// # Panics
///
/// When a worker found an invariant of the race broken.
pub fn race(
    primitive: &'static dyn LockPrimitive,
    options: &RaceOptions,
    interrupted: &AtomicBool,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, RaceError> {
    let scenario = &options.scenario;
    let attempts = attempts(scenario)?;
    if options.mode == Mode::Threads && !cfg!(feature = "threads") {
        return Err(RaceError::NoThreads);
    }
    let parent = options.directories.first().cloned().unwrap_or_else(std::env::temp_dir);
    let (run_directory, swept) = RunDirectory::create(&parent)?;
    let roots = by_each_way(run_directory.path(), &options.directories)?;
    let others = roots[1..].to_vec();
    let race = Race {
        primitive,
        options,
        board: Board::new(scenario.processes, attempts, options.seed)?,
        ground: Ground::new(scenario, roots),
    };
    let began = Instant::now();
    let stop = coordinator::run(&race, interrupted, progress)?;
    let elapsed = began.elapsed();
    let seen = report(&race, stop, elapsed, notes(options, swept));
    run_directory.close_by(&others)?;
    Ok(seen)
}

/// How many attempts a contender makes in a round.
fn attempts(scenario: &Scenario) -> Result<usize, RaceError> {
    if !(LEAST_PROCESSES..=MOST_PROCESSES).contains(&scenario.processes) {
        return Err(RaceError::Processes(scenario.processes));
    }
    match scenario.kind {
        ScenarioKind::Contend => Ok(1),
        ScenarioKind::Cycle { rounds } if (1..=MOST_ATTEMPTS).contains(&rounds) => Ok(rounds as usize),
        ScenarioKind::Cycle { rounds } => Err(RaceError::Attempts(rounds)),
        ScenarioKind::Fault { .. } => Err(RaceError::Fault),
    }
}
