//! The times that a call gives to a file, in the memory of its task, and whether it makes the file empty.
//!
//! Knows no file.

use std::io;
use std::time::Duration;

use super::at_call::AtCall;
use super::decode::Decoded;
use crate::sys::bits;

/// `UTIME_NOW` and `UTIME_OMIT` of utimensat(2).
const NOW: i64 = 0x3fff_ffff;
/// See [`NOW`].
const OMIT: i64 = 0x3fff_fffe;

/// A time that a program gives to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Time(Duration),
    Now,
    Unchanged,
}

impl Given {
    /// Sets a time of the file.
    pub(super) fn sets(self, time: &mut Option<Duration>, now: Duration) {
        match self {
            Self::Time(given) => *time = Some(given),
            Self::Now => *time = Some(now),
            Self::Unchanged => {}
        }
    }
}

/// Whether a call opens a file and makes it empty.
pub(super) fn truncates(at: &AtCall<'_>, decoded: &Decoded) -> bool {
    let flags = match decoded.system.name {
        "open" => at.entry.arguments[1],
        "openat" => at.entry.arguments[2],
        "openat2" => {
            // The first word of `struct open_how`.
            let mut word = [0; 8];
            let read = at.memory.read(at.entry.arguments[2], &mut word);
            read.map_or(0, |_| u64::from_ne_bytes(word))
        }
        "creat" => return true,
        _ => return false,
    };
    flags as i32 & bits::TRUNCATE != 0
}

/// The access and modification time that a call sets; `None` if it sets none.
///
/// # Errors
///
/// When the memory of the task cannot be read.
pub(super) fn given(at: &AtCall<'_>, name: &str) -> io::Result<Option<[Given; 2]>> {
    let (place, unit_ns) = match name {
        "utimensat" => (at.entry.arguments[2], 1),
        "utimes" => (at.entry.arguments[1], 1_000),
        "futimesat" => (at.entry.arguments[2], 1_000),
        "utime" => (at.entry.arguments[1], 0),
        _ => return Ok(None),
    };
    if place == 0 {
        return Ok(Some([Given::Now, Given::Now]));
    }
    let mut bytes = [0; 32];
    // `struct utimbuf` has seconds only.
    let length = if unit_ns == 0 { 16 } else { 32 };
    at.memory.read(place, &mut bytes[..length])?;
    let word = |at: usize| i64::from_ne_bytes(std::array::from_fn(|byte| bytes[8 * at + byte]));
    let time = |seconds: i64, rest: i64| {
        let rest = u64::try_from(rest).unwrap_or(0).saturating_mul(unit_ns);
        // What lies before 1970 is old as well.
        Given::Time(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).saturating_add(Duration::from_nanos(rest)))
    };
    let pair = |first: usize| match word(first + 1) {
        NOW if unit_ns == 1 => Given::Now,
        OMIT if unit_ns == 1 => Given::Unchanged,
        rest => time(word(first), rest),
    };
    Ok(Some(if unit_ns == 0 {
        [time(word(0), 0), time(word(1), 0)]
    } else {
        [pair(0), pair(2)]
    }))
}
