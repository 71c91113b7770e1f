//! From one process to another: how long it takes from the beginning of a release until the other, which attempts again and
//! again, has the lock.
//!
//! The two change roles with each hand-over. The holder releases only when the other attempts, so that what is measured is
//! the lock and not how long the other has been away.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::alone::refused;
use super::board::{Board, Fault};
use super::crew::Crew;
use super::unmeasured::Unmeasured;
use onewinner_core::primitive::{AcquireError, Held, LockPrimitive};
use onewinner_linux::real_fs::RealFs;
use onewinner_linux::sys;
use onewinner_linux::sys::clock::now_ns;

/// The word of the first process that says whether it attempts; that of the other is the next.
const ATTEMPTS: usize = 0;
/// When the release began that the other waits for; 0 while somebody holds.
const RELEASED: usize = 2;
/// Whether this was the last.
const STOP: usize = 3;
const WORDS: usize = 4;

/// The times of hand-overs between two processes.
pub(super) fn hand_over(
    primitive: &dyn LockPrimitive,
    locks: &[PathBuf],
    slice: Duration,
    crew: Crew<'_>,
) -> Result<Vec<f64>, Unmeasured> {
    let board = Board::new(2, WORDS)?;
    crew.run(&board, |worker| {
        let side = Side {
            board: &board,
            primitive,
            lock: &locks[worker % locks.len()],
            worker,
            fs: board.enter(worker),
        };
        let held = match worker {
            0 => Some(primitive.try_acquire(&side.fs, side.lock).map_err(refused)?),
            _ => None,
        };
        board.line.arrive_and_wait(|| {});
        side.exchange(held, slice)
    })?;
    Ok(board.samples())
}

/// One of the two.
struct Side<'a> {
    board: &'a Board,
    primitive: &'a dyn LockPrimitive,
    lock: &'a Path,
    worker: usize,
    fs: RealFs,
}

impl Side<'_> {
    /// Holds, and gives to the other who gives it back, until the slice is over.
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
            room = self.board.sample(self.worker, now.saturating_sub(released));
            self.set(RELEASED, 0);
            self.set(ATTEMPTS + self.worker, 0);
            if self.get(STOP) != 0 {
                let released = self.primitive.release(&self.fs, self.lock, mine);
                return released.map_err(|error| Fault::Release(error.errno));
            }
            held = Some(mine);
        }
    }

    /// Attempts until it wins. Who never wins is ended by the limit of the block.
    fn poll(&self) -> Result<Held, Fault> {
        loop {
            match self.primitive.try_acquire(&self.fs, self.lock) {
                Ok(held) => return Ok(held),
                // On one CPU nothing would happen otherwise.
                Err(AcquireError::Busy) => sys::give_way(),
                Err(AcquireError::Failed(error)) => return Err(Fault::Attempt(error.errno)),
            }
        }
    }

    /// Waits until the other attempts, or does not any more.
    fn wait_until_other(&self, attempts: u64) {
        while self.get(ATTEMPTS + 1 - self.worker) != attempts {
            sys::give_way();
        }
    }

    fn get(&self, word: usize) -> u64 {
        self.board.words[word].load(Ordering::Acquire)
    }

    fn set(&self, word: usize, value: u64) {
        self.board.words[word].store(value, Ordering::Release);
    }
}
