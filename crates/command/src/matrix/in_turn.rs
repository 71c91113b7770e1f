//! One process holds the lock while another one attempts, without a race.
//!
//! On some mounts locks exclude in turn but not in a race, and on others the reverse.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cell::{AttemptOutcome, InTurn};
use super::team::{Team, TeamError};
use onewinner_core::fs::Errno;
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{AcquireError, Held, LockPrimitive};
use onewinner_linux::real_fs::RealFs;

/// The word for whose turn it is: 0 the holder's, 1 the other's, 2 the holder's to release, 3 the other's again.
const TURN: usize = 0;
const HOLDER: usize = 1;
const OTHER: usize = 2;
const AFTER: usize = 3;
const WORDS: usize = 4;

/// Words for the result of an attempt; an error number is added to the last.
const NOTHING: u64 = 0;
const WON: u64 = 1;
const BUSY: u64 = 2;
const FAILED: u64 = 1 << 32;

/// One process holds through one mount while another one attempts through another; then the reverse, if there are several
/// mounts. Each pair uses a new lock.
pub(super) fn in_turn(
    primitive: &'static dyn LockPrimitive,
    ways: &[PathBuf],
    limit: Duration,
) -> Result<Vec<InTurn>, TeamError> {
    let pairs: &[[usize; 2]] = match ways.len() {
        1 => &[[0, 0]],
        _ => &[[0, 1], [1, 0]],
    };
    let run = |(number, &[one, other]): (usize, &[usize; 2])| {
        let name = format!("turn-{number}");
        let locks = [ways[one].join(&name), ways[other].join(&name)];
        pair(primitive, &locks, limit).map(|[holder, other_got, after]| InTurn {
            ways: [one, other],
            holder,
            other: other_got,
            after,
        })
    };
    pairs.iter().enumerate().map(run).collect()
}

fn pair(
    primitive: &'static dyn LockPrimitive,
    locks: &[PathBuf; 2],
    limit: Duration,
) -> Result<[AttemptOutcome; 3], TeamError> {
    let team = Team::new(locks.len(), WORDS)?;
    team.run(limit, |process, fs| match process {
        ProcessId(0) => hold(primitive, fs, &locks[0], &team),
        _ => try_twice(primitive, fs, &locks[1], &team),
    })?;
    Ok([HOLDER, OTHER, AFTER].map(|word| got(team.get(word))))
}

fn hold(primitive: &dyn LockPrimitive, fs: &RealFs, lock: &Path, team: &Team) {
    let (word, held) = attempt(primitive, fs, lock);
    team.set(HOLDER, word);
    team.set(TURN, 1);
    team.wait(TURN, 2);
    if let Some(held) = held
        && let Err(error) = primitive.release(fs, lock, held)
    {
        // The next process meets a lock that was not released.
        team.set(AFTER, failed(error.errno));
    }
    team.set(TURN, 3);
}

fn try_twice(primitive: &dyn LockPrimitive, fs: &RealFs, lock: &Path, team: &Team) {
    team.wait(TURN, 1);
    let (word, held) = attempt(primitive, fs, lock);
    team.set(OTHER, word);
    let won = held.is_some();
    give_back(primitive, fs, lock, held);
    team.set(TURN, 2);
    team.wait(TURN, 3);
    // After two have held at the same time, a further attempt shows nothing.
    if team.get(HOLDER) == WON && !won && team.get(AFTER) == NOTHING {
        let (word, held) = attempt(primitive, fs, lock);
        team.set(AFTER, word);
        give_back(primitive, fs, lock, held);
    }
}

fn attempt(primitive: &dyn LockPrimitive, fs: &RealFs, lock: &Path) -> (u64, Option<Held>) {
    match primitive.try_acquire(fs, lock) {
        Ok(held) => (WON, Some(held)),
        Err(AcquireError::Busy) => (BUSY, None),
        Err(AcquireError::Failed(error)) => (failed(error.errno), None),
    }
}

/// Releases the lock if it was acquired. Errors do not matter, since the lock is not used again.
fn give_back(primitive: &dyn LockPrimitive, fs: &RealFs, lock: &Path, held: Option<Held>) {
    if let Some(held) = held {
        let _released = primitive.release(fs, lock, held);
    }
}

fn failed(errno: Errno) -> u64 {
    FAILED | u64::from(errno.raw().unsigned_abs())
}

fn got(word: u64) -> AttemptOutcome {
    match word {
        NOTHING => AttemptOutcome::Nothing,
        WON => AttemptOutcome::Won,
        BUSY => AttemptOutcome::Busy,
        failed => {
            let number = i32::try_from(failed & !FAILED).expect("an error number is small");
            AttemptOutcome::Failed(Errno::from_raw(number).to_string())
        }
    }
}
