//! One measure of one lock in one target: measured block by block, then turned into a row.

use std::path::{Path, PathBuf};

use super::contention::{Contention, contend};
use super::rounds::rounds;
use super::row::{Fairness, Measure, Row, YARDSTICK, median, quantile};
use super::unmeasured::Unmeasured;
use super::workers::Workers;
use super::{Amount, LONGER, hand_over, timed};
use onewinner_core::primitive::LockPrimitive;
use onewinner_linux::race::Mode;

/// The result of one block.
pub(super) enum Block {
    Times(Vec<f64>),
    Rounds { rounds: u64, per_second: f64 },
    Contention(Contention),
}

/// The measurements that become a row.
pub(super) struct Cell {
    pub(super) measure: Measure,
    lock: Option<&'static dyn LockPrimitive>,
    /// The directory of the lock, through each mount.
    ways: Vec<PathBuf>,
    pub(super) missing: Option<String>,
    samples: Vec<f64>,
    blocks: Vec<f64>,
    wins: Vec<u64>,
    counted: u64,
    errors: u64,
}

impl Cell {
    /// For a lock, or for a `stat` if there is none.
    pub(super) fn new(measure: Measure, lock: Option<&'static dyn LockPrimitive>, ways: Vec<PathBuf>) -> Self {
        Self {
            measure,
            lock,
            ways,
            missing: None,
            samples: Vec::new(),
            blocks: Vec::new(),
            wins: Vec::new(),
            counted: 0,
            errors: 0,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.lock.map_or(YARDSTICK, |lock| lock.name())
    }

    /// Ends the measurement. Blocks that were measured before the time was over are kept.
    pub(super) fn end(&mut self, why: &Unmeasured) {
        if !why.is_out_of_time() || self.blocks.is_empty() {
            self.missing = Some(why.to_string());
        }
    }

    /// Measures one block with a new lock: `name` differs for each block.
    pub(super) fn block(&self, amount: &Amount, workers: Workers<'_>, name: &str) -> Result<Block, Unmeasured> {
        let slice = amount.slice;
        let Some(primitive) = self.lock else {
            return timed::yardstick(&self.ways[0], slice, workers).map(Block::Times);
        };
        // A new name, so that files that an earlier block left behind do not matter.
        let (measure, at) = (self.measure.name(), self.measure.at().unwrap_or(0));
        let name = format!("{measure}-{at}-{name}");
        let locks: Vec<PathBuf> = self.ways.iter().map(|way| way.join(&name)).collect();
        let race = |mode| -> Result<Block, Unmeasured> {
            let (rounds, per_second) = rounds(
                primitive,
                &self.ways,
                mode,
                slice * LONGER,
                amount.worker_limit,
                workers,
            )?;
            Ok(Block::Rounds { rounds, per_second })
        };
        Ok(match self.measure {
            Measure::Losing => Block::Times(timed::losing(primitive, &locks, slice, workers)?),
            Measure::HandOver => Block::Times(hand_over::hand_over(primitive, &locks, slice, workers)?),
            Measure::Live => race(Mode::LiveWorkers)?,
            Measure::Fresh => race(Mode::Fresh)?,
            Measure::Contenders(number) => {
                Block::Contention(contend(primitive, &locks, number as usize, slice * LONGER, workers)?)
            }
            Measure::Yardstick | Measure::Uncontended | Measure::Files(_) | Measure::Depth(_) => {
                let lock: &Path = &locks[0];
                Block::Times(timed::uncontended(primitive, lock, slice, workers)?)
            }
        })
    }

    pub(super) fn add(&mut self, block: Block) {
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
            Block::Contention(contention) => {
                self.counted += contention.wins.iter().sum::<u64>();
                self.errors += contention.errors;
                self.blocks.push(contention.per_second);
                self.wins.resize(contention.wins.len(), 0);
                let both = self.wins.iter_mut().zip(&contention.wins);
                both.for_each(|(all, more)| *all += more);
            }
        }
    }

    /// The row, for a target of this name and this type of file system.
    pub(super) fn row(mut self, target: &str, kind: &str) -> Row {
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
            directory: target.into(),
            file_system: kind.to_owned(),
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
