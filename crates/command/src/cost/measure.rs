//! The whole measurement: stage after stage, in all places.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::cell::Cell;
use super::site::Site;
use super::stage::Stage;
use super::{Amount, CostError, Measure, Measured, Options, Place, Row, Run};
use onewinner_core::primitive::LockPrimitive;

/// Measures, and tells `progress` of each block which share is behind it and what comes.
///
/// The calling process must have a single thread, because it forks; it touches no directory, because any may hang.
/// `interrupted` ends it early, with what was measured so far. Afterwards no process is left, and no file but what is told.
///
/// # Errors
///
/// When there is no such directory. What else could not be measured is a row that says why.
pub fn measure(
    options: &Options,
    interrupted: &AtomicBool,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Measured, CostError> {
    let run = Run {
        options,
        interrupted,
        latest: Instant::now() + options.time_limit,
    };
    let sites = Site::open(&options.places, &run)?;
    let stages = Stage::all(&options.measures);
    let total = stages.len().max(1) as f64;
    let mut measured = Measured::default();
    for (number, stage) in stages.iter().enumerate() {
        let mut told = |share: f64, what: &str| progress((number as f64 + share) / total, what);
        measured.rows.extend(stage.run(&run, &sites, &mut told));
    }
    measured.left = sites.into_iter().filter_map(|site| site.close(&run)).collect();
    Ok(measured)
}

/// One lock, in directories that are there already and that somebody else removes.
pub fn measure_one(
    lock: &'static dyn LockPrimitive,
    place: &Place,
    measures: &[Measure],
    amount: &Amount,
    interrupted: &AtomicBool,
) -> Vec<Row> {
    let new = |measure: &Measure| Cell::new(*measure, Some(lock), place.ways.clone());
    let mut cells: Vec<Cell> = measures.iter().map(new).collect();
    for block in 0..amount.blocks {
        for cell in cells.iter_mut().filter(|cell| cell.missing.is_none()) {
            match cell.block(amount, amount.crew(interrupted), &block.to_string()) {
                Ok(more) => cell.add(more),
                Err(unmeasured) => cell.end(&unmeasured),
            }
        }
    }
    cells.into_iter().map(|cell| cell.row(&place.name, "")).collect()
}
