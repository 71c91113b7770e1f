//! Single operations, each timed: acquire and release without contention, an attempt that loses, a `stat`.
//!
//! Nothing is retried: an operation that fails ends the measurement.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::samples::{Fault, SharedSamples};
use super::unmeasured::Unmeasured;
use super::workers::Workers;
use onewinner_core::fs::Fs;
use onewinner_core::primitive::{AcquireError, LockPrimitive};
use onewinner_linux::sys::clock::now_ns;

/// The warm-up is a slice divided by this: caches fill, and the worker gets its own copies of memory pages.
const WARM_UP: u64 = 10;
/// The fewest samples, however long they take on a slow file system.
const LEAST_SAMPLES: u64 = 5;
/// The fewest operations of the warm-up.
const LEAST_WARM_UP: u32 = 2;

/// Repeats `operation` until the slice is over or there are enough samples.
fn repeat(
    shared: &SharedSamples,
    worker: usize,
    slice: Duration,
    mut operation: impl FnMut() -> Result<(), Fault>,
) -> Result<(), Fault> {
    let slice_ns = slice.as_nanos() as u64;
    let began = now_ns();
    for warmed in 0.. {
        if warmed >= LEAST_WARM_UP && now_ns() - began >= slice_ns / WARM_UP {
            break;
        }
        operation()?;
    }
    let counted = now_ns();
    loop {
        let before = now_ns();
        operation()?;
        let after = now_ns();
        let room = shared.sample(worker, after - before);
        if !room || (after - counted >= slice_ns && shared.count(worker) >= LEAST_SAMPLES) {
            return Ok(());
        }
    }
}

/// Times acquire and release without contention.
pub(super) fn uncontended(
    primitive: &dyn LockPrimitive,
    lock: &Path,
    slice: Duration,
    workers: Workers<'_>,
) -> Result<Vec<f64>, Unmeasured> {
    let shared = SharedSamples::new(1, 0)?;
    workers.run(&shared, |worker| {
        let fs = shared.enter(worker);
        repeat(&shared, worker, slice, || {
            let held = primitive.try_acquire(&fs, lock).map_err(refused)?;
            let released = primitive.release(&fs, lock, held);
            released.map_err(|error| Fault::Release(error.errno))
        })
    })?;
    Ok(shared.samples())
}

/// Times an attempt while another process holds the lock and does nothing else.
pub(super) fn losing(
    primitive: &dyn LockPrimitive,
    locks: &[PathBuf],
    slice: Duration,
    workers: Workers<'_>,
) -> Result<Vec<f64>, Unmeasured> {
    const HOLDER: usize = 0;
    let shared = SharedSamples::new(2, 0)?;
    workers.run(&shared, |worker| {
        let (fs, lock) = (shared.enter(worker), &*locks[worker % locks.len()]);
        let held = match worker {
            HOLDER => Some(primitive.try_acquire(&fs, lock).map_err(refused)?),
            _ => None,
        };
        shared.line.arrive_and_wait(|| {});
        if worker != HOLDER {
            repeat(&shared, worker, slice, || match primitive.try_acquire(&fs, lock) {
                Err(AcquireError::Busy) => Ok(()),
                Err(AcquireError::Failed(error)) => Err(Fault::Attempt(error.errno)),
                Ok(_) => Err(Fault::GotIn),
            })?;
        }
        shared.line.arrive_and_wait(|| {});
        match held {
            Some(held) => {
                let released = primitive.release(&fs, lock, held);
                released.map_err(|error| Fault::Release(error.errno))
            }
            None => Ok(()),
        }
    })?;
    Ok(shared.samples())
}

/// Times a `stat` of the directory.
pub(super) fn yardstick(directory: &Path, slice: Duration, workers: Workers<'_>) -> Result<Vec<f64>, Unmeasured> {
    let shared = SharedSamples::new(1, 0)?;
    workers.run(&shared, |worker| {
        let fs = shared.enter(worker);
        let stat = || fs.stat(directory).map(|_| ()).map_err(Fault::Directory);
        repeat(&shared, worker, slice, stat)
    })?;
    Ok(shared.samples())
}

/// Why a free lock could not be acquired.
pub(super) fn refused(error: AcquireError) -> Fault {
    match error {
        AcquireError::Busy => Fault::Busy,
        AcquireError::Failed(error) => Fault::Attempt(error.errno),
    }
}
