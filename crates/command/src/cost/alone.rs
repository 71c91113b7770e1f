//! One operation after another, each with its time: acquire and release without anybody else, an attempt that loses, a `stat`.
//!
//! Deliberately retries nothing: what fails once is told, and is not measured.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::board::{Board, Fault};
use super::crew::Crew;
use super::unmeasured::Unmeasured;
use onewinner_core::fs::Fs;
use onewinner_core::primitive::{AcquireError, LockPrimitive};
use onewinner_linux::sys::clock::now_ns;

/// The share of a slice for which what is done is not counted yet: caches fill, and the worker's memory becomes its own.
const WARM_UP: u64 = 10;
/// A slow file system gives at least so many samples, however long they take.
const LEAST_SAMPLES: u64 = 5;
/// And warms up at least so often.
const LEAST_WARM_UP: u32 = 2;

/// Does `operation` until the slice is over or there are samples enough.
fn repeat(
    board: &Board,
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
        let room = board.sample(worker, after - before);
        if !room || (after - counted >= slice_ns && board.count(worker) >= LEAST_SAMPLES) {
            return Ok(());
        }
    }
}

/// Acquire and release, alone.
pub(super) fn uncontended(
    primitive: &dyn LockPrimitive,
    lock: &Path,
    slice: Duration,
    crew: Crew<'_>,
) -> Result<Vec<f64>, Unmeasured> {
    let board = Board::new(1, 0)?;
    crew.run(&board, |worker| {
        let fs = board.enter(worker);
        repeat(&board, worker, slice, || {
            let held = primitive.try_acquire(&fs, lock).map_err(refused)?;
            let released = primitive.release(&fs, lock, held);
            released.map_err(|error| Fault::Release(error.errno))
        })
    })?;
    Ok(board.samples())
}

/// An attempt while another process, which does nothing else, has the lock.
pub(super) fn losing(
    primitive: &dyn LockPrimitive,
    locks: &[PathBuf],
    slice: Duration,
    crew: Crew<'_>,
) -> Result<Vec<f64>, Unmeasured> {
    const HOLDER: usize = 0;
    let board = Board::new(2, 0)?;
    crew.run(&board, |worker| {
        let (fs, lock) = (board.enter(worker), &*locks[worker % locks.len()]);
        let held = match worker {
            HOLDER => Some(primitive.try_acquire(&fs, lock).map_err(refused)?),
            _ => None,
        };
        board.line.arrive_and_wait(|| {});
        if worker != HOLDER {
            repeat(&board, worker, slice, || match primitive.try_acquire(&fs, lock) {
                Err(AcquireError::Busy) => Ok(()),
                Err(AcquireError::Failed(error)) => Err(Fault::Attempt(error.errno)),
                Ok(_) => Err(Fault::GotIn),
            })?;
        }
        board.line.arrive_and_wait(|| {});
        match held {
            Some(held) => {
                let released = primitive.release(&fs, lock, held);
                released.map_err(|error| Fault::Release(error.errno))
            }
            None => Ok(()),
        }
    })?;
    Ok(board.samples())
}

/// A `stat` of the directory.
pub(super) fn yardstick(directory: &Path, slice: Duration, crew: Crew<'_>) -> Result<Vec<f64>, Unmeasured> {
    let board = Board::new(1, 0)?;
    crew.run(&board, |worker| {
        let fs = board.enter(worker);
        let stat = || fs.stat(directory).map(|_| ()).map_err(Fault::Ground);
        repeat(&board, worker, slice, stat)
    })?;
    Ok(board.samples())
}

/// Why a free lock was not given.
pub(super) fn refused(error: AcquireError) -> Fault {
    match error {
        AcquireError::Busy => Fault::Busy,
        AcquireError::Failed(error) => Fault::Attempt(error.errno),
    }
}
