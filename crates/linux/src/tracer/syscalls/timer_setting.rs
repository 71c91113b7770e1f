//! How a timer is armed, as programs write it in memory.
//!
//! Knows no timer.

use std::io;
use std::time::Duration;

use super::at_call::AtCall;
use super::virtual_time::Time;

/// A `struct itimerspec` or `struct itimerval`.
pub(super) struct Setting {
    /// How long it runs when it is armed again; zero for never.
    pub(super) every: Duration,
    /// How long it runs now; zero if it is not armed.
    pub(super) value: Duration,
}

impl Setting {
    const BYTES: usize = 32;

    /// Reads it from the memory of a task, in parts of seconds of `unit_ns` nanoseconds.
    pub(super) fn read(at: &AtCall<'_>, place: u64, unit_ns: u64) -> io::Result<Self> {
        let mut bytes = [0; Self::BYTES];
        at.memory.read(place, &mut bytes)?;
        let part = |at: usize| u64::from_ne_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        let time = |at: usize| {
            Duration::from_secs(part(at)).saturating_add(Duration::from_nanos(part(at + 8).saturating_mul(unit_ns)))
        };
        Ok(Self {
            every: time(0),
            value: time(16),
        })
    }

    /// The same with a relative value, which may be absolute on this clock.
    pub(super) fn on(mut self, clock: u64, absolute: bool, time: &Time, now: Duration) -> Self {
        if absolute && !self.value.is_zero() {
            let until = time.moment(clock, self.value).unwrap_or_default();
            self.value = until.saturating_sub(now).max(Duration::from_nanos(1));
        }
        self
    }

    /// Writes it there, if the place is not zero.
    pub(super) fn write(&self, at: &AtCall<'_>, place: u64, unit_ns: u32) -> io::Result<()> {
        if place == 0 {
            return Ok(());
        }
        let parts = [self.every, self.value].map(|time| [time.as_secs(), u64::from(time.subsec_nanos() / unit_ns)]);
        let bytes: Vec<u8> = parts.iter().flatten().flat_map(|part| part.to_ne_bytes()).collect();
        at.memory.write(place, &bytes)
    }
}
