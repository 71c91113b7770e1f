//! Several contenders that do nothing but attempt and release: how many acquisitions all have together, and who gets them.
//!
//! Who loses attempts again at once, without a pause: that is what the lock is worth under load, and nothing of a policy.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::board::Board;
use super::crew::Crew;
use super::unmeasured::Unmeasured;
use onewinner_core::primitive::{AcquireError, LockPrimitive};
use onewinner_linux::sys::clock::now_ns;

/// When the slice began.
const BEGAN: usize = 0;
/// When the last of them came to its end, which may be long after the slice: a call takes as long as it takes.
const ENDED: usize = 1;
/// Whether anybody has won.
const WON: usize = 2;
/// Attempts and releases that failed.
const ERRORS: usize = 3;
const WORDS: usize = 4;
/// So often each attempts at least as long as nobody has won: a machine that stalls for the whole slice is no faulty lock.
const LEAST_ATTEMPTS: u64 = 1_000;

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
    locks: &[PathBuf],
    contenders: usize,
    slice: Duration,
    crew: Crew<'_>,
) -> Result<Crowded, Unmeasured> {
    let board = Board::new(contenders, WORDS)?;
    let slice_ns = slice.as_nanos() as u64;
    crew.run(&board, |worker| {
        let (fs, lock) = (board.enter(worker), &*locks[worker % locks.len()]);
        let (mut wins, mut errors, mut attempts) = (0, 0, 0);
        board
            .line
            .arrive_and_wait(|| board.words[BEGAN].store(now_ns(), Ordering::Release));
        let end = board.words[BEGAN].load(Ordering::Acquire) + slice_ns;
        let nobody_won = || board.words[WON].load(Ordering::Relaxed) == 0;
        while now_ns() < end || (attempts < LEAST_ATTEMPTS && nobody_won()) {
            attempts += 1;
            match primitive.try_acquire(&fs, lock) {
                Ok(held) => {
                    if wins == 0 {
                        board.words[WON].store(1, Ordering::Relaxed);
                    }
                    wins += 1;
                    errors += u64::from(primitive.release(&fs, lock, held).is_err());
                }
                Err(AcquireError::Busy) => {}
                Err(AcquireError::Failed(_)) => errors += 1,
            }
        }
        board.words[ENDED].fetch_max(now_ns(), Ordering::Relaxed);
        board.set_count(worker, wins);
        board.words[ERRORS].fetch_add(errors, Ordering::Relaxed);
        Ok(())
    })?;
    let wins: Vec<u64> = (0..contenders).map(|worker| board.count(worker)).collect();
    let won: u64 = wins.iter().sum();
    if won == 0 {
        return Err(Unmeasured::NobodyWon(slice));
    }
    let word = |word: usize| board.words[word].load(Ordering::Relaxed);
    Ok(Crowded {
        per_second: won as f64 * 1e9 / (word(ENDED) - word(BEGAN)).max(1) as f64,
        errors: word(ERRORS),
        wins,
    })
}
