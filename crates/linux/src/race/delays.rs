//! Random delays before the attempts, so that the attempts overlap in every alignment.
//!
//! The idea is from the Linux Test Project's `include/tst_fuzzy_sync.h`: first measure how long each side takes and how late
//! it starts, then delay one side by a random time between "its end meets the other's start" and the reverse. Here for N
//! processes: one moment lies in the windows of all attempts. Where in its window each process is at that moment is drawn
//! in each round, independently of the others. Medians are used and not averages: with more processes than CPUs, a few
//! samples contain a whole time slice of another process.

use std::sync::atomic::{AtomicU64, Ordering};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::sys::memory::ShareError;
use crate::sys::{self, Shared, clock};
use onewinner_core::id::ProcessId;

/// The number of rounds at the beginning that are measured and not delayed.
pub(super) const SAMPLES: usize = 64;
/// The longest delay: a window that needs more was measured wrong.
const LONGEST_DELAY_NS: u64 = 10_000_000;

/// The measurements, in shared memory, because workers that are forked later need them too.
pub(super) struct Delays {
    processes: usize,
    seed: u64,
    released_ns: Shared<AtomicU64>,
    /// For each process and sample: how long after the start line opened it began, and how long it took.
    samples: Shared<AtomicU64>,
}

/// When a contender's attempt starts after the line opened, and how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    offset_ns: u64,
    length_ns: u64,
}

impl Delays {
    pub(super) fn new(processes: usize, seed: u64) -> Result<Self, ShareError> {
        Ok(Self {
            processes,
            seed,
            released_ns: Shared::zeroed(1)?,
            samples: Shared::zeroed(processes * SAMPLES * 2)?,
        })
    }

    /// Records the moment at which the start line opens.
    pub(super) fn released(&self) {
        self.released_ns[0].store(clock::now_ns(), Ordering::Relaxed);
    }

    /// Measures an attempt in the first rounds, and delays it in all others.
    pub(super) fn around<T>(
        &self,
        process: ProcessId,
        round: u64,
        cache: &mut Cache,
        attempt: impl FnOnce() -> T,
    ) -> T {
        let released_ns = self.released_ns[0].load(Ordering::Relaxed);
        if let Some(sample) = usize::try_from(round).ok().filter(|sample| *sample < SAMPLES) {
            let began_ns = clock::now_ns();
            let result = attempt();
            self.record(
                process,
                sample,
                [began_ns.saturating_sub(released_ns), clock::now_ns() - began_ns],
            );
            return result;
        }
        let meeting = *cache.0.get_or_insert_with(|| self.meeting(process));
        wait_until(released_ns + meeting.start_ns(self.draw(process, round)));
        attempt()
    }

    fn record(&self, process: ProcessId, sample: usize, measured: [u64; 2]) {
        let words = &self.samples[(process.index() * SAMPLES + sample) * 2..][..2];
        for (word, value) in words.iter().zip(measured) {
            word.store(value, Ordering::Relaxed);
        }
    }

    fn window(&self, process: ProcessId) -> Window {
        let samples = &self.samples[process.index() * SAMPLES * 2..][..SAMPLES * 2];
        let median = |which: usize| {
            let mut values: Vec<u64> = samples
                .iter()
                .skip(which)
                .step_by(2)
                .map(|word| word.load(Ordering::Relaxed))
                .collect();
            values.sort_unstable();
            values[SAMPLES / 2]
        };
        Window {
            offset_ns: median(0),
            length_ns: median(1),
        }
    }

    fn meeting(&self, process: ProcessId) -> Meeting {
        let windows: Vec<Window> = ProcessId::first(self.processes).map(|each| self.window(each)).collect();
        Meeting::of(&windows, process)
    }

    /// The point of its window at which this contender is when all meet: from 0, its start, to 1, its end.
    fn draw(&self, process: ProcessId, round: u64) -> f64 {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(process.index() as u64);
        random.set_word_pos(u128::from(round) * 16);
        random.random()
    }
}

/// The result that a worker computed from the samples, which do not change after the first rounds.
#[derive(Default)]
pub(super) struct Cache(Option<Meeting>);

/// The moment that lies in all windows, and the length of this contender's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Meeting {
    moment_ns: u64,
    length_ns: u64,
}

impl Meeting {
    /// The earliest moment that every contender can have anywhere in its window.
    fn of(windows: &[Window], process: ProcessId) -> Self {
        let ends = windows.iter().map(|window| window.offset_ns + window.length_ns);
        Self {
            moment_ns: ends.max().unwrap_or(0).min(LONGEST_DELAY_NS),
            length_ns: windows[process.index()].length_ns,
        }
    }

    /// When to start, after the line opened, so that the moment is at `point` of the window.
    fn start_ns(self, point: f64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few microseconds"
        )]
        let passed_ns = (self.length_ns as f64 * point) as u64;
        self.moment_ns.saturating_sub(passed_ns)
    }
}

/// Waits without a sleep, which would be late by more than the length of a window. Yields the CPU while there is time, since
/// a contender that spins keeps others from starting.
fn wait_until(moment_ns: u64) {
    /// How long a switch to another process and back may take.
    const SWITCH_NS: u64 = 5_000;
    loop {
        match moment_ns.saturating_sub(clock::now_ns()) {
            0 => return,
            left if left > SWITCH_NS => sys::yield_cpu(),
            _ => std::hint::spin_loop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(offset_ns: u64, length_ns: u64) -> Window {
        Window { offset_ns, length_ns }
    }

    #[test]
    fn every_window_contains_the_moment_and_no_process_has_to_start_before_it_can() {
        let windows = [window(0, 10), window(500, 3_000), window(2_000, 70)];
        for process in ProcessId::first(windows.len()) {
            let own = windows[process.index()];
            let meeting = Meeting::of(&windows, process);
            for point in [0.0, 0.3, 0.999_999] {
                let start = meeting.start_ns(point);
                assert!(own.offset_ns <= start, "{process} at {point}");
                assert!((start..=start + own.length_ns).contains(&meeting.moment_ns));
            }
        }
    }

    #[test]
    fn draws_depend_only_on_seed_process_and_round_and_cover_the_window() {
        let (one, two) = (Delays::new(4, 7).unwrap(), Delays::new(4, 7).unwrap());
        let other = Delays::new(4, 8).unwrap();
        let draw = |delays: &Delays, process, round| delays.draw(ProcessId(process), round).to_bits();
        assert_eq!(draw(&one, 2, 99), draw(&two, 2, 99));
        assert_ne!(draw(&one, 2, 99), draw(&one, 3, 99));
        assert_ne!(draw(&one, 2, 99), draw(&one, 2, 100));
        assert_ne!(draw(&one, 2, 99), draw(&other, 2, 99));
        let tenths: std::collections::HashSet<u8> = (0..200)
            .map(|round| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
                let tenth = (one.draw(ProcessId(0), round) * 10.0) as u8;
                tenth
            })
            .collect();
        assert_eq!(tenths.len(), 10);
    }

    #[test]
    fn the_median_of_the_samples_is_the_window() {
        let delays = Delays::new(2, 0).unwrap();
        for sample in 0..SAMPLES {
            let outlier = if sample % 5 == 0 { 1_000_000 } else { 0 };
            delays.record(ProcessId(1), sample, [300 + outlier, 40 + outlier]);
        }
        assert_eq!(delays.window(ProcessId(1)), window(300, 40));
    }
}
