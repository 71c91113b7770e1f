//! Time as part of the schedule: when a sleep, a time limit or a timer ends, and which contenders may step at all.
//!
//! The end of a sleep is a step that its contender may take at any time: a real machine delays anybody for as long as it likes.
//! The clock moves to the end of the sleep. Of several sleeps of one contender the one that ends first comes first.
//!
//! Time passes only while a contender owes an answer. A contender that polls without progress waits for another one; if
//! nothing else can happen, it goes on, and its sleeps last longer and longer, so that it comes to its time limit if it has
//! one. Does not know what a call means.

use std::time::Duration;

use super::TracedSystem;
use super::next_step::NextStep;
use super::polling::Instead;
use crate::sys::{signals, tracee};
use crate::tracer::syscalls::interpreter::Wait;
use crate::tracer::syscalls::timers::TimerKey;
use crate::tracer::tracees::loss::{lost, untraced};
use crate::tracer::tracees::task::At;
use onewinner_core::access::Accesses;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::fs::Errno;
use onewinner_core::fs::call::{Argument, Call, Value};
use onewinner_core::id::ProcessId;

/// How often a contender may wake in one execution.
const MOST_WAKES: u32 = 300;

/// How many sleeps and limited waits of a thread that may be housekeeping end when its contender has taken the lock, and how many
/// sleeps when it sleeps itself or waits for another contender.
pub(super) const MOST_DOZES: u32 = 50;

/// How often the tracer looks whether a runtime goes on, and the pause in between: Go's watches over its threads every 10 ms.
const MOST_RUNTIME_LOOKS: u32 = 40;
/// See [`MOST_RUNTIME_LOOKS`].
const RUNTIME_LOOK: Duration = Duration::from_millis(1);

/// The first sleep that lasts longer than the program asked for, when nothing else can happen.
const SHORTEST_STRETCH: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST_STRETCH: Duration = Duration::from_secs(60);

impl TracedSystem {
    /// The step with which time passes for a contender, and the moment when it is due.
    pub(super) fn next_in_time(&self, process: ProcessId) -> Option<(NextStep, Duration)> {
        let (_, timers) = self.engine.interpreter.time()?;
        if !self.time_passes() {
            return None;
        }
        let waits = self.engine.tracees.waits(process);
        // A holder that rests has woken its threads often enough.
        let rests = self.channel.rests(process) && self.channel.holds(process);
        let active = waits.iter().filter(|(_, wait)| !wait.is_idle || !rests);
        let sleeps = active.map(|(task, wait)| (NextStep::TimeOut(*task), wait.until));
        let expiries = timers
            .of(process)
            .map(|timer| (NextStep::Expires(timer.group, timer.key), timer.until));
        sleeps.chain(expiries).min_by_key(|(_, until)| *until)
    }

    /// Whether a contender owes an answer: what happens after all have answered decides nothing.
    fn time_passes(&self) -> bool {
        ProcessId::first(self.contenders.len()).any(|process| self.owes(process))
    }

    fn owes(&self, process: ProcessId) -> bool {
        !self.contenders[process.index()].ended && !self.channel.rests(process)
    }

    /// Whether a step comes only when nothing else can happen: a timer of a holder, which may have been meant for its attempt.
    fn is_housekeeping(&self, process: ProcessId, step: &NextStep) -> bool {
        matches!(step, NextStep::Expires(..)) && self.channel.rests(process)
    }

    /// Whether a contender may take its next step, whatever others do.
    fn may_step(&self, process: ProcessId) -> bool {
        let Some(step) = self.next(process) else { return false };
        // Its end is no poll.
        let polls = self.contenders[process.index()].polling.waits() && !matches!(step, NextStep::Exit(_));
        !polls && !self.is_housekeeping(process, &step)
    }

    /// Adds the contenders that may step to the empty `processes`. If there are none, the one that goes on although it only polls.
    pub(super) fn add_enabled(&self, processes: &mut Vec<ProcessId>) {
        let all = || ProcessId::first(self.contenders.len());
        processes.extend(all().filter(|process| self.may_step(*process)));
        if processes.is_empty() {
            let rank = |process: &ProcessId| {
                self.next(*process)?;
                let goes_on = self.goes_on(*process);
                let due = self.wakes(*process).unwrap_or_default();
                goes_on.then_some((due, *process))
            };
            let first = all().filter_map(|process| rank(&process)).min();
            processes.extend(first.map(|(_, process)| process));
        }
    }

    /// Adds the contenders that wait only because they poll, and could go on, to the empty `processes`, if another one may step.
    pub(super) fn add_polling(&self, processes: &mut Vec<ProcessId>) {
        let all = || ProcessId::first(self.contenders.len());
        if !self.spun || !all().any(|process| self.may_step(process)) {
            return;
        }
        processes.extend(all().filter(|process| self.may_be_patient(*process)));
    }

    fn may_be_patient(&self, process: ProcessId) -> bool {
        let polls = self.contenders[process.index()].polling.may_be_patient();
        let step = || self.next(process).filter(|step| !matches!(step, NextStep::Exit(_)));
        polls && step().is_some_and(|step| !self.is_housekeeping(process, &step))
    }

    /// Whether a contender goes on polling when nothing else can happen.
    fn goes_on(&self, process: ProcessId) -> bool {
        let polling = &self.contenders[process.index()].polling;
        polling.may_go_on(process, &self.endless)
    }

    /// See [`onewinner_core::explore::System::wakes_at`].
    pub(super) fn wakes(&self, process: ProcessId) -> Option<Duration> {
        let (time, timers) = self.engine.interpreter.time()?;
        let sleeps = !self.engine.tracees.waits(process).is_empty() || timers.of(process).next().is_some();
        // The next step is costly to find.
        if !sleeps && !time.has_cut() {
            return None;
        }
        match self.next(process)? {
            step if step.takes_time() => self.next_in_time(process).map(|(_, until)| until),
            // A sleep of this thread, which was cut short, ends with its call.
            NextStep::Call(task) => time.cut_until(task),
            _ => None,
        }
    }

    /// What a contender waits for in calls that cannot be made yet. If its time is over first, that depends on it.
    pub(super) fn awaited(&self, process: ProcessId) -> Accesses {
        let mut accesses = Accesses::none();
        for (task, at) in self.engine.tracees.standing(process) {
            let call = self.engine.tracees.at(task);
            if at == At::Call && !self.engine.interpreter.may_go_on(&call) {
                let forecast = self.engine.interpreter.forecast(&call);
                forecast.iter().for_each(|access| accesses.load(access.object.clone()));
            }
        }
        accesses
    }

    pub(super) fn instead(&self, process: ProcessId) -> Instead {
        let others = || ProcessId::first(self.contenders.len()).any(|other| self.may_step(other));
        if self.may_step(process) || self.may_be_patient(process) && others() {
            Instead::Another
        } else {
            Instead::Nothing
        }
    }

    /// The time limit of a task is over.
    pub(super) fn time_out(&mut self, process: ProcessId, task: i32, instead: Instead) -> Result<Accesses, Lost> {
        let waits = self.engine.tracees.waits(process);
        let found = waits.into_iter().find(|(waiting, _)| *waiting == task);
        let wait = found.expect("the task of the step waits").1.clone();
        let awaited = self.awaited(process);
        self.wakes_once_more(process, instead)?;
        self.move_clock(process, wait.until, wait.length, instead);
        let reply = if wait.waits {
            Err(Errno::ETIMEDOUT)
        } else {
            Ok(Value::Done)
        };
        let name = if wait.waits { wait.name } else { "sleep" };
        // How often a runtime reads the clock before differs between executions, by microseconds.
        let length = if wait.is_idle {
            to_milliseconds(wait.length)
        } else {
            wait.length
        };
        self.tell_made(process, passing(name, length), reply, &awaited);
        self.end_wait(task, &wait)?;
        self.run_until_quiescent(process)?;
        Ok(awaited)
    }

    /// A timer of a contender expires.
    pub(super) fn expire(
        &mut self,
        process: ProcessId,
        group: i32,
        key: TimerKey,
        instead: Instead,
    ) -> Result<Accesses, Lost> {
        self.wakes_once_more(process, instead)?;
        self.engine.interpreter.alters(process);
        let mut accesses = self.awaited(process);
        let tasks = self.engine.tracees.tasks.iter();
        let own = tasks.filter(|(_, task)| task.process == process);
        let own: Vec<i32> = own.map(|(number, _)| *number).collect();
        let (_, timers) = self.engine.interpreter.time_mut().expect("it has a timer");
        let timer = timers.expire(group, key, &own);
        self.move_clock(process, timer.until, timer.length, instead);
        // The signal may end the process.
        let end = self.engine.interpreter.would(process, &Call::Die);
        let expires = passing(&format!("{} expires", timer.name), timer.length);
        self.tell_made(process, expires, Ok(Value::Done), &accesses);
        let (_, timers) = self.engine.interpreter.time().expect("it has a timer");
        timers.become_readable(key).map_err(|error| untraced(&error))?;
        if let Some(expiry) = timer.expiry {
            signals::send(group, &expiry).map_err(|error| untraced(&error))?;
            let stands = self
                .engine
                .tracees
                .standing(process)
                .iter()
                .any(|(task, _)| *task == group);
            if stands
                && signals::pending(group).map_err(|error| untraced(&error))?
                && self.engine.tracees.leave_call(group)?
            {
                self.engine.interpreter.interrupted(group);
            }
        }
        self.engine.quiet(process)?;
        if !self.engine.tracees.has_group(group) {
            end.stores().for_each(|object| accesses.store(object.clone()));
        }
        self.orders(process, &accesses);
        match self.engine.tracees.take_end(process) {
            Some(how) => self.first_ended(process, how)?,
            None => self.run_until_quiescent(process)?,
        }
        Ok(accesses)
    }

    /// Wakes the threads of a quiet contender that may be housekeeping: what they look for may be there now. After a step each one
    /// that sleeps wakes once. A hold, a sleep and a wait for another contender may last as long as they like: each wakes often, in a
    /// hold also from a wait with a time limit, which is a step elsewhere. Returns whether there were any, and this was not too often.
    pub(super) fn wakes_idle(&mut self, process: ProcessId, before: u32) -> Result<bool, Lost> {
        let holds = self.channel.holds(process);
        if !holds && !self.engine.tracees.dozes(process) {
            return Ok(false);
        }
        let is_long = holds || self.next(process).is_none_or(|step| step.takes_time());
        if before >= if is_long { MOST_DOZES } else { 1 } {
            self.dozes |= is_long;
            return Ok(false);
        }
        let mut any = self.engine.tracees.wake_dozing(process)?;
        if holds {
            let waits = self.engine.tracees.waits(process);
            let idle = waits.into_iter().filter(|(_, wait)| wait.is_idle && wait.waits);
            let idle: Vec<(i32, Wait)> = idle.map(|(task, wait)| (task, wait.clone())).collect();
            any |= !idle.is_empty();
            for (task, wait) in idle {
                let at = self.engine.tracees.at_wait(task);
                if let Some((time, _)) = self.engine.interpreter.time_mut() {
                    time.cut(&at, wait.until);
                }
                self.end_wait(task, &wait)?;
            }
        }
        Ok(any)
    }

    /// Ends a sleep or wait whose time is over.
    fn end_wait(&mut self, task: i32, wait: &Wait) -> Result<(), Lost> {
        let at = self.engine.tracees.at_wait(task);
        let shown = self.engine.interpreter.times_out(&at, wait);
        shown.map_err(|error| untraced(&error))?;
        self.engine.tracees.time_out(task, wait.returns)
    }

    /// Waits a little if nothing can happen and a thread of a runtime dozes: it may let another thread go on.
    pub(super) fn await_runtimes(&mut self) -> Result<(), Lost> {
        for _ in 0..MOST_RUNTIME_LOOKS {
            let dozes = |process: &ProcessId| self.engine.tracees.dozes(*process) && self.owes(*process);
            let all = ProcessId::first(self.contenders.len());
            let asleep: Vec<_> = all.filter(dozes).collect();
            if asleep.is_empty() {
                return Ok(());
            }
            let mut enabled = Vec::new();
            self.add_enabled(&mut enabled);
            if !enabled.is_empty() {
                return Ok(());
            }
            for process in &asleep {
                self.engine.tracees.wake_dozing(*process)?;
            }
            tracee::await_change(RUNTIME_LOOK);
            for process in asleep {
                self.engine.quiet(process)?;
            }
        }
        Ok(())
    }

    /// A task of a contender has sent a signal to another one, which is stopped at a call: it leaves the call.
    pub(super) fn interrupts(&mut self, process: ProcessId) -> Result<bool, Lost> {
        if !self.engine.interpreter.has_signalled(process) {
            return Ok(false);
        }
        for (task, at) in self.engine.tracees.standing(process) {
            if !matches!(at, At::Call | At::Sleep) {
                continue;
            }
            let pending = signals::pending(task).map_err(|error| untraced(&error))?;
            if pending && self.engine.tracees.leave_call(task)? {
                self.engine.interpreter.interrupted(task);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts how often a contender wakes. While nothing else can happen, its polls are counted.
    fn wakes_once_more(&mut self, process: ProcessId, instead: Instead) -> Result<(), Lost> {
        if instead == Instead::Nothing {
            return Ok(());
        }
        let contender = &mut self.contenders[process.index()];
        contender.wakes += 1;
        if contender.wakes > MOST_WAKES {
            let reason = format!("{process} keeps polling without progress: it was woken {MOST_WAKES} times");
            return Err(lost(Retry::Never, reason));
        }
        Ok(())
    }

    /// Moves the clock to the end of a sleep; further, if nothing else can happen, but not past the end of another sleep.
    fn move_clock(&mut self, process: ProcessId, until: Duration, length: Duration, instead: Instead) {
        let moment = match instead {
            Instead::Another => until,
            Instead::Nothing => {
                let stretched = until.saturating_add(self.stretch(process).saturating_sub(length));
                stretched.min(self.next_of_others(process)).max(until)
            }
        };
        if let Some((time, _)) = self.engine.interpreter.time_mut() {
            time.move_to(process, moment);
        }
    }

    /// Time passes for a contender that polls without a sleep while nothing else can happen.
    pub(super) fn pass_time(&mut self, process: ProcessId) {
        let others = self.next_of_others(process);
        let passed = self.stretch(process);
        if let Some((time, _)) = self.engine.interpreter.time_mut() {
            let now = time.reached(process);
            time.spins(process, now.saturating_add(passed).min(others).max(now));
        }
    }

    /// How long a sleep lasts when nothing else can happen: each time at least twice as long.
    fn stretch(&self, process: ProcessId) -> Duration {
        let polling = &self.contenders[process.index()].polling;
        let doublings = polling.doublings(process, &self.endless);
        SHORTEST_STRETCH
            .saturating_mul(1 << doublings.min(16))
            .min(LONGEST_STRETCH)
    }

    /// The moment when the first of the other contenders wakes.
    fn next_of_others(&self, process: ProcessId) -> Duration {
        let others = ProcessId::first(self.contenders.len()).filter(|other| *other != process);
        let going_on = others.filter(|other| self.goes_on(*other));
        let wakes = going_on.filter_map(|other| self.wakes(other));
        wakes.min().unwrap_or(Duration::MAX)
    }
}

fn to_milliseconds(length: Duration) -> Duration {
    const HALF: Duration = Duration::from_micros(500);
    let milliseconds = length.saturating_add(HALF).as_millis();
    u64::try_from(milliseconds).map_or(length, Duration::from_millis)
}

/// The end of a sleep as it is shown.
fn passing(name: &str, length: Duration) -> Call {
    Call::Foreign {
        name: name.to_owned(),
        arguments: vec![Argument::Text(format!("{} s", length.as_secs_f64()))],
    }
}
