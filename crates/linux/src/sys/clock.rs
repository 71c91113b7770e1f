//! The monotonic clock as a number, so that processes can compare readings through shared memory.
//!
//! [`std::time::Instant`] is opaque: its value cannot be stored in an atomic.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds since some fixed point of this boot:
/// [clock_gettime(2)](https://man7.org/linux/man-pages/man2/clock_gettime.2.html), `CLOCK_MONOTONIC`.
///
/// # Panics
///
/// When the kernel has no monotonic clock, which every Linux since 2.6 has.
pub fn now_ns() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has a monotonic clock");
    let (seconds, rest) = (time.tv_sec().unsigned_abs(), time.tv_nsec().unsigned_abs());
    seconds * 1_000_000_000 + rest
}

/// The time of day that the kernel gives to files now: it takes it from its coarse clock (`current_time`, `fs/inode.c`).
///
/// # Panics
///
/// As [`now_ns`].
pub fn file_time() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_REALTIME_COARSE).expect("every Linux has a coarse clock");
    let (seconds, rest) = (time.tv_sec().unsigned_abs(), time.tv_nsec().unsigned_abs());
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(rest))
}

#[cfg(test)]
mod tests {
    #[test]
    fn time_does_not_go_back() {
        let first = super::now_ns();
        assert!(super::now_ns() >= first);
    }
}
