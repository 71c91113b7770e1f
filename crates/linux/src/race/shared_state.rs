//! The shared memory of a race: barriers, heartbeats, counters, and the words through which the coordinator steers.
//!
//! Every word has one writer at a time: a contender writes its own heartbeat and log, the last contender at the start line
//! writes the state of the rounds, and the coordinator writes its orders.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::delays::Delays;
use super::heartbeat::Heartbeat;
use super::log::{load_text, store_text};
use super::round_dirs::RoundDirs;
use super::shared_counters::SharedCounters;
use crate::phaser::Phaser;
use crate::pid_table::PidTable;
use crate::sys::memory::ShareError;
use crate::sys::{Shared, futex};
use onewinner_core::fs::Errno;
use onewinner_core::id::ProcessId;

/// The number of rounds begun.
const STARTED: usize = 0;
/// The number of rounds counted.
const COUNTED: usize = 1;
/// The number of rounds to begin before these workers finish.
const UNTIL: usize = 2;
/// Whether to finish at the next start line, whatever [`UNTIL`] says.
const STOP: usize = 3;
/// Whether the round that the start line opened takes place.
const GO: usize = 4;
/// The error number that kept a round from being prepared; 0 for none.
const ROUND_ERROR: usize = 5;
/// The shared counter of events.
const STAMP: usize = 6;
const WORDS: usize = 7;

/// The words for the message of a worker that panics: its length, and the text in words of 8 bytes.
const PANIC_WORDS: usize = 65;

/// The memory that contenders and coordinator share.
pub(super) struct SharedState {
    /// Where a round begins.
    pub(super) start: Phaser,
    /// Where contenders wait until all have answered.
    pub(super) answered: Phaser,
    /// Where aligned contenders wait before each call.
    pub(super) calls: Phaser,
    pub(super) counters: SharedCounters,
    pub(super) delays: Delays,
    /// The pids of the contenders.
    pub(super) pid_table: PidTable,
    parties: u32,
    heartbeats: Shared<AtomicU64>,
    words: Shared<AtomicU64>,
    leaving: Shared<AtomicU32>,
    panic_message: Shared<AtomicU64>,
}

impl SharedState {
    pub(super) fn new(processes: usize, attempts: usize, seed: u64) -> Result<Self, ShareError> {
        let parties = u32::try_from(processes).expect("there are at most 64 processes");
        Ok(Self {
            start: Phaser::new(parties)?,
            answered: Phaser::new(parties)?,
            calls: Phaser::new(parties)?,
            counters: SharedCounters::new(processes, attempts)?,
            delays: Delays::new(processes, seed)?,
            pid_table: PidTable::new(processes)?,
            parties,
            heartbeats: Shared::zeroed(processes)?,
            words: Shared::zeroed(WORDS)?,
            leaving: Shared::zeroed(1)?,
            panic_message: Shared::zeroed(PANIC_WORDS)?,
        })
    }

    fn get(&self, word: usize) -> u64 {
        self.words[word].load(Ordering::Relaxed)
    }

    fn set(&self, word: usize, value: u64) {
        self.words[word].store(value, Ordering::Relaxed);
    }

    /// Counts the round that ended and prepares the next one, if there is one. The last contender at the start line calls it.
    pub(super) fn between_rounds(&self, round_dirs: &RoundDirs) {
        if let Err(error) = self.count_round(round_dirs).and_then(|()| self.open_round(round_dirs)) {
            let errno = error.raw_os_error().unwrap_or(Errno::EIO.raw());
            self.set(ROUND_ERROR, u64::from(errno.unsigned_abs()));
            self.set(GO, 0);
        }
    }

    fn count_round(&self, round_dirs: &RoundDirs) -> io::Result<()> {
        let (counted_rounds, started) = (self.get(COUNTED), self.get(STARTED));
        if counted_rounds < started {
            self.counters
                .count_round(counted_rounds, round_dirs.duplicates(counted_rounds)?);
            self.set(COUNTED, started);
        }
        Ok(())
    }

    fn open_round(&self, round_dirs: &RoundDirs) -> io::Result<()> {
        let round = self.get(STARTED);
        if round >= self.get(UNTIL) || self.get(STOP) != 0 {
            self.set(GO, 0);
            return Ok(());
        }
        round_dirs.prepare(round)?;
        self.counters.clear();
        self.calls.register(self.parties);
        self.set(STARTED, round + 1);
        self.set(GO, 1);
        self.delays.released();
        Ok(())
    }

    /// The round that the start line opened; `None` when the workers shall finish.
    pub(super) fn round(&self) -> Option<u64> {
        (self.get(GO) != 0).then(|| self.get(STARTED) - 1)
    }

    /// The next number of the shared counter of events.
    pub(super) fn stamp(&self) -> u64 {
        self.words[STAMP].fetch_add(1, Ordering::AcqRel)
    }

    pub(super) fn heartbeat(&self, process: ProcessId) -> Heartbeat<'_> {
        Heartbeat(&self.heartbeats[process.index()])
    }

    /// The current heartbeats.
    pub(super) fn heartbeats(&self) -> impl Iterator<Item = u64> {
        self.heartbeats
            .iter()
            .map(|heartbeat| heartbeat.load(Ordering::Relaxed))
    }

    /// Records that a worker has done all its rounds.
    pub(super) fn finish(&self) {
        self.leaving[0].fetch_add(1, Ordering::Release);
        futex::wake_all(&self.leaving[0]);
    }

    /// Waits until another worker finishes, at most `limit`. `seen` is the number of finished workers that the caller knows.
    pub(super) fn wait_for_finished(&self, seen: &mut u32, limit: Duration) {
        futex::wait(&self.leaving[0], *seen, limit);
        *seen = self.leaving[0].load(Ordering::Acquire);
    }

    /// The number of workers that have finished since the race began.
    pub(super) fn finished(&self) -> u32 {
        self.leaving[0].load(Ordering::Acquire)
    }

    /// The number of rounds counted.
    pub(super) fn counted_rounds(&self) -> u64 {
        self.get(COUNTED)
    }

    /// Workers shall finish when this number of rounds has begun.
    pub(super) fn run_until(&self, rounds: u64) {
        self.set(UNTIL, rounds);
    }

    /// Workers shall finish when the current round is over.
    pub(super) fn stop(&self) {
        self.set(STOP, 1);
    }

    /// Why a round could not be prepared or counted.
    pub(super) fn round_error(&self) -> Option<Errno> {
        let number = i32::try_from(self.get(ROUND_ERROR)).expect("it was an i32");
        (number != 0).then(|| Errno::from_raw(number))
    }

    /// Records the message of a worker that panicked.
    pub(super) fn record_panic(&self, message: &str) {
        store_text(&self.panic_message, message);
    }

    /// The message of a worker that panicked.
    pub(super) fn recorded_panic(&self) -> Option<String> {
        Some(load_text(&self.panic_message)).filter(|message| !message.is_empty())
    }
}
