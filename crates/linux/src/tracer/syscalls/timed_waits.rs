//! Sleeps, and waits with a time limit: how long each lasts, and what a task finds when its time is over.
//!
//! A sleep never reaches the kernel: the task stays stopped until the search ends the sleep. A wait for something is made
//! without its limit, so the kernel ends it only when the thing happens; the search may end it at any time. Arms no timer.

use std::io;
use std::time::Duration;

use super::at_call::{AtCall, Wait};
use super::virtual_time::Time;

/// `TIMER_ABSTIME` of clock_nanosleep(2).
const ABSOLUTE: u64 = 1;
/// `CLOCK_REALTIME` and `CLOCK_MONOTONIC`.
const REAL_TIME: u64 = 0;
/// See [`REAL_TIME`].
const MONOTONIC: u64 = 1;
/// `FUTEX_CLOCK_REALTIME`, and the operations of futex(2) that wait: `FUTEX_WAIT`, `FUTEX_LOCK_PI`, `FUTEX_WAIT_BITSET`,
/// `FUTEX_WAIT_REQUEUE_PI`, `FUTEX_LOCK_PI2`.
const FUTEX_REAL_TIME: u64 = 256;
/// See [`FUTEX_REAL_TIME`].
const FUTEX_WAIT: u64 = 0;
/// See [`FUTEX_REAL_TIME`].
const FUTEX_LOCK_PI: u64 = 6;
/// See [`FUTEX_REAL_TIME`].
const FUTEX_ABSOLUTE: [u64; 3] = [9, 11, 13];

/// `EAGAIN` and `ETIMEDOUT`, as a call returns them.
const EAGAIN: i64 = -11;
/// See [`EAGAIN`].
const ETIMEDOUT: i64 = -110;

/// A sleep or wait at which a task is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    /// It has no time limit, or the limit is over already: the kernel handles it.
    Not,
    /// Nothing but time ends it. It is over by now if this is `None`.
    Sleep(Option<Wait>),
    /// Something else may end it first. It is made with these arguments, which have no limit.
    Wait(Wait, [u64; 6]),
    /// Its limit is on a clock that is not virtual.
    OfAnotherClock,
}

/// The limit of a call, as its arguments give it.
enum Limit {
    Relative(Duration),
    Absolute { clock: u64, shows: Duration },
}

/// How a call is read: where its limit is, in which form, and what it returns when the time is over.
struct Form {
    place: usize,
    unit: Unit,
    returns: i64,
    /// The clock of an absolute limit.
    clock: Option<u64>,
    /// Whether it waits for something.
    waits: bool,
}

/// The form of a time limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// The argument is a number of milliseconds.
    Milliseconds,
    /// The argument is the address of a `struct timespec`.
    Timespec,
    /// The argument is the address of a `struct timeval`.
    Timeval,
}

fn form(at: &AtCall<'_>, name: &str) -> Option<Form> {
    let arguments = at.entry.arguments;
    let form = |place, unit, returns, waits| Form {
        place,
        unit,
        returns,
        clock: None,
        waits,
    };
    let absolute = |clock, form| Form {
        clock: Some(clock),
        ..form
    };
    Some(match name {
        "nanosleep" => form(0, Unit::Timespec, 0, false),
        "clock_nanosleep" if arguments[1] & ABSOLUTE != 0 => absolute(arguments[0], form(2, Unit::Timespec, 0, false)),
        "clock_nanosleep" => form(2, Unit::Timespec, 0, false),
        "poll" => form(2, Unit::Milliseconds, 0, arguments[1] != 0),
        "ppoll" => form(2, Unit::Timespec, 0, arguments[1] != 0),
        "select" => form(4, Unit::Timeval, 0, arguments[0] != 0),
        "pselect6" => form(4, Unit::Timespec, 0, arguments[0] != 0),
        "epoll_wait" | "epoll_pwait" => form(3, Unit::Milliseconds, 0, true),
        "epoll_pwait2" => form(3, Unit::Timespec, 0, true),
        "rt_sigtimedwait" => form(2, Unit::Timespec, EAGAIN, true),
        "futex_waitv" => absolute(arguments[4], form(3, Unit::Timespec, ETIMEDOUT, true)),
        "futex" => {
            let real = arguments[1] & FUTEX_REAL_TIME != 0;
            let clock = if real { REAL_TIME } else { MONOTONIC };
            let wait = form(3, Unit::Timespec, ETIMEDOUT, true);
            match arguments[1] & 0x7f {
                FUTEX_WAIT => wait,
                FUTEX_LOCK_PI => absolute(REAL_TIME, wait),
                operation if FUTEX_ABSOLUTE.contains(&operation) => absolute(clock, wait),
                _ => return None,
            }
        }
        _ => return None,
    })
}

impl Form {
    /// The limit, if there is one. A negative one is refused by the kernel.
    fn limit(&self, at: &AtCall<'_>) -> io::Result<Option<Limit>> {
        let argument = at.entry.arguments[self.place];
        if self.unit == Unit::Milliseconds {
            let limit = u64::try_from(argument as i32).map(Duration::from_millis);
            return Ok(limit.ok().map(Limit::Relative));
        }
        if argument == 0 {
            return Ok(None);
        }
        let mut bytes = [0; 16];
        at.memory.read(argument, &mut bytes)?;
        let part = |at: usize| i64::from_ne_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        let (Ok(seconds), Ok(rest)) = (u64::try_from(part(0)), u64::try_from(part(8))) else {
            return Ok(None);
        };
        let nanoseconds = rest.saturating_mul(if self.unit == Unit::Timeval { 1_000 } else { 1 });
        let length = Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanoseconds));
        Ok(Some(match self.clock {
            Some(clock) => Limit::Absolute { clock, shows: length },
            None => Limit::Relative(length),
        }))
    }
}

/// The sleep or wait with this name at which a task is stopped.
///
/// # Errors
///
/// When its limit cannot be read: the kernel will refuse it too.
pub(crate) fn read(at: &AtCall<'_>, name: &'static str, time: &Time) -> io::Result<Limited> {
    let Some(form) = form(at, name) else {
        return Ok(Limited::Not);
    };
    let now = time.of_task(at);
    let (until, length) = match form.limit(at)? {
        // With a count of 0 it waits for a signal alone.
        None => return Ok(Limited::Not),
        Some(Limit::Relative(Duration::ZERO)) => return Ok(Limited::Not),
        Some(Limit::Relative(length)) => (now.saturating_add(length), length),
        Some(Limit::Absolute { clock, shows }) => match time.moment(clock, shows) {
            Some(until) => (until, until.saturating_sub(now)),
            None => return Ok(Limited::OfAnotherClock),
        },
    };
    let wait = Wait {
        name,
        length,
        until,
        is_idle: time.is_idle(at),
        returns: form.returns,
        waits: form.waits,
    };
    if !form.waits {
        return Ok(Limited::Sleep((until > now).then_some(wait)));
    }
    let mut arguments = at.entry.arguments;
    arguments[form.place] = match form.unit {
        Unit::Milliseconds => u64::MAX,
        Unit::Timespec | Unit::Timeval => 0,
    };
    Ok(Limited::Wait(wait, arguments))
}

/// Changes the memory of a task whose time is over, as its call does: select(2) empties the sets of descriptors.
///
/// # Errors
///
/// When its memory cannot be written.
pub(crate) fn time_out(at: &AtCall<'_>, name: &str) -> io::Result<()> {
    if !matches!(name, "select" | "pselect6") {
        return Ok(());
    }
    let [count, sets @ ..] = at.entry.arguments;
    // The kernel copies whole words (`FDS_BYTES`, `include/linux/poll.h`).
    let bytes = vec![0; (count as i32).max(0).cast_unsigned().div_ceil(64) as usize * 8];
    for set in sets.into_iter().take(3).filter(|set| *set != 0) {
        at.memory.write(set, &bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::trace::Memory;
    use onewinner_core::id::ProcessId;

    fn limited(name: &'static str, arguments: [u64; 6], time: &Time) -> Limited {
        let memory = Memory::of(std::process::id().cast_signed()).unwrap();
        read(&AtCall::of_this_process(&memory, arguments), name, time).unwrap()
    }

    #[test]
    fn a_sleep_of_any_length_leaves_the_clock_sound() {
        let mut time = Time::new();
        for (request, sleeps) in [
            ([1, 0], true),
            ([-1, 0], false),
            ([0, -1], false),
            ([i64::MAX, 0], true),
        ] {
            let place = request.as_ptr() as u64;
            match limited("nanosleep", [place, 0, 0, 0, 0, 0], &time) {
                Limited::Sleep(Some(wait)) => {
                    assert!(sleeps, "{request:?}");
                    (0..3).for_each(|_| time.move_to(ProcessId(0), wait.until));
                }
                other => assert!(!sleeps && other == Limited::Not, "{request:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_wait_is_made_without_its_limit_and_a_wait_for_nothing_is_a_sleep() {
        let time = Time::new();
        let length = [3u64, 0];
        let place = length.as_ptr() as u64;
        for (name, arguments, without) in [
            ("poll", [8, 1, 3_000, 0, 0, 0], [8, 1, u64::MAX, 0, 0, 0]),
            ("epoll_wait", [8, 9, 1, 3_000, 0, 0], [8, 9, 1, u64::MAX, 0, 0]),
            ("ppoll", [8, 1, place, 0, 0, 0], [8, 1, 0, 0, 0, 0]),
            ("futex", [8, 128, 0, place, 0, 0], [8, 128, 0, 0, 0, 0]),
            ("rt_sigtimedwait", [8, 0, place, 8, 0, 0], [8, 0, 0, 8, 0, 0]),
        ] {
            let Limited::Wait(wait, made) = limited(name, arguments, &time) else {
                panic!("{name} waits");
            };
            assert_eq!((wait.length, made), (Duration::from_secs(3), without), "{name}");
        }
        for arguments in [[8, 1, 0, 0, 0, 0], [8, 1, u64::MAX, 0, 0, 0]] {
            assert_eq!(limited("poll", arguments, &time), Limited::Not);
        }
        assert!(matches!(limited("poll", [0, 0, 5, 0, 0, 0], &time), Limited::Sleep(_)));
        // FUTEX_WAKE: its fourth argument is no time.
        assert_eq!(limited("futex", [8, 129, 1, place, 0, 0], &time), Limited::Not);
    }

    #[test]
    fn an_absolute_limit_ends_when_the_virtual_clock_shows_it() {
        let mut time = Time::new();
        time.move_to(ProcessId(0), Duration::from_secs(10));
        let long_ago = [1u64, 0];
        let place = long_ago.as_ptr() as u64;
        let sleep = limited("clock_nanosleep", [REAL_TIME, ABSOLUTE, place, 0, 0, 0], &time);
        assert_eq!(sleep, Limited::Sleep(None));
        let of_cpu_time = limited("clock_nanosleep", [2, ABSOLUTE, place, 0, 0, 0], &time);
        assert_eq!(of_cpu_time, Limited::OfAnotherClock);
    }
}
