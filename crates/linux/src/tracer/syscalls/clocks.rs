//! The clocks of the kernel, and what those that are virtual show at the beginning of an execution.
//!
//! Moves no clock.

use std::time::Duration;

/// When the clock begins: the time of day, and that since some moment. It is 2030, later than the time of any file that a
/// program finds, and 1,000,000 seconds after the machine was started.
pub(super) const BEGAN: [Duration; 2] = [Duration::from_secs(1_893_456_000), Duration::from_secs(1_000_000)];

/// Clocks of the kernel with the time of day: `CLOCK_REALTIME`, `CLOCK_REALTIME_COARSE`, `CLOCK_REALTIME_ALARM`, `CLOCK_TAI`.
pub(super) const OF_DAY: [u64; 4] = [0, 5, 8, 11];
/// Clocks with the CPU time of the caller: `CLOCK_PROCESS_CPUTIME_ID`, `CLOCK_THREAD_CPUTIME_ID`.
pub(super) const OF_CPU: [u64; 2] = [2, 3];
/// Clocks with the time since some moment: `CLOCK_MONOTONIC`, its raw and coarse forms, `CLOCK_BOOTTIME`, `CLOCK_BOOTTIME_ALARM`.
pub(super) const SINCE: [u64; 5] = [1, 4, 6, 7, 9];

/// What a clock shows at the beginning.
pub(super) fn began(clock: u64) -> Option<Duration> {
    match clock {
        clock if OF_DAY.contains(&clock) => Some(BEGAN[0]),
        clock if SINCE.contains(&clock) => Some(BEGAN[1]),
        _ => None,
    }
}

/// When the machine was started, as the time of day.
pub(super) fn machine_start() -> Duration {
    BEGAN[0].saturating_sub(BEGAN[1])
}
