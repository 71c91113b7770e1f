//! Measures the cost of an acquisition and its release in a cell, as `bench` does: without and under contention.
//!
//! A broken lock is measured like any other, and a failed measurement changes no verdict.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::Settings;
use super::cell::{Cost, Throughput};
use crate::cost::{Amount, BenchTarget, Measure, measure_one};
use onewinner_core::primitive::LockPrimitive;

/// The numbers of contenders.
const CONTENDERS: [u32; 3] = [2, 8, 16];

/// Measures the cost. Also returns why some measures are missing.
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
    let place = BenchTarget::given(ways.to_vec());
    // A cancellation ends this process.
    let rows = measure_one(primitive, &place, &measures, &amount, &AtomicBool::new(false));
    let missing = rows.iter().filter_map(|row| {
        let reason = row.missing.as_ref()?;
        Some(format!("{}: {reason}", row.measure))
    });
    let missing = missing.collect();
    let (alone, among) = rows.split_first().expect("the uncontended measure comes first");
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
