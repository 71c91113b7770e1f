//! Fills in one cell, in a separate process: whether the lock works there, whether it excludes, and what it costs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Settings;
use super::cancel::SharedCancelToken;
use super::cell::{Answer, Cell, Manner, Raced};
use super::column::{Column, Control};
use super::cost::cost;
use super::in_turn::in_turn;
use onewinner_check::CheckError;
use onewinner_check::sampled::{Sample, sample};
use onewinner_core::fs::Errno;
use onewinner_core::primitive::{AcquireError, CallError, CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::scenario::Scenario;
use onewinner_linux::race::{Alignment, RaceOptions};
use onewinner_linux::real_fs::RealFs;
use onewinner_linux::run_directory::RunDirectory;

/// The mounts, the amount of work, and the cancel token of a cell.
pub(super) struct CellJob<'a> {
    pub(super) ways: &'a [PathBuf],
    pub(super) settings: &'a Settings,
    pub(super) cancel: &'a SharedCancelToken,
}

impl CellJob<'_> {
    fn race(&self, primitive: &'static dyn LockPrimitive, manner: Manner) -> Result<Raced, CheckError> {
        let settings = self.settings;
        let scenario = match manner {
            Manner::Natural | Manner::Aligned => Scenario::contend(settings.processes),
            Manner::Cycle => Scenario::cycle(settings.processes, 1),
        };
        let options = RaceOptions {
            rounds: match manner {
                Manner::Natural => settings.rounds,
                Manner::Aligned | Manner::Cycle => settings.other_rounds,
            },
            worker_limit: Duration::from_millis(settings.worker_ms),
            directories: self.ways.to_vec(),
            seed: settings.seed,
            alignment: match manner {
                Manner::Aligned => Alignment::Aligned,
                Manner::Natural | Manner::Cycle => Alignment::Natural,
            },
            ..RaceOptions::new(scenario)
        };
        let interrupted = AtomicBool::new(false);
        let sample: Sample = sample(primitive, &options, &interrupted, &mut || {
            interrupted.store(self.cancel.is_cancelled(), Ordering::Relaxed);
        })?;
        Ok(Raced { manner, sample })
    }

    /// Races the broken control and the sound one.
    pub(super) fn controls(&self) -> Result<Vec<Control>, String> {
        let control = |primitive: &'static dyn LockPrimitive, sound| {
            let manners = [Manner::Natural, Manner::Aligned].into_iter();
            let races = manners.map(|manner| self.race(primitive, manner));
            let races: Vec<Raced> = races.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
            // A doubt about a control concerns all cells of the column.
            if let Some(doubt) = races.iter().find_map(|race| race.sample.doubt.clone()) {
                return Err(format!("{}: {doubt}", primitive.name()));
            }
            let lock = primitive.name().to_owned();
            Ok(Control { lock, sound, races })
        };
        Ok(vec![control(&StatThenWrite, false)?, control(&CreateNew, true)?])
    }

    /// Fills in the cell of a lock, in a column whose controls were raced.
    pub(super) fn cell(&self, primitive: &'static dyn LockPrimitive, column: &Column) -> Cell {
        let mut cell = Cell::missing(primitive.name(), primitive.expectation(), "");
        cell.answer = match self.fill(primitive, &mut cell) {
            Ok(()) => cell.concluded(column.missed_control().as_deref()),
            Err(answer) => answer,
        };
        cell
    }

    fn fill(&self, primitive: &'static dyn LockPrimitive, cell: &mut Cell) -> Result<(), Answer> {
        let missing = |error: &dyn std::error::Error| Answer::Missing {
            reason: error.to_string(),
        };
        let (run, _) = RunDirectory::create(&self.ways[0]).map_err(|error| missing(&error))?;
        let name = run.path().file_name().expect("a run has a directory of its own");
        let ways: Vec<PathBuf> = self.ways.iter().map(|way| way.join(name)).collect();
        try_once(primitive, &ways[0]).map_err(refused)?;
        let limit = Duration::from_millis(self.settings.worker_ms);
        cell.in_turn = in_turn(primitive, &ways, limit).map_err(|error| missing(&error))?;
        for manner in [Manner::Natural, Manner::Aligned, Manner::Cycle] {
            cell.races
                .push(self.race(primitive, manner).map_err(|error| missing(&error))?);
        }
        (cell.cost, cell.unmeasured) = cost(primitive, &ways, self.settings);
        run.close_by(&ways[1..]).map_err(|error| missing(&error))
    }
}

/// Acquires and releases the lock once, without contention.
fn try_once(primitive: &dyn LockPrimitive, directory: &Path) -> Result<(), AcquireError> {
    let (fs, lock) = (RealFs::new(), directory.join("alone"));
    let held = primitive.try_acquire(&fs, &lock)?;
    Ok(primitive.release(&fs, &lock, held)?)
}

/// The answer when a free lock cannot be acquired. The sound control was raced in the same directory, so creating files works.
fn refused(error: AcquireError) -> Answer {
    match error {
        AcquireError::Busy => Answer::Missing {
            reason: "an attempt at the free lock returned busy".to_owned(),
        },
        AcquireError::Failed(CallError { operation, errno, .. }) if is_unsupported(errno) => Answer::Unsupported {
            operation,
            errno: errno.to_string(),
        },
        AcquireError::Failed(error) => Answer::Missing {
            reason: error.to_string(),
        },
    }
}

/// The errors of calls that a file system does not support: EPERM for link(2) and symlink(2), EINVAL for a flag of renameat2(2),
/// ENOLCK for locks; 524 is the kernel's internal ENOTSUPP, which some network file systems return.
fn is_unsupported(errno: Errno) -> bool {
    const ENOTSUPP: i32 = 524;
    matches!(
        errno,
        Errno::ENOSYS | Errno::EOPNOTSUPP | Errno::EPERM | Errno::EINVAL | Errno::ENOLCK | Errno::EMLINK | Errno::EXDEV
    ) || errno.raw() == ENOTSUPP
}

/// Removes the files that killed processes left in a directory, once the processes are gone.
pub(super) fn sweep(directory: &Path) {
    const LOOKS: u32 = 20;
    const BETWEEN: Duration = Duration::from_millis(50);
    for _ in 0..LOOKS {
        let Ok((run, swept)) = RunDirectory::create(directory) else {
            return; // Nothing can be removed now; the next run tries again.
        };
        if run.close().is_err() || swept > 0 {
            return;
        }
        std::thread::sleep(BETWEEN);
    }
}
