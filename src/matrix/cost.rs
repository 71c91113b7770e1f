//! What an acquisition and its release cost: alone, and among others.
//!
//! Deliberately without a verdict: a lock that lets two in is measured as any other.

use std::path::PathBuf;
use std::time::Duration;

use super::Settings;
use super::cell::{Cost, Throughput};
use super::team::{Team, TeamError};
use crate::fs::real::RealFs;
use crate::primitive::{AcquireError, CallError, LockPrimitive};
use crate::sys::clock;

/// How many contend.
const CONTENDERS: [usize; 3] = [2, 8, 16];
/// Acquisitions that are not measured: the first finds nothing in any cache.
const WARM_UP: usize = 10;

/// Half, and all but one in a hundred, of so many acquisitions took no longer than this.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone {
    acquisitions: usize,
    median_ns: u64,
    p99_ns: u64,
}

/// Acquires and releases in this process, by way of the first directory.
pub(super) fn alone(
    primitive: &'static dyn LockPrimitive,
    ways: &[PathBuf],
    acquisitions: usize,
) -> Result<Alone, AcquireError> {
    let (fs, lock) = (RealFs::new(), ways[0].join("alone"));
    let once = || -> Result<u64, AcquireError> {
        let began_ns = clock::now_ns();
        let held = primitive.try_acquire(&fs, &lock)?;
        primitive.release(&fs, &lock, held)?;
        Ok(clock::now_ns() - began_ns)
    };
    for _ in 0..WARM_UP {
        once()?;
    }
    let mut times_ns = (0..acquisitions.max(1))
        .map(|_| once())
        .collect::<Result<Vec<_>, _>>()?;
    times_ns.sort_unstable();
    Ok(Alone {
        acquisitions: times_ns.len(),
        median_ns: times_ns[times_ns.len() / 2],
        p99_ns: times_ns[times_ns.len() * 99 / 100],
    })
}

impl Alone {
    /// With what it costs among others.
    pub(super) fn and(
        self,
        primitive: &'static dyn LockPrimitive,
        ways: &[PathBuf],
        settings: &Settings,
    ) -> Result<Cost, TeamError> {
        let throughput = CONTENDERS.iter().map(|&processes| {
            Ok(Throughput {
                processes,
                per_second: per_second(primitive, ways, processes, settings)?,
            })
        });
        Ok(Cost {
            acquisitions: self.acquisitions,
            median_ns: self.median_ns,
            p99_ns: self.p99_ns,
            throughput: throughput.collect::<Result<_, TeamError>>()?,
        })
    }
}

/// Has so many acquire and release one lock as often as they can, and counts the acquisitions.
fn per_second(
    primitive: &'static dyn LockPrimitive,
    ways: &[PathBuf],
    processes: usize,
    settings: &Settings,
) -> Result<f64, TeamError> {
    /// The word that says until when; after it come the counts.
    const UNTIL_NS: usize = 0;
    let team = Team::new(processes, 1 + processes)?;
    let limit = Duration::from_millis(settings.throughput_ms + settings.worker_ms);
    team.run(limit, |process, fs| {
        let lock = ways[process.index() % ways.len()].join(format!("among-{processes}"));
        if process.index() == 0 {
            team.set(UNTIL_NS, clock::now_ns() + settings.throughput_ms * 1_000_000);
        }
        team.wait(UNTIL_NS, 1);
        let (until_ns, mut won) = (team.get(UNTIL_NS), 0);
        while clock::now_ns() < until_ns {
            if let Ok(held) = primitive.try_acquire(fs, &lock) {
                won += 1;
                // What a broken lock leaves, another one removes.
                let _released: Result<(), CallError> = primitive.release(fs, &lock, held);
            }
        }
        team.set(1 + process.index(), won);
    })?;
    let won: u64 = (0..processes).map(|process| team.get(1 + process)).sum();
    Ok(won as f64 * 1_000.0 / settings.throughput_ms as f64)
}
