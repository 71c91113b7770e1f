//! Measures that take turns, and the directories in which they do.
//!
//! A stage is run block by block: one block of each cell (a lock, a measure, a directory), then the next of each.

use std::cell::Cell as Flag;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::board::{Board, Fault};
use super::crew::{Crew, Unmeasured};
use super::crowd::{Crowded, crowd};
use super::rounds::rounds;
use super::row::{Fairness, Measure, Row, YARDSTICK, median, quantile};
use super::{CostError, Run, alone, hand_over};
use crate::backend::race::Mode;
use crate::backend::race::run_directory::RunDirectory;
use crate::fs::Errno;
use crate::primitive::LockPrimitive;

/// How many times as long a block lasts in which processes are forked or scheduled while it runs.
const LONGER: u32 = 2;

/// A directory that was asked for, and our own in it.
pub(super) struct Site {
    directory: PathBuf,
    kind: String,
    run: RunDirectory,
    /// How many files stand in the directory that gets ever more of them; `None` when it takes no more.
    files: Flag<Option<u64>>,
}

impl Site {
    pub(super) fn new(directory: PathBuf, kind: String, run: RunDirectory) -> Self {
        Self {
            directory,
            kind,
            run,
            files: Flag::new(Some(0)),
        }
    }

    pub(super) fn close(self) -> Result<(), CostError> {
        Ok(self.run.close()?)
    }

    /// The directory for a measure, made and filled by a worker: whatever hangs, hangs there.
    fn ground(&self, measure: Measure, run: &Run<'_>) -> Result<PathBuf, Unmeasured> {
        let root = self.run.path();
        let (directory, wanted) = match measure {
            Measure::Files(number) => (root.join("files"), number),
            Measure::Depth(depth) => ((0..depth).fold(root.join("deep"), |path, _| path.join("d")), 0),
            _ => (root.join("plain"), 0),
        };
        let there = match measure {
            Measure::Files(_) => self
                .files
                .replace(None)
                .ok_or(Unmeasured::Ground { errno: Errno::ENOSPC })?,
            _ => 0,
        };
        let make = || -> io::Result<()> {
            fs::create_dir_all(&directory)?;
            (there..wanted).try_for_each(|number| File::create(directory.join(format!("file-{number}"))).map(drop))
        };
        let board = Board::new(1, 0)?;
        run.crew().run(&board, |_| {
            make().map_err(|error| Fault::Ground(Errno::from_raw(error.raw_os_error().unwrap_or(Errno::EIO.raw()))))
        })?;
        if let Measure::Files(number) = measure {
            self.files.set(Some(there.max(number)));
        }
        Ok(directory)
    }
}

impl<'a> Run<'a> {
    fn crew(&self) -> Crew<'a> {
        Crew {
            limit: self.options.slice * LONGER + self.options.worker_limit,
            interrupted: self.interrupted,
        }
    }
}

/// Measures that take turns.
pub(super) struct Stage(Vec<Measure>);

impl Stage {
    /// What was asked for, in the order in which it is measured.
    pub(super) fn all(measures: &[Measure]) -> Vec<Self> {
        let mut sorted = measures.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut stages: Vec<Self> = Vec::new();
        for measure in sorted {
            match stages.last_mut() {
                Some(last) if last.takes(measure) => last.0.push(measure),
                _ => stages.push(Self(vec![measure])),
            }
        }
        stages
    }

    /// Whether the measure takes turns with those that are in it. A directory that fills up has its own time.
    fn takes(&self, measure: Measure) -> bool {
        let kind = |measure: Measure| match measure {
            Measure::Contenders(_) => 1,
            Measure::Files(number) => number + 2,
            Measure::Depth(_) => u64::MAX,
            _ => 0,
        };
        self.0.first().is_some_and(|first| kind(*first) == kind(measure))
    }

    /// Runs all blocks of all cells, and tells the share of them that is over.
    pub(super) fn run(&self, run: &Run<'_>, sites: &[Site], told: &mut dyn FnMut(f64, &str)) -> Vec<Row> {
        let mut cells = self.cells(run, sites);
        let total = cells.len() as f64 * f64::from(run.options.blocks);
        for block in 0..run.options.blocks {
            for (number, cell) in cells.iter_mut().enumerate() {
                if cell.missing.is_some() {
                    continue;
                }
                if let Some(over) = run.over() {
                    cell.end(&over);
                    continue;
                }
                let done = f64::from(block) * total / f64::from(run.options.blocks) + number as f64;
                told(done / total, &format!("{} · {}", cell.name(), cell.measure));
                match cell.block(run, block, number) {
                    Ok(more) => cell.add(more),
                    Err(unmeasured) => cell.end(&unmeasured),
                }
            }
        }
        cells.into_iter().map(Cell::row).collect()
    }

    fn cells<'a>(&self, run: &Run<'_>, sites: &'a [Site]) -> Vec<Cell<'a>> {
        let mut cells = Vec::new();
        for site in sites {
            for measure in &self.0 {
                let ground = match run.over() {
                    Some(over) => Err(over),
                    None => site.ground(*measure, run),
                };
                let (ground, missing) = match ground {
                    Ok(ground) => (ground, None),
                    Err(unmeasured) => (PathBuf::new(), Some(unmeasured.to_string())),
                };
                let locks: Vec<Option<&'static dyn LockPrimitive>> = match measure {
                    Measure::Yardstick => vec![None],
                    _ => run.options.locks.iter().copied().map(Some).collect(),
                };
                cells.extend(locks.into_iter().map(|lock| Cell {
                    site,
                    measure: *measure,
                    lock,
                    ground: ground.clone(),
                    missing: missing.clone(),
                    samples: Vec::new(),
                    blocks: Vec::new(),
                    wins: Vec::new(),
                    counted: 0,
                    errors: 0,
                }));
            }
        }
        cells
    }
}

/// What one block gave.
enum Block {
    Times(Vec<f64>),
    Rounds { rounds: u64, per_second: f64 },
    Crowd(Crowded),
}

/// A lock, a measure, a directory: what becomes a row.
struct Cell<'a> {
    site: &'a Site,
    measure: Measure,
    lock: Option<&'static dyn LockPrimitive>,
    ground: PathBuf,
    missing: Option<String>,
    samples: Vec<f64>,
    blocks: Vec<f64>,
    wins: Vec<u64>,
    counted: u64,
    errors: u64,
}

impl Cell<'_> {
    fn name(&self) -> &'static str {
        self.lock.map_or(YARDSTICK, |lock| lock.name())
    }

    /// What is measured is kept, and a measurement that was ended early is one.
    fn end(&mut self, why: &Unmeasured) {
        let merely_ended = matches!(why, Unmeasured::Time | Unmeasured::Interrupted);
        if !merely_ended || self.blocks.is_empty() {
            self.missing = Some(why.to_string());
        }
    }

    fn block(&self, run: &Run<'_>, block: u32, number: usize) -> Result<Block, Unmeasured> {
        let (crew, slice) = (run.crew(), run.options.slice);
        let Some(primitive) = self.lock else {
            return alone::yardstick(&self.ground, slice, crew).map(Block::Times);
        };
        // No block meets what an earlier one left behind, in this stage or another.
        let (measure, at) = (self.measure.name(), self.measure.at().unwrap_or(0));
        let lock: &Path = &self.ground.join(format!("{measure}-{at}-{number}-{block}"));
        Ok(match self.measure {
            Measure::Losing => Block::Times(alone::losing(primitive, lock, slice, crew)?),
            Measure::HandOver => Block::Times(hand_over::hand_over(primitive, lock, slice, crew)?),
            Measure::Live => self.race(primitive, Mode::LiveWorkers, run)?,
            Measure::Fresh => self.race(primitive, Mode::Fresh, run)?,
            Measure::Contenders(number) => {
                let crowded = crowd(primitive, lock, number as usize, slice * LONGER, crew)?;
                Block::Crowd(crowded)
            }
            Measure::Yardstick | Measure::Uncontended | Measure::Files(_) | Measure::Depth(_) => {
                Block::Times(alone::uncontended(primitive, lock, slice, crew)?)
            }
        })
    }

    fn race(&self, primitive: &'static dyn LockPrimitive, mode: Mode, run: &Run<'_>) -> Result<Block, Unmeasured> {
        let options = run.options;
        let slice = options.slice * LONGER;
        let (rounds, per_second) = rounds(
            primitive,
            &self.ground,
            mode,
            slice,
            options.worker_limit,
            run.interrupted,
        )?;
        Ok(Block::Rounds { rounds, per_second })
    }

    fn add(&mut self, block: Block) {
        match block {
            Block::Times(times) => {
                self.counted += times.len() as u64;
                self.blocks.extend(median(&times));
                self.samples.extend(times);
            }
            Block::Rounds { rounds, per_second } => {
                self.counted += rounds;
                self.blocks.push(per_second);
            }
            Block::Crowd(crowded) => {
                self.counted += crowded.wins.iter().sum::<u64>();
                self.errors += crowded.errors;
                self.blocks.push(crowded.per_second);
                self.wins.resize(crowded.wins.len(), 0);
                self.wins
                    .iter_mut()
                    .zip(&crowded.wins)
                    .for_each(|(all, more)| *all += more);
            }
        }
    }

    fn row(mut self) -> Row {
        self.samples.sort_by(f64::total_cmp);
        let of = if self.samples.is_empty() {
            &self.blocks
        } else {
            &self.samples
        };
        let (median, p99) = match self.missing {
            Some(_) => (None, None),
            None => (median(of), quantile(&self.samples, 0.99)),
        };
        Row {
            lock: self.name().to_owned(),
            directory: self.site.directory.clone(),
            file_system: self.site.kind.clone(),
            measure: self.measure,
            unit: self.measure.unit(),
            median,
            p99,
            samples: self.counted,
            blocks: self.blocks,
            fairness: Fairness::of(&self.wins),
            errors: self.errors,
            missing: self.missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_that_share_a_directory_take_turns_and_a_directory_that_fills_up_fills_once() {
        let stages = Stage::all(&[
            Measure::Files(100),
            Measure::Depth(4),
            Measure::Losing,
            Measure::Contenders(2),
            Measure::Files(1),
            Measure::Yardstick,
            Measure::Contenders(1),
            Measure::Files(100),
            Measure::Depth(1),
        ]);
        let stages: Vec<Vec<Measure>> = stages.into_iter().map(|stage| stage.0).collect();
        assert_eq!(
            stages,
            [
                vec![Measure::Yardstick, Measure::Losing],
                vec![Measure::Contenders(1), Measure::Contenders(2)],
                vec![Measure::Files(1)],
                vec![Measure::Files(100)],
                vec![Measure::Depth(1), Measure::Depth(4)],
            ]
        );
    }
}
