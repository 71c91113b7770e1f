//! Hand-over: the time from the beginning of a release until another process, which keeps attempting, has the lock.
//!
//! The two processes change roles with each hand-over. The holder releases only while the other one attempts, so that the
//! lock is measured and not the scheduler.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::samples::{Fault, SharedSamples};
use super::timed::refused;
use super::unmeasured::Unmeasured;
use super::workers::Workers;
use onewinner_core::primitive::{AcquireError, Held, LockPrimitive};
use onewinner_linux::real_fs::RealFs;
use onewinner_linux::sys;
use onewinner_linux::sys::clock::now_ns;

/// The word for whether the first process attempts; the word of the other process follows.
const ATTEMPTS: usize = 0;
/// The word for when the current release began; 0 while the lock is held.
const RELEASED: usize = 2;
/// The word for whether this hand-over is the last.
const STOP: usize = 3;
const WORDS: usize = 4;

/// Times hand-overs between two processes.
pub(super) fn hand_over(
    primitive: &dyn LockPrimitive,
    locks: &[PathBuf],
    slice: Duration,
    workers: Workers<'_>,
) -> Result<Vec<f64>, Unmeasured> {
    let shared = SharedSamples::new(2, WORDS)?;
    workers.run(&shared, |worker| {
        let side = Side {
            shared: &shared,
            primitive,
            lock: &locks[worker % locks.len()],
            worker,
            fs: shared.enter(worker),
        };
        let held = match worker {
            0 => Some(primitive.try_acquire(&side.fs, side.lock).map_err(refused)?),
            _ => None,
        };
        shared.line.arrive_and_wait(|| {});
        side.exchange(held, slice)
    })?;
    Ok(shared.samples())
}

/// One of the two processes.
struct Side<'a> {
    shared: &'a SharedSamples,
    primitive: &'a dyn LockPrimitive,
    lock: &'a Path,
    worker: usize,
    fs: RealFs,
}

impl Side<'_> {
    /// Hands the lock over and gets it back until the slice is over.
    fn exchange(&self, mut held: Option<Held>, slice: Duration) -> Result<(), Fault> {
        let (began, slice_ns) = (now_ns(), slice.as_nanos() as u64);
        let mut room = true;
        loop {
            if let Some(mine) = held.take() {
                self.wait_until_other(1);
                let last = !room || now_ns() - began >= slice_ns;
                self.set(STOP, last.into());
                self.set(RELEASED, now_ns());
                let released = self.primitive.release(&self.fs, self.lock, mine);
                released.map_err(|error| Fault::Release(error.errno))?;
                if last {
                    return Ok(());
                }
                self.wait_until_other(0);
            }
            self.set(ATTEMPTS + self.worker, 1);
            let mine = self.poll()?;
            let now = now_ns();
            let released = self.get(RELEASED);
            if released == 0 {
                return Err(Fault::GotIn);
            }
            room = self.shared.sample(self.worker, now.saturating_sub(released));
            self.set(RELEASED, 0);
            self.set(ATTEMPTS + self.worker, 0);
            if self.get(STOP) != 0 {
                let released = self.primitive.release(&self.fs, self.lock, mine);
                return released.map_err(|error| Fault::Release(error.errno));
            }
            held = Some(mine);
        }
    }

    /// Attempts until it wins. The limit of the block ends a process that never wins.
    fn poll(&self) -> Result<Held, Fault> {
        loop {
            match self.primitive.try_acquire(&self.fs, self.lock) {
                Ok(held) => return Ok(held),
                // Otherwise the other process would not run on a machine with one CPU.
                Err(AcquireError::Busy) => sys::yield_cpu(),
                Err(AcquireError::Failed(error)) => return Err(Fault::Attempt(error.errno)),
            }
        }
    }

    /// Waits until the other process attempts, or has stopped attempting. The limit of the block ends the wait.
    fn wait_until_other(&self, attempts: u64) {
        while self.get(ATTEMPTS + 1 - self.worker) != attempts {
            sys::yield_cpu();
        }
    }

    fn get(&self, word: usize) -> u64 {
        self.shared.words[word].load(Ordering::Acquire)
    }

    fn set(&self, word: usize, value: u64) {
        self.shared.words[word].store(value, Ordering::Release);
    }
}
