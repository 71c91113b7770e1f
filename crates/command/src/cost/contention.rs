//! Contenders that only attempt and release: the throughput of all, and the share of each.
//!
//! A loser attempts again immediately, so that the lock is measured and not a policy of waiting.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::samples::SharedSamples;
use super::unmeasured::Unmeasured;
use super::workers::Workers;
use onewinner_core::primitive::{AcquireError, LockPrimitive};
use onewinner_linux::sys::clock::now_ns;

/// The word for when the slice began.
const BEGAN: usize = 0;
/// The word for when the last contender ended, which may be long after the slice if a call takes long.
const ENDED: usize = 1;
/// The word for whether any contender has won.
const WON: usize = 2;
/// The word for the number of failed attempts and releases.
const ERRORS: usize = 3;
const WORDS: usize = 4;
/// The fewest attempts of each contender before the measurement gives up without a winner: a machine may stall for the whole
/// slice.
const LEAST_ATTEMPTS: u64 = 1_000;

/// The result of one slice.
pub(super) struct Contention {
    /// The acquisitions of each contender.
    pub(super) wins: Vec<u64>,
    /// Attempts and releases that failed.
    pub(super) errors: u64,
    /// Acquisitions of all contenders per second.
    pub(super) per_second: f64,
}

/// Runs the contenders for one slice.
pub(super) fn contend(
    primitive: &dyn LockPrimitive,
    locks: &[PathBuf],
    contenders: usize,
    slice: Duration,
    workers: Workers<'_>,
) -> Result<Contention, Unmeasured> {
    let shared = SharedSamples::new(contenders, WORDS)?;
    let slice_ns = slice.as_nanos() as u64;
    workers.run(&shared, |worker| {
        let (fs, lock) = (shared.enter(worker), &*locks[worker % locks.len()]);
        let (mut wins, mut errors, mut attempts) = (0, 0, 0);
        shared
            .line
            .arrive_and_wait(|| shared.words[BEGAN].store(now_ns(), Ordering::Release));
        let end = shared.words[BEGAN].load(Ordering::Acquire) + slice_ns;
        let nobody_won = || shared.words[WON].load(Ordering::Relaxed) == 0;
        while now_ns() < end || (attempts < LEAST_ATTEMPTS && nobody_won()) {
            attempts += 1;
            match primitive.try_acquire(&fs, lock) {
                Ok(held) => {
                    if wins == 0 {
                        shared.words[WON].store(1, Ordering::Relaxed);
                    }
                    wins += 1;
                    errors += u64::from(primitive.release(&fs, lock, held).is_err());
                }
                Err(AcquireError::Busy) => {}
                Err(AcquireError::Failed(_)) => errors += 1,
            }
        }
        shared.words[ENDED].fetch_max(now_ns(), Ordering::Relaxed);
        shared.set_count(worker, wins);
        shared.words[ERRORS].fetch_add(errors, Ordering::Relaxed);
        Ok(())
    })?;
    let wins: Vec<u64> = (0..contenders).map(|worker| shared.count(worker)).collect();
    let won: u64 = wins.iter().sum();
    if won == 0 {
        return Err(Unmeasured::NobodyWon(slice));
    }
    let word = |word: usize| shared.words[word].load(Ordering::Relaxed);
    Ok(Contention {
        per_second: won as f64 * 1e9 / (word(ENDED) - word(BEGAN)).max(1) as f64,
        errors: word(ERRORS),
        wins,
    })
}
