//! A counter by which a contender shows that it goes on, and whether it is at work or waits for others.
//!
//! Odd while it is at work. The contender reads no clock: whoever watches notes when it last saw the counter change.

use std::sync::atomic::{AtomicU64, Ordering};

/// The pulse of one contender, which alone writes it.
pub(super) struct Pulse<'a>(pub(super) &'a AtomicU64);

impl Pulse<'_> {
    fn beat(&self) {
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// From here on it is at work.
    pub(super) fn work(&self) {
        debug_assert!(!is_at_work(self.0.load(Ordering::Relaxed)), "it waited until now");
        self.beat();
    }

    /// From here on it waits for others.
    pub(super) fn rest(&self) {
        debug_assert!(is_at_work(self.0.load(Ordering::Relaxed)), "it worked until now");
        self.beat();
    }

    /// Begins at rest, whatever an earlier process left: one killed at work leaves it odd.
    pub(super) fn begin(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Whether a contender with this pulse is at work.
pub(super) fn is_at_work(pulse: u64) -> bool {
    pulse % 2 == 1
}
