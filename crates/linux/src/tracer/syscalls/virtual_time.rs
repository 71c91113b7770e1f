//! The virtual clock of an execution: the same in every execution that takes the same steps.
//!
//! The clock always begins at the same moment, so that names and records with a time in them are the same whenever a program
//! is run. The end of a sleep moves it to the deadline of the sleep, and a reading by a
//! microsecond. Two parts make a reading:
//!
//! - what sleeps have moved, which all contenders see. A reading loads [`Object::Clock`] of the others, the end of a sleep
//!   stores it, so the search tries both orders;
//! - what the contender has reached by its own readings. Others see this only through what it has stored: a contender that
//!   loads an object has at least the time of the last store to it (Lamport, "Time, Clocks, and the Ordering of Events in a
//!   Distributed System", CACM 1978). So readings alone order nothing, and no contender sees the clock go back.
//!
//! A thread that has made no controlled call may be housekeeping of a runtime, whose readings differ between executions. It
//! has a clock of its own, which shows at least what that of its contender does, and moves no other one before its first controlled
//! call or its end. Does not decide who sleeps when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::at_call::AtCall;
use super::clock_uses::{ClockUses, Uses};
use super::clocks::{BEGAN, began};
use super::task_times::{TaskTimes, ticks};
use onewinner_core::access::{AccessKind, Accesses, Object};
use onewinner_core::id::ProcessId;

/// How far a clock advances with each reading.
const READING: Duration = Duration::from_micros(1);
/// How many readings in a row, with no other call in between, advance it by so little. Then each advances it twice as far as
/// the last: a loop that waits for a moment gets there.
const PATIENT_READINGS: u32 = 1_000;
/// A contender that starts again does so at the next multiple of this: a few readings more or less in its last round change
/// nothing.
const START: Duration = Duration::from_millis(10);
/// The most that one reading advances it.
const LONGEST_READING: Duration = Duration::from_secs(1);

/// The virtual clock.
pub(crate) struct Time {
    /// How much later than [`BEGAN`] this execution begins.
    aged: Duration,
    /// The time that each contender has reached since [`BEGAN`].
    reached: BTreeMap<ProcessId, Duration>,
    /// The part of it that others see.
    moved: BTreeMap<ProcessId, Duration>,
    /// The time of the last store to each object.
    stored: BTreeMap<Object, Duration>,
    /// Threads that have made a controlled call.
    actors: BTreeSet<i32>,
    /// The clocks of other threads.
    apart: BTreeMap<i32, Apart>,
    /// Readings in a row, by task.
    readings: BTreeMap<i32, u32>,
    tasks: TaskTimes,
    uses: ClockUses,
    /// What contenders were like when their fork snapshots were taken, by the serial numbers of these.
    kept: BTreeMap<u64, Kept>,
    /// Contenders that have asked in any execution when a file was changed that is not watched.
    askers: BTreeSet<ProcessId>,
}

/// The time of a contender whose fork snapshot is taken.
#[derive(Clone, Copy, Debug)]
struct Kept {
    reached: Duration,
    /// The CPU time that it had been shown.
    used: Duration,
    /// When it began.
    born: Duration,
    /// What it has done with the clock since it was started.
    uses: Uses,
}

/// The clock of a thread that has made no controlled call.
#[derive(Clone, Copy, Debug, Default)]
struct Apart {
    reached: Duration,
    /// Sleeps that were cut short.
    sleeps: u32,
}

impl Time {
    pub(crate) fn new() -> Self {
        Self {
            aged: Duration::ZERO,
            reached: BTreeMap::new(),
            moved: BTreeMap::new(),
            stored: BTreeMap::new(),
            actors: BTreeSet::new(),
            apart: BTreeMap::new(),
            readings: BTreeMap::new(),
            tasks: TaskTimes::default(),
            uses: ClockUses::default(),
            kept: BTreeMap::new(),
            askers: BTreeSet::new(),
        }
    }

    /// Resets the clock to its beginning.
    pub(crate) fn begin(&mut self) {
        self.aged = Duration::ZERO;
        self.reached.clear();
        self.moved.clear();
        self.stored.clear();
        self.actors.clear();
        self.apart.clear();
        self.readings.clear();
        self.tasks.begin();
        self.uses.begin();
    }

    /// The execution that has begun begins so much later: what exists is so old.
    pub(crate) fn ages(&mut self, by: Duration) {
        self.aged = by;
    }

    /// The time of day at a moment of the execution.
    pub(crate) fn of_day(&self, moment: Duration) -> Duration {
        BEGAN[0].saturating_add(moment)
    }

    /// When a file is changed that is not watched. A contender that asks for such times also sees what sleeps of others have moved.
    pub(super) fn of_change(&mut self, process: ProcessId) -> Duration {
        let own = self.reached(process);
        if !self.askers.contains(&process) {
            return self.of_day(own);
        }
        let seen = self.moved.values().copied().max().unwrap_or_default();
        self.uses.read(process);
        self.of_day(own.max(seen))
    }

    /// A contender asks when a file was changed that is not watched: from now on, changing one reads the clock.
    pub(super) fn asks_for_changes(&mut self, process: ProcessId) {
        self.askers.insert(process);
        self.uses.read(process);
    }

    /// The time of day before anything happened in the execution.
    pub(crate) fn oldest(&self) -> Duration {
        BEGAN[0]
    }

    /// A contender is about to start again, or later than others.
    pub(crate) fn starts_later(&mut self, process: ProcessId) {
        let starts = self.reached(process).as_nanos() / START.as_nanos() + 1;
        let starts = u32::try_from(starts).unwrap_or(u32::MAX);
        self.reach(process, START.saturating_mul(starts));
    }

    /// A contender starts.
    pub(crate) fn starts(&mut self, process: ProcessId) {
        self.uses.start(process);
    }

    /// What the clock shows to a contender that starts now; `None` if it has used CPU time that does not follow from that.
    pub(crate) fn at_start(&self, process: ProcessId) -> Option<Duration> {
        self.spun(process).is_zero().then(|| self.shows(process))
    }

    /// A task of a contender exists. It may have the number of one that has ended.
    pub(crate) fn born(&mut self, process: ProcessId, task: i32) {
        self.tasks.born(task, self.reached(process), Duration::ZERO);
    }

    /// The contender, whose only task is this one, becomes the fork snapshot with this serial number.
    pub(crate) fn keep(&mut self, process: ProcessId, task: i32, serial: u64) {
        let kept = Kept {
            reached: self.reached(process),
            used: self.tasks.used(task),
            born: self.birth(task),
            uses: self.uses.since_start(process),
        };
        self.kept.insert(serial, kept);
    }

    /// The contender that has started is a copy of this fork snapshot, and goes on from there. It started when the clock showed the
    /// same.
    pub(crate) fn copied(&mut self, process: ProcessId, task: i32, serial: u64) {
        let Some(kept) = self.kept.get(&serial).copied() else {
            return;
        };
        self.tasks.born(task, kept.born, kept.used);
        self.readings.remove(&task);
        self.reach(process, kept.reached);
        if kept.uses.moved {
            self.move_to(process, kept.reached);
        }
        self.uses.copied(process, kept.uses);
    }

    /// This fork snapshot is gone.
    pub(super) fn discard(&mut self, serial: u64) {
        self.kept.remove(&serial);
    }

    fn birth(&self, task: i32) -> Duration {
        self.tasks.birth(task).unwrap_or(self.aged)
    }

    /// When a task began, in ticks since the machine was started.
    pub(super) fn birth_ticks(&self, task: i32) -> u128 {
        ticks(BEGAN[1].saturating_add(self.birth(task)))
    }

    /// The time that a contender has reached since the beginning.
    pub(crate) fn reached(&self, process: ProcessId) -> Duration {
        self.reached.get(&process).copied().unwrap_or(self.aged)
    }

    /// What the next reading of a contender follows from: the time that it has reached, and that others have moved the clock to.
    pub(super) fn shows(&self, process: ProcessId) -> Duration {
        self.moved.values().copied().fold(self.reached(process), Duration::max)
    }

    fn reach(&mut self, process: ProcessId, moment: Duration) {
        let reached = self.reached.entry(process).or_insert(self.aged);
        *reached = moment.max(*reached);
    }

    /// Whether a task has only started so far, and may be housekeeping of a runtime.
    pub(crate) fn is_idle(&self, at: &AtCall<'_>) -> bool {
        at.task != at.group && !self.actors.contains(&at.task)
    }

    /// The time that a task has reached, without reading the clock.
    pub(crate) fn of_task(&self, at: &AtCall<'_>) -> Duration {
        let reached = self.reached(at.process);
        let apart = self.apart.get(&at.task).filter(|_| self.is_idle(at));
        apart.map_or(reached, |apart| reached.max(apart.reached))
    }

    /// A task makes a call that is not a reading.
    pub(crate) fn calls(&mut self, at: &AtCall<'_>) {
        self.readings.remove(&at.task);
    }

    /// Whether how the kernel runs the threads of a contender decides what it does in a step.
    pub(crate) fn has_threads(&self, process: ProcessId) -> bool {
        self.uses.has_threads(process)
    }

    /// A task has come to a controlled call; `has_threads` if its contender has other threads.
    pub(crate) fn acts(&mut self, at: &AtCall<'_>, has_threads: bool) {
        self.uses.acts(at.process, has_threads);
        self.actors.insert(at.task);
    }

    /// A thread that may be housekeeping sleeps until then, and the sleep is cut short. Returns how many were cut before.
    pub(crate) fn cut(&mut self, at: &AtCall<'_>, until: Duration) -> u32 {
        let apart = self.apart.entry(at.task).or_default();
        apart.reached = apart.reached.max(until);
        apart.sleeps += 1;
        apart.sleeps - 1
    }

    /// Whether a sleep was cut short and has not ended yet.
    pub(crate) fn has_cut(&self) -> bool {
        self.apart.values().any(|apart| apart.sleeps > 0)
    }

    /// A thread ends, and others may have waited for that: what it has slept has passed for all.
    pub(crate) fn ends(&mut self, at: &AtCall<'_>) {
        if let Some(reached) = self.cut_until(at.task).filter(|_| self.is_idle(at)) {
            self.move_to(at.process, reached);
        }
    }

    /// The end of the sleep that was cut short before the first controlled call of a task, if there was one.
    pub(crate) fn cut_until(&self, task: i32) -> Option<Duration> {
        let apart = self.apart.get(&task).filter(|apart| apart.sleeps > 0);
        apart.map(|apart| apart.reached)
    }

    /// A contender begins a step, by a controlled call of this task if there is one: the sleep before its first one ends now.
    pub(crate) fn begins(&mut self, process: ProcessId, task: Option<i32>) {
        self.uses.step(process);
        let apart = task.and_then(|task| self.apart.remove(&task));
        if let Some(apart) = apart.filter(|apart| apart.sleeps > 0) {
            self.move_to(process, apart.reached);
        }
    }

    /// Moves the clock: a sleep of the contender has lasted until then.
    pub(crate) fn move_to(&mut self, process: ProcessId, moment: Duration) {
        self.reach(process, moment);
        let moved = self.moved.entry(process).or_default();
        *moved = moment.max(*moved);
        self.uses.moved(process);
    }

    /// A step of the contender has touched this.
    pub(crate) fn touches(&mut self, process: ProcessId, accesses: &Accesses) {
        for access in accesses.iter() {
            let stored = self.stored.iter().filter(|(object, _)| object.overlaps(&access.object));
            if let Some(last) = stored.map(|(_, time)| *time).max() {
                self.reach(process, last);
            }
        }
        let now = self.reached(process);
        for access in accesses.iter().filter(|access| access.kind == AccessKind::Store) {
            self.stored.insert(access.object.clone(), now);
        }
    }

    /// Adds to a footprint what the step of a contender has done with the clock, among this number of contenders.
    pub(crate) fn add_to(&self, accesses: &mut Accesses, process: ProcessId, contenders: usize) {
        self.uses.add_to(accesses, process, contenders);
    }

    /// Adds what the next step of a contender may read of the clock, as far as that is known by now.
    pub(crate) fn forecast(&self, accesses: &mut Accesses, process: ProcessId, contenders: usize) {
        self.uses.forecast(accesses, process, contenders);
    }

    /// A contender has spun without a sleep for so long while nothing else could happen.
    pub(crate) fn spins(&mut self, process: ProcessId, moment: Duration) {
        let passed = moment.saturating_sub(self.reached(process));
        self.tasks.spins(process, passed);
        self.move_to(process, moment);
    }

    /// The part of the CPU time of a contender that does not follow from its own readings.
    pub(super) fn spun(&self, process: ProcessId) -> Duration {
        self.tasks.spun(process)
    }

    /// Reads the CPU time of a task.
    pub(super) fn cpu(&mut self, at: &AtCall<'_>) -> Duration {
        let passed = self.reads_once_more(at);
        self.tasks.read(at.process, at.task, passed)
    }

    /// The same in ticks.
    pub(super) fn cpu_ticks(&mut self, at: &AtCall<'_>) -> u128 {
        ticks(self.cpu(at))
    }

    /// Reads the clock for a task: the time since the beginning.
    pub(crate) fn read(&mut self, at: &AtCall<'_>) -> Duration {
        let passed = self.reads_once_more(at);
        if self.is_idle(at) {
            // It may pass on what it reads.
            let now = self.of_task(at).max(self.shows(at.process)).saturating_add(passed);
            self.apart.entry(at.task).or_default().reached = now;
            self.uses.read(at.process);
            return now;
        }
        let now = self.shows(at.process).saturating_add(passed);
        self.reach(at.process, now);
        self.uses.read(at.process);
        if passed > READING {
            self.move_to(at.process, now);
        }
        now
    }

    /// Reads the clock for a task: the time since the machine was started.
    pub(super) fn since_start(&mut self, at: &AtCall<'_>) -> Duration {
        BEGAN[1].saturating_add(self.read(at))
    }

    /// What the counter of the processor shows to a task: nanoseconds since the machine was started. `passes` if the reading
    /// decides nothing, so that it is no reading of the clock.
    pub(crate) fn counter(&mut self, at: &AtCall<'_>, passes: bool) -> u64 {
        let now = if passes { self.of_task(at) } else { self.read(at) };
        u64::try_from(BEGAN[1].saturating_add(now).as_nanos()).unwrap_or(u64::MAX)
    }

    /// A task reads a clock; returns how far that advances it.
    fn reads_once_more(&mut self, at: &AtCall<'_>) -> Duration {
        let row = self.readings.entry(at.task).or_default();
        *row = row.saturating_add(1);
        let doublings = row.saturating_sub(PATIENT_READINGS).min(30);
        READING.saturating_mul(1 << doublings).min(LONGEST_READING)
    }

    /// The moment, since the beginning, at which a clock shows this; `None` for a clock that the kernel answers.
    pub(crate) fn moment(&self, clock: u64, shows: Duration) -> Option<Duration> {
        Some(shows.saturating_sub(began(clock)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::trace::Memory;

    const P0: ProcessId = ProcessId(0);
    const P1: ProcessId = ProcessId(1);
    const SECOND: Duration = Duration::from_secs(1);

    fn memory() -> Memory {
        Memory::of(std::process::id().cast_signed()).unwrap()
    }

    fn at(memory: &Memory, process: ProcessId, task: i32, group: i32) -> AtCall<'_> {
        AtCall {
            process,
            task,
            group,
            ..AtCall::of_this_process(memory, [0; 6])
        }
    }

    fn uses(time: &Time, process: ProcessId) -> Accesses {
        let mut accesses = Accesses::none();
        time.add_to(&mut accesses, process, 2);
        accesses
    }

    #[test]
    fn the_end_of_a_sleep_conflicts_with_a_reading_of_another_and_not_with_its_sleep() {
        let memory = memory();
        let mut time = Time::new();
        time.begins(P0, None);
        time.move_to(P0, SECOND);
        time.begins(P1, None);
        assert!(time.read(&at(&memory, P1, 2, 2)) > SECOND);
        assert!(uses(&time, P0).conflict(&uses(&time, P1)));
        time.begins(P1, None);
        time.move_to(P1, 2 * SECOND);
        assert!(!uses(&time, P0).conflict(&uses(&time, P1)));
    }

    #[test]
    fn readings_conflict_with_nothing_and_what_was_stored_later_is_never_read_earlier() {
        let memory = memory();
        let mut time = Time::new();
        for _ in 0..PATIENT_READINGS {
            time.read(&at(&memory, P0, 1, 1));
        }
        let written = time.reached(P0);
        assert!(!uses(&time, P0).conflict(&uses(&time, P1)) && uses(&time, P0).stores().next().is_none());
        let mut store = Accesses::none();
        store.store(Object::Cell(0));
        let mut load = Accesses::none();
        load.load(Object::Cell(0));
        time.touches(P0, &store);
        time.touches(P1, &load);
        assert!(time.read(&at(&memory, P1, 2, 2)) > written);
    }

    #[test]
    fn a_loop_that_only_reads_the_clock_gets_to_its_moment() {
        let memory = memory();
        let mut time = Time::new();
        let reading = at(&memory, P0, 1, 1);
        let readings = (0..).find(|_| time.read(&reading) > 30 * SECOND);
        assert!(readings.is_some_and(|readings| readings < 2 * PATIENT_READINGS));
        // That has moved the clock of all.
        assert!(uses(&time, P0).stores().next().is_some());
    }

    #[test]
    fn a_thread_that_only_waits_moves_no_clock_until_it_acts() {
        let memory = memory();
        let mut time = Time::new();
        let thread = at(&memory, P0, 2, 1);
        time.begins(P0, Some(1));
        time.cut(&thread, SECOND);
        assert!(time.read(&thread) > SECOND && time.reached(P0) < SECOND);
        // It may pass on what it reads.
        assert!(uses(&time, P0).stores().next().is_none() && !uses(&time, P0).is_empty());
        time.acts(&thread, false);
        time.begins(P0, Some(2));
        assert!(time.reached(P0) > SECOND && uses(&time, P0).stores().next().is_some());
    }

    #[test]
    fn the_sleep_of_a_thread_that_ends_has_passed_for_its_process() {
        let memory = memory();
        let mut time = Time::new();
        time.begins(P0, Some(1));
        time.cut(&at(&memory, P0, 2, 1), SECOND);
        time.ends(&at(&memory, P0, 2, 1));
        assert!(time.reached(P0) >= SECOND && uses(&time, P0).stores().next().is_some());
    }
}
