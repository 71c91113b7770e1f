//! Several contenders that do nothing but attempt and release: how many acquisitions all have together, and who gets them.
//!
//! Who loses attempts again at once, without a pause: that is what the lock is worth under load, and nothing of a policy.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::board::Board;
use super::crew::{Crew, Unmeasured};
use crate::primitive::{AcquireError, LockPrimitive};
use crate::sys::clock::now_ns;

/// When the slice began.
const BEGAN: usize = 0;
/// Attempts and releases that failed.
const ERRORS: usize = 1;
const WORDS: usize = 2;

/// What a crowd did.
pub(super) struct Crowded {
    /// The acquisitions of each contender.
    pub(super) wins: Vec<u64>,
    /// Attempts and releases that failed.
    pub(super) errors: u64,
    /// Acquisitions of all, for each second.
    pub(super) per_second: f64,
}

/// Lets so many contenders meet for a slice of time.
pub(super) fn crowd(
    primitive: &dyn LockPrimitive,
    lock: &Path,
    contenders: usize,
    slice: Duration,
    crew: Crew<'_>,
) -> Result<Crowded, Unmeasured> {
    let board = Board::new(contenders, WORDS)?;
    let slice_ns = slice.as_nanos() as u64;
    crew.run(&board, |worker| {
        let fs = board.enter(worker);
        let (mut wins, mut errors) = (0, 0);
        board
            .line
            .arrive_and_wait(|| board.words[BEGAN].store(now_ns(), Ordering::Release));
        let end = board.words[BEGAN].load(Ordering::Acquire) + slice_ns;
        while now_ns() < end {
            match primitive.try_acquire(&fs, lock) {
                Ok(held) => {
                    wins += 1;
                    errors += u64::from(primitive.release(&fs, lock, held).is_err());
                }
                Err(AcquireError::Busy) => {}
                Err(AcquireError::Failed(_)) => errors += 1,
            }
        }
        board.set_count(worker, wins);
        board.words[ERRORS].fetch_add(errors, Ordering::Relaxed);
        Ok(())
    })?;
    let wins: Vec<u64> = (0..contenders).map(|worker| board.count(worker)).collect();
    let won: u64 = wins.iter().sum();
    if won == 0 {
        return Err(Unmeasured::NobodyWon(slice));
    }
    Ok(Crowded {
        per_second: won as f64 / slice.as_secs_f64(),
        errors: board.words[ERRORS].load(Ordering::Relaxed),
        wins,
    })
}
