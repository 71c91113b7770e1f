//! What an acquisition and its release cost in a cell, measured as `bench` measures it: alone, and among others.
//!
//! Deliberately without a verdict: a lock that lets two in is measured as any other, and what could not be measured takes no
//! verdict away.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::Settings;
use super::cell::{Cost, Throughput};
use crate::cost::{Amount, Measure, Place, measure_one};
use onewinner_core::primitive::LockPrimitive;

/// How many contend.
const CONTENDERS: [u32; 3] = [2, 8, 16];

/// What was measured, and what was not, with the reason.
pub(super) fn cost(
    primitive: &'static dyn LockPrimitive,
    ways: &[PathBuf],
    settings: &Settings,
) -> (Option<Cost>, Vec<String>) {
    let amount = Amount {
        blocks: settings.blocks,
        slice: Duration::from_millis(settings.slice_ms),
        worker_limit: Duration::from_millis(settings.worker_ms),
    };
    let among = CONTENDERS.iter().copied().map(Measure::Contenders);
    let measures: Vec<Measure> = [Measure::Uncontended].into_iter().chain(among).collect();
    let place = Place::given(ways.to_vec());
    // Whoever wants no more ends this process.
    let rows = measure_one(primitive, &place, &measures, &amount, &AtomicBool::new(false));
    let missing = rows.iter().filter_map(|row| {
        let reason = row.missing.as_ref()?;
        Some(format!("{}: {reason}", row.measure))
    });
    let missing = missing.collect();
    let (alone, among) = rows.split_first().expect("it was asked for");
    let throughput = among.iter().filter_map(|row| {
        Some(Throughput {
            processes: row.measure.at()? as usize,
            per_second: row.median?,
        })
    });
    let cost = alone.median.zip(alone.p99).map(|(median, p99)| Cost {
        acquisitions: alone.samples as usize,
        median_ns: median as u64,
        p99_ns: p99 as u64,
        throughput: throughput.collect(),
    });
    (cost, missing)
}
