//! The timers of programs: no timer reaches the kernel. The search decides when one expires, and the tracer sends its signal.
//!
//! alarm(2), setitimer(2) with `ITIMER_REAL`, timer_create(2) with its kin, and timerfd_create(2). Timers of CPU time are not
//! controlled. A timer belongs to a process, and its child has none; only one behind a descriptor is shared with children. Sends no
//! signal.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::at_call::{AtCall, Decision};
use super::timer_files::TimerFiles;
use super::timer_setting::Setting;
use super::virtual_time::Time;
use crate::sys::signals::{self, ALARM, Expiry};
use crate::sys::timer_file::TimerFile;
use onewinner_core::id::ProcessId;

/// `TIMER_ABSTIME` of timer_settime(2).
pub(super) const ABSOLUTE: u64 = 1;
/// `EINVAL`, as a call returns it.
pub(super) const EINVAL: i64 = -22;
/// `SIGEV_SIGNAL`, `SIGEV_NONE` and `SIGEV_THREAD_ID` of sigevent(3type).
const BY_SIGNAL: i32 = 0;
/// See [`BY_SIGNAL`].
const BY_NOTHING: i32 = 1;
/// See [`BY_SIGNAL`].
const BY_SIGNAL_TO_A_THREAD: i32 = 4;

/// The timers of all contenders.
#[derive(Default)]
pub(crate) struct Timers {
    /// Those of timer_create(2), by process and number.
    created: BTreeMap<(i32, i32), Created>,
    armed: Vec<Armed>,
    pub(super) files: TimerFiles,
    /// Whether a timer that sends a signal was armed in any execution.
    interrupts: bool,
}

struct Created {
    process: ProcessId,
    clock: u64,
    /// `None` if it sends no signal.
    expiry: Option<Expiry>,
}

/// Which timer of a process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimerKey {
    /// That of alarm(2) and setitimer(2).
    Alarm,
    /// One of timer_create(2).
    Created(i32),
    /// One of timerfd_create(2), in whichever process.
    File(i32),
}

impl TimerKey {
    fn is_file(self) -> bool {
        matches!(self, Self::File(_))
    }
}

/// A timer that will expire.
#[derive(Clone, Debug)]
pub(crate) struct Armed {
    pub(crate) process: ProcessId,
    /// The number of the process to which it belongs.
    pub(crate) group: i32,
    pub(crate) key: TimerKey,
    /// The call that has armed it.
    pub(crate) name: &'static str,
    pub(crate) length: Duration,
    pub(crate) until: Duration,
    /// It is armed again for this long when it expires.
    every: Duration,
    pub(crate) expiry: Option<Expiry>,
}

impl Armed {
    fn is(&self, group: i32, key: TimerKey) -> bool {
        self.key == key && (self.group == group || key.is_file())
    }

    /// Whether its contender goes on when its process gets this signal, and may notice it. A contender that its own timer ends has
    /// crashed, which is explored as a kill; that of a child is no crash.
    fn is_noticed(&self, signal: i32, first: Option<i32>) -> bool {
        let is_child = first != Some(self.group);
        signals::is_caught(self.group, signal) || is_child && signals::acts_by_default(self.group, signal)
    }
}

impl Timers {
    /// A new execution begins.
    pub(crate) fn begin(&mut self) {
        self.created.clear();
        self.armed.clear();
        self.files.begin();
    }

    /// What is not explored of timers that send a signal, if there were any.
    pub(super) fn note(&self) -> Option<String> {
        const NOTE: &str = "a timer expires only while its process sleeps or waits: that its signal comes between two other calls is not \
                            explored";
        self.interrupts.then(|| NOTE.to_owned())
    }

    /// A process has ended; `tasks` are those of its contender, each with its process. One of these may have a timer behind a
    /// descriptor too.
    pub(crate) fn gone(&mut self, group: i32, tasks: &[(i32, i32)]) {
        self.executed(group);
        let Self { armed, files, .. } = self;
        armed.retain_mut(|timer| {
            if timer.group != group {
                return true;
            }
            let TimerKey::File(number) = timer.key else {
                return false;
            };
            let file = files.get(number);
            let heir = tasks
                .iter()
                .find(|(task, owner)| *owner != group && file.is_some_and(|file| file.is_open_in(*task)));
            heir.is_some_and(|(_, owner)| {
                timer.group = *owner;
                true
            })
        });
    }

    /// A process runs another program: it keeps the timer of alarm(2), and those behind descriptors.
    pub(crate) fn executed(&mut self, group: i32) {
        self.created.retain(|(owner, _), _| *owner != group);
        self.armed
            .retain(|timer| timer.group != group || timer.key == TimerKey::Alarm || timer.key.is_file());
    }

    /// Whether a contender has a timer, armed or not.
    pub(crate) fn has_any(&self, process: ProcessId) -> bool {
        self.of(process).next().is_some() || self.created.values().any(|timer| timer.process == process)
    }

    /// The timers of a contender that will expire.
    pub(crate) fn of(&self, process: ProcessId) -> impl Iterator<Item = &Armed> {
        self.armed.iter().filter(move |timer| timer.process == process)
    }

    /// Those of them whose contender notices when they expire between two calls, and goes on: their process has a handler for the
    /// signal, or is ended by it and is not the `first` one, or may look at the descriptor without waiting.
    pub(crate) fn noticed(&self, process: ProcessId, first: Option<i32>) -> impl Iterator<Item = &Armed> {
        self.of(process).filter(move |timer| match (timer.key, timer.expiry) {
            (TimerKey::File(number), _) => self.files.get(number).is_none_or(|file| !file.blocks()),
            (_, Some(expiry)) => timer.is_noticed(expiry.signal, first),
            (_, None) => false,
        })
    }

    /// Those of them that may change what a contender does that waits for nothing but a message: a handler runs, a process other
    /// than the `first` one ends, or a thread waits for the signal or in a read.
    pub(crate) fn noticed_at_rest(&self, process: ProcessId, first: Option<i32>) -> impl Iterator<Item = &Armed> {
        self.of(process).filter(move |timer| match (timer.key, timer.expiry) {
            (TimerKey::File(_), _) => true,
            // A thread that waits for a signal does not block it meanwhile.
            (_, Some(Expiry { signal, thread, .. })) => {
                thread.is_some() || timer.is_noticed(signal, first) || signals::is_blocked(timer.group, signal)
            }
            (_, None) => false,
        })
    }

    /// A timer behind a descriptor has expired: it can be read.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub(crate) fn become_readable(&self, key: TimerKey) -> io::Result<()> {
        match key {
            TimerKey::File(number) => self.files.get(number).map_or(Ok(()), TimerFile::expires),
            TimerKey::Alarm | TimerKey::Created(_) => Ok(()),
        }
    }

    /// A timer expires; it is armed again if it has an interval. One behind a descriptor is not if none of these tasks has it open.
    ///
    /// # Panics
    ///
    /// When it is not armed.
    pub(crate) fn expire(&mut self, group: i32, key: TimerKey, tasks: &[i32]) -> Armed {
        let place = self.position(group, key).expect("the search expires an armed timer");
        let expired = self.armed[place].clone();
        let is_open = match key {
            TimerKey::File(number) => {
                let file = self.files.get(number);
                tasks.iter().any(|task| file.is_some_and(|file| file.is_open_in(*task)))
            }
            TimerKey::Alarm | TimerKey::Created(_) => true,
        };
        if expired.every.is_zero() || !is_open {
            self.armed.remove(place);
        } else {
            self.armed[place].until = expired.until.saturating_add(expired.every);
            self.armed[place].length = expired.every;
        }
        expired
    }

    fn position(&self, group: i32, key: TimerKey) -> Option<usize> {
        self.armed.iter().position(|timer| timer.is(group, key))
    }

    /// What is left of a timer.
    pub(super) fn left(&self, group: i32, key: TimerKey, now: Duration) -> Setting {
        let armed = self.position(group, key).map(|place| &self.armed[place]);
        armed.map_or(
            Setting {
                every: Duration::ZERO,
                value: Duration::ZERO,
            },
            |timer| Setting {
                every: timer.every,
                // Zero would mean that it is not armed.
                value: timer.until.saturating_sub(now).max(Duration::from_micros(1)),
            },
        )
    }

    /// Decides about a call on timers.
    ///
    /// # Errors
    ///
    /// When the memory of the task cannot be read or written, so that the kernel would refuse the call.
    pub(crate) fn decide(&mut self, at: &AtCall<'_>, name: &'static str, time: &Time) -> io::Result<Decision> {
        let arguments = at.entry.arguments;
        let now = time.of_task(at);
        let uncontrolled = |what: &str| Decision::Uncontrolled(format!("{} {what} with {name}", at.process));
        let answered = match name {
            "alarm" => {
                let left = self.left(at.group, TimerKey::Alarm, now).value;
                let value = Duration::from_secs(arguments[0] & u64::from(u32::MAX));
                let every = Duration::ZERO;
                self.arm(at, TimerKey::Alarm, name, Setting { every, value }, now);
                i64::try_from(left.as_nanos().div_ceil(1_000_000_000)).unwrap_or(i64::MAX)
            }
            "setitimer" | "getitimer" if arguments[0] as i32 != 0 => {
                return Ok(uncontrolled("uses a timer of CPU time"));
            }
            "setitimer" => {
                let left = self.left(at.group, TimerKey::Alarm, now);
                if arguments[1] != 0 {
                    let setting = Setting::read(at, arguments[1], 1_000)?;
                    self.arm(at, TimerKey::Alarm, name, setting, now);
                }
                left.write(at, arguments[2], 1_000)?;
                0
            }
            "getitimer" => {
                self.left(at.group, TimerKey::Alarm, now)
                    .write(at, arguments[1], 1_000)?;
                0
            }
            "timer_create" if self.create(at, time)? => 0,
            "timer_create" => return Ok(uncontrolled("makes a timer of a kind that is not controlled")),
            "timer_settime" | "timer_gettime" | "timer_getoverrun" | "timer_delete" => {
                let number = arguments[0] as i32;
                let key = TimerKey::Created(number);
                let Some(created) = self.created.get(&(at.group, number)) else {
                    return Ok(Decision::Answered(EINVAL));
                };
                let clock = created.clock;
                match name {
                    "timer_settime" => {
                        let left = self.left(at.group, key, now);
                        let setting = Setting::read(at, arguments[2], 1)?;
                        let setting = setting.on(clock, arguments[1] & ABSOLUTE != 0, time, now);
                        self.arm(at, key, name, setting, now);
                        left.write(at, arguments[3], 1)?;
                    }
                    "timer_gettime" => self.left(at.group, key, now).write(at, arguments[1], 1)?,
                    "timer_delete" => {
                        self.created.remove(&(at.group, number));
                        self.armed.retain(|timer| timer.group != at.group || timer.key != key);
                    }
                    // Each expiry is taken before the next one.
                    _ => {}
                }
                0
            }
            "timerfd_settime" | "timerfd_gettime" => return self.file(at, name, time),
            _ => return Ok(uncontrolled("arms a timer, whose expiry is not controlled,")),
        };
        Ok(Decision::Answered(answered))
    }

    pub(super) fn arm(&mut self, at: &AtCall<'_>, key: TimerKey, name: &'static str, setting: Setting, now: Duration) {
        self.armed.retain(|timer| !timer.is(at.group, key));
        if setting.value.is_zero() {
            return;
        }
        let expiry = match key {
            TimerKey::Alarm => Some(ALARM),
            TimerKey::File(_) => None,
            TimerKey::Created(number) => self.created.get(&(at.group, number)).and_then(|timer| timer.expiry),
        };
        self.interrupts |= expiry.is_some();
        self.armed.push(Armed {
            process: at.process,
            group: at.group,
            key,
            name,
            length: setting.value,
            until: now.saturating_add(setting.value),
            every: setting.every,
            expiry,
        });
    }

    /// timer_create(2); returns whether the timer is of a kind that is controlled.
    fn create(&mut self, at: &AtCall<'_>, time: &Time) -> io::Result<bool> {
        let [clock, event, place, ..] = at.entry.arguments;
        let own = self.created.keys().filter(|(group, _)| *group == at.group);
        let number = own.map(|(_, number)| number + 1).max().unwrap_or(0);
        let mut expiry = Expiry {
            signal: ALARM.signal,
            timer: Some((number, u64::from(number.cast_unsigned()))),
            thread: None,
        };
        let mut notifies = BY_SIGNAL;
        if event != 0 {
            // `struct sigevent`: a value, the signal, how to notify, and a thread.
            let mut bytes = [0; 20];
            at.memory.read(event, &mut bytes)?;
            let word = |at: usize| i32::from_ne_bytes(std::array::from_fn(|byte| bytes[at + byte]));
            let value = u64::from_ne_bytes(std::array::from_fn(|byte| bytes[byte]));
            notifies = word(12);
            expiry.signal = word(8);
            expiry.timer = Some((number, value));
            expiry.thread = (notifies == BY_SIGNAL_TO_A_THREAD).then(|| word(16));
        }
        let known = matches!(notifies, BY_SIGNAL | BY_NOTHING | BY_SIGNAL_TO_A_THREAD);
        if !known || time.moment(clock, Duration::ZERO).is_none() {
            return Ok(false);
        }
        at.memory.write(place, &number.to_ne_bytes())?;
        let expiry = (notifies != BY_NOTHING).then_some(expiry);
        let process = at.process;
        let created = Created { process, clock, expiry };
        self.created.insert((at.group, number), created);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::trace::Memory;

    const SECOND: Duration = Duration::from_secs(1);

    struct Program {
        memory: Memory,
        timers: Timers,
        time: Time,
    }

    impl Program {
        fn new() -> Self {
            Self {
                memory: Memory::of(std::process::id().cast_signed()).unwrap(),
                timers: Timers::default(),
                time: Time::new(),
            }
        }

        fn call(&mut self, name: &'static str, arguments: [u64; 4]) -> Decision {
            let [first, second, third, fourth] = arguments;
            let at = AtCall {
                task: 1,
                group: 1,
                ..AtCall::of_this_process(&self.memory, [first, second, third, fourth, 0, 0])
            };
            self.timers.decide(&at, name, &self.time).unwrap()
        }

        fn untils(&self) -> Vec<Duration> {
            self.timers.of(ProcessId(0)).map(|timer| timer.until).collect()
        }
    }

    #[test]
    fn an_alarm_replaces_the_last_one_and_reports_what_was_left() {
        let mut program = Program::new();
        assert_eq!(program.call("alarm", [5, 0, 0, 0]), Decision::Answered(0));
        program.time.move_to(ProcessId(0), SECOND);
        assert_eq!(program.call("alarm", [9, 0, 0, 0]), Decision::Answered(4));
        assert_eq!(program.untils(), [10 * SECOND]);
        assert_eq!(program.call("alarm", [0; 4]), Decision::Answered(9));
        assert!(program.untils().is_empty());
    }

    #[test]
    fn a_timer_with_an_interval_is_armed_again_and_a_deleted_one_does_not_expire() {
        let mut program = Program::new();
        let number = 7i32;
        let place = (&raw const number) as u64;
        assert_eq!(program.call("timer_create", [1, 0, place, 0]), Decision::Answered(0));
        let setting = [1u64, 0, 5, 0];
        let settime = |program: &mut Program| program.call("timer_settime", [0, 0, setting.as_ptr() as u64, 0]);
        assert_eq!(settime(&mut program), Decision::Answered(0));
        program.timers.expire(1, TimerKey::Created(0), &[]);
        assert_eq!(program.untils(), [6 * SECOND]);
        assert_eq!(program.call("timer_delete", [0; 4]), Decision::Answered(0));
        assert_eq!(
            (program.untils(), settime(&mut program)),
            (vec![], Decision::Answered(EINVAL))
        );
    }

    #[test]
    fn what_is_not_controlled_is_named() {
        let mut program = Program::new();
        for (name, arguments) in [("setitimer", [1, 0, 0, 0]), ("timer_create", [2, 0, 0, 0])] {
            let decision = program.call(name, arguments);
            assert!(
                matches!(&decision, Decision::Uncontrolled(why) if why.contains(name)),
                "{decision:?}"
            );
        }
    }
}
