//! One race from its directory to its report.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::report::{Report, notes, report};
use super::round_dirs::RoundDirs;
use super::shared_state::SharedState;
use super::worker::Race;
use super::{MOST_ATTEMPTS, Mode, RaceError, RaceOptions, coordinator};
use crate::one_store::new_run;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::{LEAST_PROCESSES, MOST_PROCESSES, Scenario, ScenarioKind};

/// Races `primitive` and returns counts and histories; afterwards no process and no file is left.
///
/// The calling process must have a single thread, because it forks. `interrupted` ends the race early and keeps what was
/// counted so far. `progress` regularly gets the number of counted rounds.
///
/// # Errors
///
/// When the options make no sense, or the machine lacks what a race needs. A worker that dies or hangs is a result and not
/// an error: [`Report::stop`].
///
/// # Panics
///
/// When a worker broke an invariant of the race.
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
    let (run_directory, roots, swept) = new_run::<RaceError>(&options.directories)?;
    let others = roots[1..].to_vec();
    let race = Race {
        primitive,
        options,
        state: SharedState::new(scenario.processes, attempts, options.seed)?,
        round_dirs: RoundDirs::new(scenario, roots),
    };
    let began = Instant::now();
    let stop = coordinator::run(&race, interrupted, progress)?;
    let elapsed = began.elapsed();
    let seen = report(&race, stop, elapsed, notes(options, swept));
    run_directory.close_by(&others)?;
    Ok(seen)
}

/// The number of attempts of a contender in a round.
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
