//! The shared memory of a race: lines to wait at, pulses, counts, and the few words by which the coordinator steers.
//!
//! Every word has one writer at a time: a contender its own pulse and log, whoever comes last to the start line the state of
//! the rounds, the coordinator its wishes.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::delays::Delays;
use super::ground::Ground;
use super::log::{load_text, store_text};
use super::pulse::Pulse;
use super::tally::Tally;
use crate::phaser::Phaser;
use crate::pid_table::PidTable;
use crate::sys::memory::ShareError;
use crate::sys::{Shared, futex};
use onewinner_core::fs::Errno;
use onewinner_core::id::ProcessId;

/// Rounds begun so far.
const STARTED: usize = 0;
/// Rounds counted so far.
const SETTLED: usize = 1;
/// Rounds to begin before these workers leave.
const UNTIL: usize = 2;
/// Whether to leave at the next start line, whatever [`UNTIL`] says.
const STOP: usize = 3;
/// Whether the round that the start line opened takes place.
const GO: usize = 4;
/// The error number that kept a round from being prepared; 0 for none.
const UNPREPARED: usize = 5;
/// The shared counter of events.
const STAMP: usize = 6;
const WORDS: usize = 7;

/// The longest message of a worker that panics, in words of 8 bytes, and its length.
const BLAME_WORDS: usize = 65;

/// What contenders and coordinator share.
pub(super) struct Board {
    /// Where a round begins.
    pub(super) start: Phaser,
    /// Where those who have answered wait for all others.
    pub(super) answered: Phaser,
    /// Where aligned contenders wait before each call.
    pub(super) calls: Phaser,
    pub(super) tally: Tally,
    pub(super) delays: Delays,
    /// The numbers of the contenders' processes.
    pub(super) pid_table: PidTable,
    parties: u32,
    pulses: Shared<AtomicU64>,
    words: Shared<AtomicU64>,
    leaving: Shared<AtomicU32>,
    blame: Shared<AtomicU64>,
}

impl Board {
    pub(super) fn new(processes: usize, attempts: usize, seed: u64) -> Result<Self, ShareError> {
        let parties = u32::try_from(processes).expect("there are at most 64 processes");
        Ok(Self {
            start: Phaser::new(parties)?,
            answered: Phaser::new(parties)?,
            calls: Phaser::new(parties)?,
            tally: Tally::new(processes, attempts)?,
            delays: Delays::new(processes, seed)?,
            pid_table: PidTable::new(processes)?,
            parties,
            pulses: Shared::zeroed(processes)?,
            words: Shared::zeroed(WORDS)?,
            leaving: Shared::zeroed(1)?,
            blame: Shared::zeroed(BLAME_WORDS)?,
        })
    }

    fn get(&self, word: usize) -> u64 {
        self.words[word].load(Ordering::Relaxed)
    }

    fn set(&self, word: usize, value: u64) {
        self.words[word].store(value, Ordering::Relaxed);
    }

    /// Between two rounds, by whoever came last: counts the one that ended, and prepares the next if there is one.
    pub(super) fn between_rounds(&self, ground: &Ground) {
        if let Err(error) = self.settle(ground).and_then(|()| self.open_round(ground)) {
            let errno = error.raw_os_error().unwrap_or(Errno::EIO.raw());
            self.set(UNPREPARED, u64::from(errno.unsigned_abs()));
            self.set(GO, 0);
        }
    }

    fn settle(&self, ground: &Ground) -> io::Result<()> {
        let (settled, started) = (self.get(SETTLED), self.get(STARTED));
        if settled < started {
            self.tally.settle(settled, ground.duplicates(settled)?);
            self.set(SETTLED, started);
        }
        Ok(())
    }

    fn open_round(&self, ground: &Ground) -> io::Result<()> {
        let round = self.get(STARTED);
        if round >= self.get(UNTIL) || self.get(STOP) != 0 {
            self.set(GO, 0);
            return Ok(());
        }
        ground.prepare(round)?;
        self.tally.clear();
        self.calls.register(self.parties);
        self.set(STARTED, round + 1);
        self.set(GO, 1);
        self.delays.released();
        Ok(())
    }

    /// The round that the start line opened; `None` when it is time to leave.
    pub(super) fn round(&self) -> Option<u64> {
        (self.get(GO) != 0).then(|| self.get(STARTED) - 1)
    }

    /// The next number of the shared counter of events.
    pub(super) fn stamp(&self) -> u64 {
        self.words[STAMP].fetch_add(1, Ordering::AcqRel)
    }

    pub(super) fn pulse(&self, process: ProcessId) -> Pulse<'_> {
        Pulse(&self.pulses[process.index()])
    }

    /// What the pulses are now.
    pub(super) fn pulses(&self) -> impl Iterator<Item = u64> {
        self.pulses.iter().map(|pulse| pulse.load(Ordering::Relaxed))
    }

    /// A worker has done all that it had to do.
    pub(super) fn leave(&self) {
        self.leaving[0].fetch_add(1, Ordering::Release);
        futex::wake_all(&self.leaving[0]);
    }

    /// Waits until another worker leaves, or the limit is over. `seen` is how many the caller knows of.
    pub(super) fn wait_for_leaver(&self, seen: &mut u32, limit: Duration) {
        futex::wait(&self.leaving[0], *seen, limit);
        *seen = self.leaving[0].load(Ordering::Acquire);
    }

    /// Workers that have left since the race began.
    pub(super) fn left(&self) -> u32 {
        self.leaving[0].load(Ordering::Acquire)
    }

    /// How many rounds are counted.
    pub(super) fn settled(&self) -> u64 {
        self.get(SETTLED)
    }

    /// New workers shall leave when so many rounds have begun.
    pub(super) fn run_until(&self, rounds: u64) {
        self.set(UNTIL, rounds);
    }

    /// Workers shall leave when the round is over.
    pub(super) fn stop(&self) {
        self.set(STOP, 1);
    }

    /// Why a round could not be prepared or counted.
    pub(super) fn unprepared(&self) -> Option<Errno> {
        let number = i32::try_from(self.get(UNPREPARED)).expect("it was an i32");
        (number != 0).then(|| Errno::from_raw(number))
    }

    /// A worker found an invariant broken.
    pub(super) fn blame(&self, message: &str) {
        store_text(&self.blame, message);
    }

    /// What a worker that panicked said.
    pub(super) fn blamed(&self) -> Option<String> {
        Some(load_text(&self.blame)).filter(|message| !message.is_empty())
    }
}
