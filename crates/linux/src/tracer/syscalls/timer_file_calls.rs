//! The calls that arm a timer behind a descriptor, or ask for what is left of it.
//!
//! Makes no call of the program.

use std::io;
use std::time::Duration;

use super::at_call::{AtCall, Decision};
use super::timer_setting::Setting;
use super::timers::{ABSOLUTE, EINVAL, TimerKey, Timers};
use super::virtual_time::Time;

/// The flags of timerfd_settime(2): `TFD_TIMER_ABSTIME`, and `TFD_TIMER_CANCEL_ON_SET`, which is without effect: no program sets
/// the clock.
const OF_FILES: u64 = 3;

impl Timers {
    /// timerfd_settime(2) and timerfd_gettime(2). What is no such timer, or a wrong flag, is refused by the kernel.
    pub(super) fn file(&mut self, at: &AtCall<'_>, name: &'static str, time: &Time) -> io::Result<Decision> {
        let [fd, second, third, fourth, ..] = at.entry.arguments;
        let uncontrolled = |why: &str| {
            Decision::Uncontrolled(format!(
                "{} arms a timer with {name}, whose expiry is not controlled: {why}",
                at.process
            ))
        };
        if !self.files.are_controlled() {
            return Ok(uncontrolled("the kernel was built without checkpoints"));
        }
        let number = match self.files.number(at.group, fd as i32) {
            Ok(Some(number)) => number,
            Ok(None) => return Ok(Decision::Harmless),
            Err(error) => return Ok(uncontrolled(&error.to_string())),
        };
        let file = self.files.get(number).expect("it is known by now");
        let (key, now) = (TimerKey::File(number), time.of_task(at));
        let left = self.left(at.group, key, now);
        if name == "timerfd_gettime" {
            left.write(at, second, 1)?;
            return Ok(Decision::Answered(0));
        }
        let clock = match file.clock_and_ticks() {
            Ok((clock, _)) if time.moment(clock, Duration::ZERO).is_some() => clock,
            _ => return Ok(uncontrolled("its clock is not virtual")),
        };
        if second & u64::from(u32::MAX) & !OF_FILES != 0 {
            return Ok(Decision::Answered(EINVAL));
        }
        let setting = Setting::read(at, third, 1)?.on(clock, second & ABSOLUTE != 0, time, now);
        if let Err(error) = file.forgets() {
            return Ok(uncontrolled(&error.to_string()));
        }
        left.write(at, fourth, 1)?;
        self.arm(at, key, name, setting, now);
        Ok(Decision::Answered(0))
    }
}
