//! A line in shared memory at which processes wait for each other: the barrier of the race.
//!
//! It is a phaser: a party may leave for good (Shirako, Peixotto, Sarkar and Scherer, "Phasers: a unified deadlock-free
//! construct for collective and point-to-point synchronization", ICS 2008). Waiting is by futex and never by spinning, since
//! there are more processes than CPUs. Deliberately has no limit of its own: a party that never comes is noticed, and all of
//! them are killed, by the coordinator.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::sys::memory::ShareError;
use crate::sys::{Shared, futex};

/// How long a sleeper trusts the kernel to wake it before it looks at the word itself.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How many take part and how many of them have come: one word, so that both change in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Crowd {
    parties: u32,
    arrived: u32,
}

impl Crowd {
    fn of(word: u64) -> Self {
        Self {
            parties: (word >> 32) as u32,
            arrived: (word & u64::from(u32::MAX)) as u32,
        }
    }

    fn word(self) -> u64 {
        u64::from(self.parties) << 32 | u64::from(self.arrived)
    }

    /// After one more has come or left, and whether that completed the phase: then nobody counts as arrived any more.
    fn settled(self) -> (Self, bool) {
        debug_assert!(self.arrived <= self.parties, "only parties arrive");
        if self.arrived < self.parties {
            return (self, false);
        }
        (Self { arrived: 0, ..self }, true)
    }
}

/// The line. Clones of the process by fork share it.
pub struct Phaser {
    crowd: Shared<AtomicU64>,
    phase: Shared<AtomicU32>,
}

impl Phaser {
    /// A line at which `parties` wait for each other.
    ///
    /// # Errors
    ///
    /// When there is no memory to share.
    pub fn new(parties: u32) -> Result<Self, ShareError> {
        let phaser = Self {
            crowd: Shared::zeroed(1)?,
            phase: Shared::zeroed(1)?,
        };
        phaser.register(parties);
        Ok(phaser)
    }

    /// Begins anew with `parties`. Only while nobody uses the line: before the fork, or while all wait at another line.
    pub fn register(&self, parties: u32) {
        let crowd = Crowd { parties, arrived: 0 };
        self.crowd[0].store(crowd.word(), Ordering::Release);
    }

    /// Waits until all parties have come. The last to come runs `serial` before anybody goes on.
    pub fn arrive_and_wait(&self, serial: impl FnOnce()) {
        // Read before arriving: the phase cannot change without this party.
        let phase = self.phase[0].load(Ordering::Acquire);
        let last = self.change(|crowd| Crowd {
            arrived: crowd.arrived + 1,
            ..crowd
        });
        if last {
            serial();
            return self.open();
        }
        while self.phase[0].load(Ordering::Acquire) == phase {
            futex::wait(&self.phase[0], phase, LOOK_AGAIN);
        }
    }

    /// Leaves for good, and lets the others go on if they waited only for this one.
    pub fn arrive_and_deregister(&self) {
        let last = self.change(|crowd| Crowd {
            parties: crowd.parties - 1,
            ..crowd
        });
        if last {
            self.open();
        }
    }

    /// All others wait for the phase to change, so that nobody can come or leave in between.
    fn open(&self) {
        self.phase[0].fetch_add(1, Ordering::Release);
        futex::wake_all(&self.phase[0]);
    }

    fn change(&self, step: impl Fn(Crowd) -> Crowd) -> bool {
        let word = &self.crowd[0];
        let mut seen = word.load(Ordering::Relaxed);
        loop {
            let (next, last) = step(Crowd::of(seen)).settled();
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
    fn nobody_goes_on_before_all_have_come_and_one_runs_the_serial_section() {
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
    fn who_leaves_is_not_waited_for() {
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
                                // Whoever has more steps to go has come exactly this far.
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
            assert_eq!(Crowd::of(line.crowd[0].load(Ordering::Relaxed)).parties, 0);
        }
    }

    #[test]
    fn the_line_survives_the_wrap_of_its_phase() {
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
