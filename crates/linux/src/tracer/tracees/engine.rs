//! Runs traced tasks: waits for their events, and asks the interpreter what each call means.
//!
//! The registry knows where each task is; the interpreter knows what calls mean. Neither knows the other: events go through
//! [`Engine::next`]. Every wait has a limit, and a wait that reaches it loses the execution. Every wait also ends with the
//! search: see [`SearchEnd`].

use std::cell::Cell;
use std::time::Duration;

use super::event::{Birth, TaskEvent};
use super::loss::{lost, untraced};
use super::registry::{Tracees, zygote_gone};
use super::search_end::SearchEnd;
use super::signalled::show_counter;
use super::task::AtExit;
use super::watchdog::Watchdog;
use crate::sys::task_state::TaskStat;
use crate::sys::trace::NO_CALL;
use crate::sys::tracee;
use crate::tracer::syscalls::interpreter::{Interpreter, Made};
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

/// How many events a contender may cause between two steps, and other tasks while one task is waited for. To handle all of them
/// takes about half a minute.
const MOST_EVENTS: u32 = 2_000_000;

/// How long the tracer waits for an event before it reads the states of tasks: most tasks stop before.
const MOMENT: Duration = Duration::from_micros(60);

/// How long it waits before it reads them once more.
const PAUSE: Duration = Duration::from_micros(100);

/// After how many of these a contender that computes may need its housekeeping: Go's takes the processor from one goroutine for
/// another.
const PAUSES_OF_A_DOZE: u32 = 10;

/// A wait for an event of one task, while other tasks may go on.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    /// What the tracer waits for, for messages.
    doing: &'a str,
    task: i32,
    /// How much has happened since it began.
    events: Cell<u32>,
}

impl<'a> Wait<'a> {
    /// A wait for this task.
    pub(crate) fn of(doing: &'a str, task: i32) -> Self {
        let events = Cell::new(0);
        Self { doing, task, events }
    }
}

/// The traced tasks, and the interpreter of their calls.
pub(crate) struct Engine {
    // Dropped first: the contenders die before the rest.
    pub(crate) tracees: Tracees,
    pub(crate) interpreter: Box<dyn Interpreter>,
    /// When the search ends, and with it each wait.
    pub(crate) search_end: SearchEnd,
}

impl Engine {
    /// Passes one event on to the interpreter.
    fn handle(&mut self, event: TaskEvent) -> Result<(), Lost> {
        match event {
            TaskEvent::Created {
                process,
                task,
                group,
                birth,
            } => {
                if birth == Birth::First {
                    self.interpreter.starts(process, task);
                }
                self.interpreter.born(process, task, group);
            }
            TaskEvent::ReachedCall { stopped, entry } => {
                let Some((stopped, entry)) = self.tracees.pass_copy_point(stopped, entry) else {
                    return Ok(());
                };
                let decision = self.interpreter.decide(&self.tracees.reached(&stopped, entry));
                self.tracees.apply(stopped, entry, decision)?;
            }
            TaskEvent::Returned { stopped, entry } => {
                let returned = stopped.returned().map_err(|error| untraced(&error))?;
                self.interpreter
                    .examine(&self.tracees.reached(&stopped, entry), returned)?;
                self.tracees.resume(stopped);
            }
            TaskEvent::ReadsCounter { stopped, reading } => {
                let at = self.tracees.reached(&stopped, NO_CALL);
                let shows = self.interpreter.counter(&at, reading.instruction);
                show_counter(stopped, reading, shows)?;
            }
            TaskEvent::Executed { stopped, replaced } => {
                if let Some(thread) = replaced {
                    self.interpreter.renumbered(thread, stopped.task());
                    self.interpreter.gone(thread);
                }
                let stack = stopped.registers().map_err(|error| untraced(&error))?.stack();
                let task = stopped.task();
                let (process, memory) = self.tracees.memory(task);
                let changed = self.interpreter.executed(process, task, memory, stack);
                changed.map_err(|error| untraced(&error))?;
                self.tracees.resume(stopped);
            }
            TaskEvent::Exited(task) => self.interpreter.gone(task),
        }
        Ok(())
    }

    /// Handles an event of the registry, if there is one.
    pub(crate) fn handle_any(&mut self, event: Option<TaskEvent>) -> Result<(), Lost> {
        event.map_or(Ok(()), |event| self.handle(event))
    }

    /// Handles what has happened to one task since the last call; returns whether anything has. Does not wait.
    fn poll(&mut self) -> Result<bool, Lost> {
        let Some(seen) = tracee::look().map_err(|error| untraced(&error))? else {
            return Ok(false);
        };
        let event = self.tracees.take_in(seen)?;
        self.handle_any(event)?;
        Ok(true)
    }

    /// Waits until something happens to a task, and handles it.
    ///
    /// # Errors
    ///
    /// When nothing happens because the task computes or is held by the kernel, or too much happens to other tasks.
    pub(crate) fn next(&mut self, wait: &Wait<'_>) -> Result<(), Lost> {
        let doing = wait.doing;
        self.search_end.check(|| doing.to_owned())?;
        wait.events.set(wait.events.get() + 1);
        if wait.events.get() > MOST_EVENTS {
            let reason = format!("{doing}: it has not happened, while other tasks have made {MOST_EVENTS} calls");
            return Err(lost(Retry::Maybe, reason));
        }
        let mut watchdog = Watchdog::new();
        while !self.poll()? {
            self.search_end.check(|| doing.to_owned())?;
            if watchdog.is_due() {
                let stat = TaskStat::of(wait.task).ok();
                if let Some(stuck) = watchdog.look(stat.iter().map(|stat| (wait.task, stat))) {
                    return Err(lost(Retry::Maybe, format!("{doing}: {stuck}")));
                }
            }
            tracee::await_change(PAUSE);
        }
        Ok(())
    }

    /// Waits until the zygote takes orders.
    pub(crate) fn await_zygote(&mut self) -> Result<(), Lost> {
        let wait = Wait::of(
            "waiting for the process that starts contenders",
            self.tracees.zygote.pid(),
        );
        while !self.tracees.zygote_is_ready() {
            if let Some(how) = self.tracees.zygote_end() {
                return Err(zygote_gone(how));
            }
            self.next(&wait)?;
        }
        Ok(())
    }

    /// Starts the first process of a contender, which runs from here on.
    pub(crate) fn start(&mut self, process: ProcessId) -> Result<(), Lost> {
        // After a loss it may still be busy.
        self.await_zygote()?;
        self.tracees.order_start(process)?;
        let wait = Wait::of("waiting for the start of a contender", self.tracees.zygote.pid());
        while self.tracees.start_is_pending() {
            self.next(&wait)?;
        }
        self.await_zygote()
    }

    /// Runs the tasks of a contender until all of them are quiet.
    pub(crate) fn quiet(&mut self, process: ProcessId) -> Result<(), Lost> {
        let doing = || format!("{process} was not quiet yet");
        let mut watchdog = Watchdog::new();
        let (mut events, mut pauses) = (0, 0);
        loop {
            self.search_end.check(doing)?;
            while self.poll()? {
                self.search_end.check(doing)?;
                watchdog = Watchdog::new();
                events += 1;
                if events > MOST_EVENTS {
                    let reason = format!(
                        "{process} does not become quiet: it has made {MOST_EVENTS} calls outside of the watched directories"
                    );
                    return Err(lost(Retry::Never, reason));
                }
            }
            if !self.tracees.has_running(process) {
                return Ok(());
            }
            tracee::await_change(MOMENT);
            if self.poll()? {
                continue;
            }
            let asleep = self.tracees.all_asleep(process);
            // A task may have woken, stopped and fallen asleep between the two polls.
            if self.poll()? {
                continue;
            }
            if asleep {
                return Ok(());
            }
            if watchdog.is_due()
                && let Some(stuck) = watchdog.look(self.tracees.running_stats(process))
            {
                let reason = format!(
                    "{process} does not become quiet: {stuck} (task {})",
                    self.tracees.running_numbers(process)
                );
                return Err(lost(Retry::Never, reason));
            }
            tracee::await_change(PAUSE);
            pauses += 1;
            if pauses % PAUSES_OF_A_DOZE == 0 {
                self.tracees.wake_dozing(process)?;
            }
        }
    }

    /// Lets a task make the call at which it is stopped, and waits until it returns.
    pub(crate) fn perform(&mut self, task: i32, made: Made) -> Result<(AtExit, i64), Lost> {
        let call = self.tracees.start_call(task, made)?;
        let doing = format!("{} in a system call", call.process);
        let wait = Wait::of(&doing, task);
        loop {
            self.next(&wait)?;
            if let Some(returned) = self.tracees.take_returned(&call)? {
                return Ok(returned);
            }
        }
    }

    /// Lets a process end, with all its threads: the task is stopped at its exit call.
    pub(crate) fn end(&mut self, task: i32) -> Result<(), Lost> {
        let group = self.tracees.at(task).group;
        self.tracees.let_go(task);
        let wait = Wait::of("waiting for the end of a process", task);
        while self.tracees.has_group(group) {
            self.next(&wait)?;
        }
        Ok(())
    }

    /// Kills all tasks of a contender, or of all, and waits until they are gone.
    pub(crate) fn kill(&mut self, only: Option<ProcessId>) -> Result<(), Lost> {
        let mut watchdog = Watchdog::new();
        while self.tracees.kill(only) {
            self.search_end.check(|| "killing contenders".to_owned())?;
            if watchdog.is_due() {
                let doomed = self.tracees.tasks.iter();
                let doomed = doomed.filter(|(_, task)| only.is_none_or(|process| task.process == process));
                if let Some(stuck) = watchdog.look(doomed.map(|(number, task)| (*number, &task.status))) {
                    return Err(lost(
                        Retry::Maybe,
                        format!("a killed contender is still there: {stuck}"),
                    ));
                }
            }
            if let Some(seen) = tracee::look().map_err(|error| untraced(&error))? {
                let event = self.tracees.take_in_while_killing(seen, only)?;
                self.handle_any(event)?;
            } else {
                tracee::await_change(PAUSE);
            }
        }
        Ok(())
    }
}
