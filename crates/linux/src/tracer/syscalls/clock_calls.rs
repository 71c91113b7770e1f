//! The calls that read a clock: which clock each reads, and in which form it is returned.
//!
//! Moves no clock.

use std::io;

use super::at_call::AtCall;
use super::clocks::{OF_CPU, OF_DAY, SINCE, began};
use super::task_times::ticks;
use super::timers::EINVAL;
use super::virtual_time::Time;
use crate::sys::filter::TimeCall;

impl Time {
    /// Answers a call that reads a clock, and returns its result. `None` for a clock of another kind, for example the CPU time of
    /// another task, or that of a device.
    pub(crate) fn tell(&mut self, at: &AtCall<'_>, call: TimeCall) -> io::Result<Option<i64>> {
        let arguments = at.entry.arguments;
        let (clock, place) = match call {
            TimeCall::Clock => (arguments[0] & u64::from(u32::MAX), arguments[1]),
            TimeCall::TimeOfDay | TimeCall::Seconds => (OF_DAY[0], arguments[0]),
            TimeCall::Ticks => (SINCE[0], arguments[0]),
        };
        let now = match began(clock) {
            Some(began) => began.saturating_add(self.read(at)),
            None if OF_CPU.contains(&clock) => self.cpu(at),
            None if (clock as i32) < 0 => return Ok(None),
            // No such clock.
            None => return Ok(Some(EINVAL)),
        };
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let parts = match call {
            TimeCall::Clock => vec![seconds, i64::from(now.subsec_nanos())],
            TimeCall::TimeOfDay => vec![seconds, i64::from(now.subsec_micros())],
            TimeCall::Seconds => vec![seconds],
            // Its own time in the program, in the kernel, and that of its children.
            TimeCall::Ticks => vec![i64::try_from(self.cpu_ticks(at)).unwrap_or(i64::MAX), 0, 0, 0],
        };
        if place != 0 {
            let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_ne_bytes()).collect();
            at.memory.write(place, &bytes)?;
        }
        Ok(Some(match call {
            TimeCall::Seconds => seconds,
            TimeCall::Ticks => i64::try_from(ticks(now)).unwrap_or(i64::MAX),
            TimeCall::Clock | TimeCall::TimeOfDay => 0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::clocks::BEGAN;
    use super::*;
    use crate::sys::trace::Memory;
    use onewinner_core::access::Accesses;
    use onewinner_core::id::ProcessId;

    const P0: ProcessId = ProcessId(0);
    const P1: ProcessId = ProcessId(1);
    const SECOND: Duration = Duration::from_secs(1);

    fn memory() -> Memory {
        Memory::of(std::process::id().cast_signed()).unwrap()
    }

    fn uses(time: &Time, process: ProcessId) -> Accesses {
        let mut accesses = Accesses::none();
        time.add_to(&mut accesses, process, 2);
        accesses
    }

    fn at(memory: &Memory, process: ProcessId, task: i32) -> AtCall<'_> {
        AtCall {
            process,
            task,
            group: task,
            ..AtCall::of_this_process(memory, [0; 6])
        }
    }

    #[test]
    fn each_clock_of_the_kernel_is_virtual_or_refused() {
        let memory = memory();
        let mut time = Time::new();
        let shown = [0u64; 2];
        let mut tell = |clock: i32| {
            let arguments = [u64::from(clock.cast_unsigned()), shown.as_ptr() as u64, 0, 0, 0, 0];
            let at = AtCall::of_this_process(&memory, arguments);
            time.tell(&at, TimeCall::Clock).unwrap()
        };
        for clock in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11] {
            assert_eq!(tell(clock), Some(0), "{clock}");
        }
        assert_eq!((tell(10), tell(16), tell(-3)), (Some(EINVAL), Some(EINVAL), None));
    }

    #[test]
    fn cpu_time_depends_on_the_own_readings_alone_and_a_copy_goes_on_from_its_snapshot() {
        let memory = memory();
        let mut time = Time::new();
        let shown = [0u64; 2];
        let place = shown.as_ptr() as u64;
        let show = |time: &mut Time, process, task| {
            let mut at = at(&memory, process, task);
            at.entry.arguments = [OF_CPU[0], place, 0, 0, 0, 0];
            assert_eq!(time.tell(&at, TimeCall::Clock).unwrap(), Some(0));
            let mut bytes = [0; 16];
            memory.read(place, &mut bytes).unwrap();
            u64::from_ne_bytes(std::array::from_fn(|byte| bytes[8 + byte]))
        };
        time.born(P0, 1);
        assert_eq!((show(&mut time, P0, 1), show(&mut time, P0, 1)), (1_000, 2_000));
        time.keep(P0, 1, 1);
        time.move_to(P1, SECOND);
        assert_eq!(show(&mut time, P0, 1), 3_000);
        time.begin();
        time.born(P0, 1);
        time.copied(P0, 1, 1);
        assert_eq!((show(&mut time, P0, 1), show(&mut time, P1, 2)), (3_000, 1_000));
        assert!(uses(&time, P0).is_empty());
    }

    #[test]
    fn a_process_begins_when_its_contender_has_reached_that_and_a_copy_when_its_snapshot_did() {
        let mut time = Time::new();
        let seconds = |time: &Time, task| (time.birth_ticks(task) - ticks(BEGAN[1])) / 100;
        time.born(P0, 1);
        time.move_to(P0, 3 * SECOND);
        time.born(P0, 2);
        assert_eq!((seconds(&time, 1), seconds(&time, 2)), (0, 3));
        time.keep(P0, 1, 1);
        time.begin();
        time.born(P0, 1);
        time.copied(P0, 1, 1);
        assert_eq!((seconds(&time, 1), time.reached(P0)), (0, 3 * SECOND));
    }

    #[test]
    fn a_loop_without_a_sleep_uses_cpu_time_while_nothing_else_happens() {
        let memory = memory();
        let mut time = Time::new();
        let reading = at(&memory, P0, 1);
        time.spins(P0, 2 * SECOND);
        assert!(time.cpu(&reading) > 2 * SECOND && time.reached(P0) == 2 * SECOND);
        assert!(time.cpu(&at(&memory, P1, 2)) < SECOND);
    }

    #[test]
    fn a_copy_has_done_with_the_clock_what_its_snapshot_did() {
        let memory = memory();
        let mut time = Time::new();
        let first = time.read(&at(&memory, P0, 1));
        time.keep(P0, 1, 1);
        time.begin();
        time.begins(P0, None);
        time.keep(P0, 1, 2);
        time.copied(P0, 1, 2);
        assert!(uses(&time, P0).is_empty());
        time.copied(P0, 1, 1);
        assert_eq!(time.reached(P0), first);
        assert!(
            !uses(&time, P0).is_empty(),
            "the search tries other orders of this step"
        );
    }

    #[test]
    fn a_contender_starts_again_at_the_same_time_whatever_it_has_read_and_never_earlier() {
        let memory = memory();
        let later = |readings: u32, sleeps: Duration| {
            let mut time = Time::new();
            time.move_to(P0, sleeps);
            for _ in 0..readings {
                time.read(&at(&memory, P0, 1));
            }
            let before = time.reached(P0);
            time.starts_later(P0);
            assert!(time.reached(P0) > before);
            time.at_start(P0)
        };
        assert_eq!(later(0, Duration::ZERO), later(100, Duration::ZERO));
        assert_eq!(later(3, SECOND), later(7, SECOND));
        assert!(later(3, SECOND) > later(3, Duration::ZERO));
    }

    #[test]
    fn the_beginning_of_a_contender_follows_from_the_clock_unless_it_has_used_cpu_time() {
        let mut time = Time::new();
        assert_eq!(time.at_start(P0), Some(Duration::ZERO));
        time.ages(SECOND);
        time.move_to(P1, 3 * SECOND);
        assert_eq!(time.at_start(P0), Some(3 * SECOND));
        time.spins(P0, 4 * SECOND);
        assert_eq!(time.at_start(P0), None);
    }

    #[test]
    fn who_asks_when_a_file_was_changed_sees_what_sleeps_of_others_have_moved() {
        let mut time = Time::new();
        time.begins(P0, None);
        time.move_to(P1, SECOND);
        assert_eq!(time.of_change(P0), BEGAN[0]);
        assert!(uses(&time, P0).is_empty());
        time.asks_for_changes(P0);
        time.begins(P0, None);
        assert_eq!(time.of_change(P0), BEGAN[0] + SECOND);
        assert!(!uses(&time, P0).is_empty());
    }
}
