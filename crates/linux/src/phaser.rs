//! A barrier in shared memory, at which processes wait for each other.
//!
//! It is a phaser: a party may leave for good (Shirako, Peixotto, Sarkar and Scherer, "Phasers: a unified deadlock-free
//! construct for collective and point-to-point synchronization", ICS 2008). Parties wait through a futex and never spin,
//! since there are more processes than CPUs. It has no limit of its own: the process that started the parties notices one
//! that never arrives, and kills all of them.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::sys::memory::ShareError;
use crate::sys::{Shared, futex};

/// The longest sleep before a party checks the word itself.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The number of parties and of those that have arrived, in one word, so that both change in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PartyCounts {
    parties: u32,
    arrived: u32,
}

impl PartyCounts {
    fn of(word: u64) -> Self {
        Self {
            parties: (word >> 32) as u32,
            arrived: (word & u64::from(u32::MAX)) as u32,
        }
    }

    fn word(self) -> u64 {
        u64::from(self.parties) << 32 | u64::from(self.arrived)
    }

    /// The counts after a party arrived or left, and whether that completed the phase: then none counts as arrived.
    fn settled(self) -> (Self, bool) {
        debug_assert!(self.arrived <= self.parties, "only parties arrive");
        if self.arrived < self.parties {
            return (self, false);
        }
        (Self { arrived: 0, ..self }, true)
    }
}

/// The barrier. Forked processes share it.
pub struct Phaser {
    counts: Shared<AtomicU64>,
    phase: Shared<AtomicU32>,
}

impl Phaser {
    /// A barrier for this number of parties.
    ///
    /// # Errors
    ///
    /// When the kernel has no memory to share.
    pub fn new(parties: u32) -> Result<Self, ShareError> {
        let phaser = Self {
            counts: Shared::zeroed(1)?,
            phase: Shared::zeroed(1)?,
        };
        phaser.register(parties);
        Ok(phaser)
    }

    /// Resets the barrier to `parties`. Only while no process uses it: before the fork, or while all wait at another barrier.
    pub fn register(&self, parties: u32) {
        let counts = PartyCounts { parties, arrived: 0 };
        self.counts[0].store(counts.word(), Ordering::Release);
    }

    /// Waits until all parties have arrived. The last one runs `serial` before any party continues.
    pub fn arrive_and_wait(&self, serial: impl FnOnce()) {
        // Read before arriving: the phase cannot change without this party.
        let phase = self.phase[0].load(Ordering::Acquire);
        let last = self.change(|counts| PartyCounts {
            arrived: counts.arrived + 1,
            ..counts
        });
        if last {
            serial();
            return self.open();
        }
        while self.phase[0].load(Ordering::Acquire) == phase {
            futex::wait(&self.phase[0], phase, LOOK_AGAIN);
        }
    }

    /// Leaves for good, and lets the others continue if they waited only for this party.
    pub fn arrive_and_deregister(&self) {
        let last = self.change(|counts| PartyCounts {
            parties: counts.parties - 1,
            ..counts
        });
        if last {
            self.open();
        }
    }

    /// Begins the next phase. All other parties wait for that, so none can arrive or leave in between.
    fn open(&self) {
        self.phase[0].fetch_add(1, Ordering::Release);
        futex::wake_all(&self.phase[0]);
    }

    fn change(&self, step: impl Fn(PartyCounts) -> PartyCounts) -> bool {
        let word = &self.counts[0];
        let mut seen = word.load(Ordering::Relaxed);
        loop {
            let (next, last) = step(PartyCounts::of(seen)).settled();
            // Release: what this party did is seen by the last one. Acquire: the last one sees what all others did.
            match word.compare_exchange_weak(seen, next.word(), Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return last,
                Err(now) => seen = now,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_party_continues_before_all_have_arrived_and_one_runs_the_serial_section() {
        const PARTIES: u32 = 8;
        const PHASES: u32 = 500;
        let line = Phaser::new(PARTIES).unwrap();
        let (came, serial) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..PARTIES {
                scope.spawn(|| {
                    for phase in 1..=PHASES {
                        came.fetch_add(1, Ordering::Relaxed);
                        line.arrive_and_wait(|| {
                            assert_eq!(came.load(Ordering::Relaxed), phase * PARTIES);
                            serial.fetch_add(1, Ordering::Relaxed);
                        });
                        assert_eq!(serial.load(Ordering::Relaxed), phase);
                        line.arrive_and_wait(|| {});
                    }
                });
            }
        });
    }

    #[test]
    fn a_party_that_left_is_not_waited_for() {
        const PARTIES: u32 = 8;
        for _ in 0..200 {
            let line = Phaser::new(PARTIES).unwrap();
            let steps: Vec<AtomicU32> = (0..PARTIES).map(|_| AtomicU32::new(0)).collect();
            std::thread::scope(|scope| {
                for party in 0..PARTIES {
                    let (line, steps) = (&line, &steps);
                    scope.spawn(move || {
                        for step in 0..=party {
                            line.arrive_and_wait(|| {
                                // Parties with more steps to go have done exactly this many.
                                for other in &steps[step as usize..] {
                                    assert!(other.load(Ordering::Relaxed) <= step);
                                }
                            });
                            steps[party as usize].fetch_add(1, Ordering::Relaxed);
                        }
                        line.arrive_and_deregister();
                    });
                }
            });
            assert_eq!(PartyCounts::of(line.counts[0].load(Ordering::Relaxed)).parties, 0);
        }
    }

    #[test]
    fn the_phase_may_wrap() {
        let line = Phaser::new(2).unwrap();
        line.phase[0].store(u32::MAX - 3, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..10).for_each(|_| line.arrive_and_wait(|| {})));
            }
        });
        assert_eq!(line.phase[0].load(Ordering::Relaxed), 6);
    }
}
