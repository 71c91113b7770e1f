//! A counter that shows whether a contender makes progress, and whether it works or waits for others.
//!
//! The counter is odd while the contender works. The contender reads no clock: the coordinator notes when the counter last
//! changed.

use std::sync::atomic::{AtomicU64, Ordering};

/// The heartbeat of one contender. Only that contender writes it.
pub(super) struct Heartbeat<'a>(pub(super) &'a AtomicU64);

impl Heartbeat<'_> {
    fn beat(&self) {
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The contender begins to work.
    pub(super) fn begin_work(&self) {
        debug_assert!(!is_at_work(self.0.load(Ordering::Relaxed)), "it waited until now");
        self.beat();
    }

    /// The contender begins to wait for others.
    pub(super) fn begin_wait(&self) {
        debug_assert!(is_at_work(self.0.load(Ordering::Relaxed)), "it worked until now");
        self.beat();
    }

    /// Starts in the waiting state. An earlier process that was killed while it worked left the counter odd.
    pub(super) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Whether a contender with this counter works.
pub(super) fn is_at_work(heartbeat: u64) -> bool {
    heartbeat % 2 == 1
}
