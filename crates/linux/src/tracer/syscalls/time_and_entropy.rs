//! Virtual time and random bytes of programs: the same in every execution.
//!
//! Each contender has its own clock, so the time depends on its own steps only. The clock starts with the run, advances by a
//! microsecond with each reading, and by its length with each sleep. Does not decide who sleeps when.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::interpreter::AtCall;
use crate::sys::clock;
use crate::sys::filter::TimeCall;
use crate::sys::trace::Memory;
use onewinner_core::id::ProcessId;

/// How far a clock advances with each reading.
const LOOK: Duration = Duration::from_micros(1);
/// The most random bytes that one call returns.
const MOST_DRAWN: usize = 1 << 20;

/// Clocks of the kernel with the time of day: `CLOCK_REALTIME`, `CLOCK_REALTIME_COARSE`, `CLOCK_TAI`.
const OF_DAY: [u64; 3] = [0, 5, 11];
/// Clocks with the time since some moment: `CLOCK_MONOTONIC`, its raw and coarse forms, `CLOCK_BOOTTIME`.
const SINCE: [u64; 4] = [1, 4, 6, 7];
/// `TIMER_ABSTIME` of clock_nanosleep(2).
const ABSOLUTE: u64 = 1;

/// The clocks and random bytes of all contenders.
pub(crate) struct Time {
    /// When the run began: the time of day, and that since some moment.
    began: [Duration; 2],
    passed: BTreeMap<ProcessId, Duration>,
    entropy: BTreeMap<ProcessId, ChaCha8Rng>,
    /// Both at the moment when the fork snapshot of a contender was taken.
    kept: BTreeMap<ProcessId, (Option<Duration>, Option<ChaCha8Rng>)>,
}

impl Time {
    pub(crate) fn new() -> Self {
        let of_day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: [of_day, Duration::from_nanos(clock::now_ns())],
            passed: BTreeMap::new(),
            entropy: BTreeMap::new(),
            kept: BTreeMap::new(),
        }
    }

    /// A fork snapshot of the contender is taken.
    pub(crate) fn keep(&mut self, process: ProcessId) {
        let now = (self.passed.get(&process).copied(), self.entropy.get(&process).cloned());
        self.kept.insert(process, now);
    }

    /// A contender starts; a copy goes on from its snapshot. In a second round its clock has advanced.
    pub(crate) fn starts(&mut self, process: ProcessId) {
        let Some((passed, entropy)) = self.kept.get(&process).cloned() else {
            return;
        };
        if let Some(passed) = passed {
            let clock = self.passed.entry(process).or_default();
            *clock = passed.max(*clock);
        }
        if let Some(entropy) = entropy {
            self.entropy.entry(process).or_insert(entropy);
        }
    }

    /// Resets all clocks to the start of the run.
    pub(crate) fn begin(&mut self) {
        self.passed.clear();
        self.entropy.clear();
    }

    /// Advances the clock of a contender.
    pub(crate) fn pass(&mut self, process: ProcessId, by: Duration) {
        let passed = self.passed.entry(process).or_default();
        *passed = passed.saturating_add(by);
    }

    fn now(&self, process: ProcessId, clock: u64) -> Option<Duration> {
        let began = match clock {
            clock if OF_DAY.contains(&clock) => self.began[0],
            clock if SINCE.contains(&clock) => self.began[1],
            _ => return None,
        };
        Some(began.saturating_add(self.passed.get(&process).copied().unwrap_or_default()))
    }

    /// Answers a call that reads a clock, and returns its result. `None` for a clock that the kernel answers, for example the CPU
    /// time of the task.
    pub(crate) fn tell(&mut self, at: &AtCall<'_>, call: TimeCall) -> io::Result<Option<i64>> {
        self.pass(at.process, LOOK);
        let arguments = at.entry.arguments;
        let (clock, place) = match call {
            TimeCall::Clock => (arguments[0], arguments[1]),
            TimeCall::TimeOfDay | TimeCall::Seconds => (OF_DAY[0], arguments[0]),
        };
        let Some(now) = self.now(at.process, clock) else {
            return Ok(None);
        };
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let parts = match call {
            TimeCall::Clock => vec![seconds, i64::from(now.subsec_nanos())],
            TimeCall::TimeOfDay => vec![seconds, i64::from(now.subsec_micros())],
            TimeCall::Seconds => vec![seconds],
        };
        if place != 0 {
            let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_ne_bytes()).collect();
            at.memory.write(place, &bytes)?;
        }
        Ok(Some(if call == TimeCall::Seconds { seconds } else { 0 }))
    }

    /// Answers getrandom(2): writes random bytes for a task, and returns how many.
    pub(crate) fn draw(&mut self, at: &AtCall<'_>) -> io::Result<i64> {
        self.fill(at.process, at.memory, at.entry.arguments[0], at.entry.arguments[1])
    }

    /// Writes up to `wanted` random bytes to the memory of a contender, and returns how many.
    pub(crate) fn fill(&mut self, process: ProcessId, memory: &Memory, place: u64, wanted: u64) -> io::Result<i64> {
        let wanted = usize::try_from(wanted).unwrap_or(MOST_DRAWN);
        let mut bytes = vec![0; wanted.min(MOST_DRAWN)];
        let entropy = self
            .entropy
            .entry(process)
            .or_insert_with(|| ChaCha8Rng::seed_from_u64(u64::from(process.0)));
        entropy.fill_bytes(&mut bytes);
        memory.write(place, &bytes)?;
        Ok(i64::try_from(bytes.len()).expect("at most 1 MiB"))
    }

    /// How long a task wants to sleep with the call of this name; `None` for ever, or for a length that the kernel refuses.
    pub(crate) fn sleep(&self, at: &AtCall<'_>, name: &str) -> io::Result<Option<Duration>> {
        let arguments = at.entry.arguments;
        let (place, unit_ns) = match name {
            "nanosleep" => (arguments[0], 1),
            "clock_nanosleep" => (arguments[2], 1),
            "ppoll" => (arguments[2], 1),
            "pselect6" => (arguments[4], 1),
            "select" => (arguments[4], 1_000),
            _ => {
                let milliseconds = u64::try_from(arguments[2] as i32);
                return Ok(milliseconds.ok().map(Duration::from_millis));
            }
        };
        if place == 0 {
            return Ok(None);
        }
        let mut bytes = [0; 16];
        at.memory.read(place, &mut bytes)?;
        let part = |at: usize| u64::from_ne_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        // Negative: the kernel refuses such a sleep.
        if [part(0), part(8)].iter().any(|part| part.cast_signed() < 0) {
            return Ok(None);
        }
        let length = Duration::from_secs(part(0)).saturating_add(Duration::from_nanos(part(8).saturating_mul(unit_ns)));
        let until = name == "clock_nanosleep" && arguments[1] & ABSOLUTE != 0;
        let now = until.then(|| self.now(at.process, arguments[0])).flatten();
        Ok(Some(length.saturating_sub(now.unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::trace::{Entry, Memory};

    #[test]
    fn a_sleep_of_any_length_leaves_the_clock_sound() {
        let task = std::process::id().cast_signed();
        let memory = Memory::of(task).unwrap();
        let process = ProcessId(0);
        let mut time = Time::new();
        for (seconds, nanoseconds, sleeps) in [(1, 0, true), (-1, 0, false), (0, -1, false), (i64::MAX, 0, true)] {
            let request = [seconds, nanoseconds];
            let at = AtCall {
                process,
                task,
                group: task,
                memory: &memory,
                entry: Entry {
                    architecture: 0,
                    number: 0,
                    arguments: [request.as_ptr() as u64, 0, 0, 0, 0, 0],
                },
            };
            let length = time.sleep(&at, "nanosleep").unwrap();
            assert_eq!(length.is_some(), sleeps, "{request:?}");
            // As often as a program may be woken.
            (0..3).for_each(|_| time.pass(process, length.unwrap_or_default()));
            assert!(time.now(process, 1).is_some());
        }
    }
}
