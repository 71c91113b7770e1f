//! The memory that the workers of one block share: a barrier, samples, counts, and the first fault.
//!
//! Every word has one writer at a time.

use std::sync::atomic::{AtomicU64, Ordering};

use onewinner_core::fs::Errno;
use onewinner_core::id::ProcessId;
use onewinner_linux::phaser::Phaser;
use onewinner_linux::pid_table::PidTable;
use onewinner_linux::real_fs::RealFs;
use onewinner_linux::sys::Shared;
use onewinner_linux::sys::memory::ShareError;

/// The most samples of one worker in one block. The block ends early when a worker reaches this number.
pub(super) const MOST_SAMPLES: usize = 2_048;

/// A fault that ends the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The lock was free, and an attempt returned busy.
    Busy,
    /// The lock was held, and another attempt acquired it.
    GotIn,
    /// An attempt failed.
    Attempt(Errno),
    /// A release failed.
    Release(Errno),
    /// A file or directory of the measurement could not be made or read.
    Directory(Errno),
}

impl Fault {
    /// As a word that is never 0.
    fn word(self) -> u64 {
        let (kind, errno) = match self {
            Self::Busy => (1, 0),
            Self::GotIn => (2, 0),
            Self::Attempt(errno) => (3, errno.raw()),
            Self::Release(errno) => (4, errno.raw()),
            Self::Directory(errno) => (5, errno.raw()),
        };
        kind << 32 | u64::from(errno.unsigned_abs())
    }

    fn of(word: u64) -> Option<Self> {
        let errno = Errno::from_raw((word & u64::from(u32::MAX)) as i32);
        match word >> 32 {
            1 => Some(Self::Busy),
            2 => Some(Self::GotIn),
            3 => Some(Self::Attempt(errno)),
            4 => Some(Self::Release(errno)),
            5 => Some(Self::Directory(errno)),
            _ => None,
        }
    }
}

/// The memory that the workers of a block share.
pub(super) struct SharedSamples {
    /// The barrier at which all workers wait for each other.
    pub(super) line: Phaser,
    /// Words for the measurement, initially 0.
    pub(super) words: Shared<AtomicU64>,
    parties: usize,
    pid_table: PidTable,
    samples: Shared<AtomicU64>,
    counts: Shared<AtomicU64>,
    fault: Shared<AtomicU64>,
}

impl SharedSamples {
    /// For this number of workers, with `words` words for the measurement.
    pub(super) fn new(parties: usize, words: usize) -> Result<Self, ShareError> {
        Ok(Self {
            line: Phaser::new(u32::try_from(parties).expect("there are at most 64 workers"))?,
            words: Shared::zeroed(words)?,
            parties,
            pid_table: PidTable::new(parties)?,
            samples: Shared::zeroed(parties * MOST_SAMPLES)?,
            counts: Shared::zeroed(parties)?,
            fault: Shared::zeroed(1)?,
        })
    }

    pub(super) fn parties(&self) -> usize {
        self.parties
    }

    /// Enters a worker into the pid table. Returns its file system.
    pub(super) fn enter(&self, worker: usize) -> RealFs {
        let process = ProcessId(u8::try_from(worker).expect("there are at most 64 workers"));
        self.pid_table.enter(process);
        RealFs::of(process, self.pid_table.peers())
    }

    /// Adds a time. Returns whether there is room for more.
    pub(super) fn sample(&self, worker: usize, time_ns: u64) -> bool {
        let number = self.count(worker) as usize;
        if number < MOST_SAMPLES {
            self.samples[worker * MOST_SAMPLES + number].store(time_ns, Ordering::Relaxed);
            self.set_count(worker, number as u64 + 1);
        }
        number + 1 < MOST_SAMPLES
    }

    /// The number of samples of a worker, or another count that it has set.
    pub(super) fn count(&self, worker: usize) -> u64 {
        self.counts[worker].load(Ordering::Relaxed)
    }

    pub(super) fn set_count(&self, worker: usize, count: u64) {
        self.counts[worker].store(count, Ordering::Relaxed);
    }

    /// All samples of all workers.
    pub(super) fn samples(&self) -> Vec<f64> {
        let of = |worker: usize| {
            let count = (self.count(worker) as usize).min(MOST_SAMPLES);
            self.samples[worker * MOST_SAMPLES..][..count].iter()
        };
        let all = (0..self.parties).flat_map(of);
        all.map(|sample| sample.load(Ordering::Relaxed) as f64).collect()
    }

    /// Records a fault. Only the first one is kept.
    pub(super) fn record_fault(&self, fault: Fault) {
        // A later fault follows from the first one, or is no worse.
        let _kept = self.fault[0].compare_exchange(0, fault.word(), Ordering::Release, Ordering::Relaxed);
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        Fault::of(self.fault[0].load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_back_from_its_word_and_the_first_one_is_kept() {
        for fault in [
            Fault::Busy,
            Fault::GotIn,
            Fault::Attempt(Errno::ENOSPC),
            Fault::Release(Errno::EIO),
            Fault::Directory(Errno::Unnamed(4_000)),
        ] {
            let shared = SharedSamples::new(1, 0).unwrap();
            assert_eq!(shared.fault(), None);
            shared.record_fault(fault);
            shared.record_fault(Fault::Busy);
            assert_eq!(shared.fault(), Some(fault));
        }
    }

    #[test]
    fn samples_of_all_workers_are_returned_up_to_the_limit() {
        let shared = SharedSamples::new(2, 0).unwrap();
        assert!(shared.sample(0, 7));
        for number in 0..MOST_SAMPLES as u64 + 5 {
            assert_eq!(shared.sample(1, number), number + 1 < MOST_SAMPLES as u64, "{number}");
        }
        let samples = shared.samples();
        assert_eq!((samples.len(), samples[0], samples[1]), (MOST_SAMPLES + 1, 7.0, 0.0));
    }
}
