//! The whole measurement: all stages, in all targets.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::bench_dir::BenchDir;
use super::cell::Cell;
use super::stage::Stage;
use super::{Amount, BenchTarget, CostError, Measure, Measured, Options, Row, Run};
use onewinner_core::primitive::LockPrimitive;

/// Measures all that the options ask for. Before each block `progress` gets the share that is done and what comes next.
///
/// The calling process must have a single thread, because it forks. It accesses no directory itself, because any may hang.
/// `interrupted` ends the measurement early and keeps what was measured. Afterwards no process is left, and no file except
/// those in [`Measured::left`].
///
/// # Errors
///
/// When a directory does not exist. For everything else that could not be measured there is a row that says why.
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
    let dirs = BenchDir::open(&options.places, &run)?;
    let stages = Stage::all(&options.measures);
    let total = stages.len().max(1) as f64;
    let mut measured = Measured::default();
    for (number, stage) in stages.iter().enumerate() {
        let mut within_stage = |share: f64, what: &str| progress((number as f64 + share) / total, what);
        measured.rows.extend(stage.run(&run, &dirs, &mut within_stage));
    }
    measured.left = dirs.into_iter().filter_map(|dir| dir.close(&run)).collect();
    Ok(measured)
}

/// Measures one lock in existing directories, which the caller removes.
pub fn measure_one(
    lock: &'static dyn LockPrimitive,
    place: &BenchTarget,
    measures: &[Measure],
    amount: &Amount,
    interrupted: &AtomicBool,
) -> Vec<Row> {
    let new = |measure: &Measure| Cell::new(*measure, Some(lock), place.ways.clone());
    let mut cells: Vec<Cell> = measures.iter().map(new).collect();
    for block in 0..amount.blocks {
        for cell in cells.iter_mut().filter(|cell| cell.missing.is_none()) {
            match cell.block(amount, amount.workers(interrupted), &block.to_string()) {
                Ok(more) => cell.add(more),
                Err(unmeasured) => cell.end(&unmeasured),
            }
        }
    }
    cells.into_iter().map(|cell| cell.row(&place.name, "")).collect()
}
