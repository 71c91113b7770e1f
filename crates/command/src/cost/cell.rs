//! A lock, a measure, a place: measured block by block, and then a row.

use std::path::{Path, PathBuf};

use super::crew::Crew;
use super::crowd::{Crowded, crowd};
use super::rounds::rounds;
use super::row::{Fairness, Measure, Row, YARDSTICK, median, quantile};
use super::unmeasured::Unmeasured;
use super::{Amount, LONGER, alone, hand_over};
use onewinner_core::primitive::LockPrimitive;
use onewinner_linux::race::Mode;

/// What one block gave.
pub(super) enum Block {
    Times(Vec<f64>),
    Rounds { rounds: u64, per_second: f64 },
    Crowd(Crowded),
}

/// What becomes a row.
pub(super) struct Cell {
    pub(super) measure: Measure,
    lock: Option<&'static dyn LockPrimitive>,
    /// The directory of the lock, by each way.
    ways: Vec<PathBuf>,
    pub(super) missing: Option<String>,
    samples: Vec<f64>,
    blocks: Vec<f64>,
    wins: Vec<u64>,
    counted: u64,
    errors: u64,
}

impl Cell {
    /// Of a lock, or of none: then a `stat` is measured.
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

    /// What is measured is kept, and a measurement that was ended early is one.
    pub(super) fn end(&mut self, why: &Unmeasured) {
        if !why.is_merely_ended() || self.blocks.is_empty() {
            self.missing = Some(why.to_string());
        }
    }

    /// One block, at a lock that no other block has: `name` differs for each.
    pub(super) fn block(&self, amount: &Amount, crew: Crew<'_>, name: &str) -> Result<Block, Unmeasured> {
        let slice = amount.slice;
        let Some(primitive) = self.lock else {
            return alone::yardstick(&self.ways[0], slice, crew).map(Block::Times);
        };
        // What an earlier block left behind, in this stage or another, is met by none.
        let (measure, at) = (self.measure.name(), self.measure.at().unwrap_or(0));
        let name = format!("{measure}-{at}-{name}");
        let locks: Vec<PathBuf> = self.ways.iter().map(|way| way.join(&name)).collect();
        let race = |mode| -> Result<Block, Unmeasured> {
            let (rounds, per_second) = rounds(primitive, &self.ways, mode, slice * LONGER, amount.worker_limit, crew)?;
            Ok(Block::Rounds { rounds, per_second })
        };
        Ok(match self.measure {
            Measure::Losing => Block::Times(alone::losing(primitive, &locks, slice, crew)?),
            Measure::HandOver => Block::Times(hand_over::hand_over(primitive, &locks, slice, crew)?),
            Measure::Live => race(Mode::LiveWorkers)?,
            Measure::Fresh => race(Mode::Fresh)?,
            Measure::Contenders(number) => {
                Block::Crowd(crowd(primitive, &locks, number as usize, slice * LONGER, crew)?)
            }
            Measure::Yardstick | Measure::Uncontended | Measure::Files(_) | Measure::Depth(_) => {
                let lock: &Path = &locks[0];
                Block::Times(alone::uncontended(primitive, lock, slice, crew)?)
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
            Block::Crowd(crowded) => {
                self.counted += crowded.wins.iter().sum::<u64>();
                self.errors += crowded.errors;
                self.blocks.push(crowded.per_second);
                self.wins.resize(crowded.wins.len(), 0);
                let both = self.wins.iter_mut().zip(&crowded.wins);
                both.for_each(|(all, more)| *all += more);
            }
        }
    }

    /// As measured in a place of that name, on that type of file system.
    pub(super) fn row(mut self, place: &str, kind: &str) -> Row {
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
            directory: place.into(),
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
