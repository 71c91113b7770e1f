//! All traced tasks: whose each is, where it stands, and when those of one contender are quiet.
//!
//! A contender is a tree of tasks: processes and their threads. It is *quiet* when each of its tasks stands at a call, is
//! asleep in the kernel, or is gone. Tracer and tracees share one CPU: if nothing has happened although the CPU was given
//! away, the letters of the states in `/proc` tell who is asleep. Knows no call by name, and no scenario.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};

use super::interpreter::{AtCall, Decision, Interpreter, Made};
use super::order::Order;
use super::task::{At, AtExit, Place, Standing, Task};
use super::template::{Moving, Template};
use crate::sys::process::{Ended, Worker};
use crate::sys::tracee::{self, Seen, Stopped, Until, Why};
use crate::sys::zygote::AWAIT_ORDER;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

/// How long a task may run before it stops, sleeps, or is gone.
pub(super) const QUIET_LIMIT: Duration = Duration::from_secs(10);

/// How long nothing happens before the states of tasks are looked at: most that are let go stop before.
const MOMENT: Duration = Duration::from_micros(20);

/// How long nothing happens before they are looked at once more.
pub(super) const PAUSE: Duration = Duration::from_micros(100);

/// All tasks but the tracer.
pub(super) struct Crowd {
    pub(super) tasks: BTreeMap<i32, Task>,
    /// Tasks that stopped before their birth was told: a child is often faster than the news of it.
    pub(super) early: BTreeMap<i32, Stopped>,
    /// The first process of each contender.
    pub(super) first: BTreeMap<ProcessId, i32>,
    /// Contenders whose first process is gone.
    ended: BTreeMap<ProcessId, Ended>,
    /// Tasks whose end was seen since somebody cared.
    pub(super) gone: BTreeSet<i32>,
    /// The task that makes a call, as a step.
    performing: Option<i32>,
    /// It has come to the exit of that call.
    returned: Option<Stopped>,
    births: u32,
    /// Contenders that are copied instead of started.
    pub(super) templates: BTreeMap<ProcessId, Template>,
    /// The template that is let go now.
    pub(super) moving: Option<Moving>,
    pub(super) zygote: Worker,
    ready: Option<Stopped>,
    /// Whose first process the zygote's next child is.
    ordered: Option<ProcessId>,
    /// The number of the directory in which the execution takes place.
    ground: u32,
    /// Whether children of the zygote become programs.
    programs: bool,
}

pub(super) fn lost(again: Retry, reason: String) -> Lost {
    Lost { reason, again }
}

/// An error of ptrace or of `/proc`: the task was killed, or is not ours any more.
pub(super) fn untraced(error: &io::Error) -> Lost {
    lost(Retry::Maybe, format!("a traced process cannot be reached: {error}"))
}

impl Crowd {
    /// With a zygote that is traced and was let go.
    pub(super) fn new(zygote: Worker, programs: bool) -> Self {
        Self {
            tasks: BTreeMap::new(),
            early: BTreeMap::new(),
            first: BTreeMap::new(),
            ended: BTreeMap::new(),
            gone: BTreeSet::new(),
            performing: None,
            returned: None,
            births: 0,
            templates: BTreeMap::new(),
            moving: None,
            zygote,
            ready: None,
            ordered: None,
            ground: 0,
            programs,
        }
    }

    /// Goes on with another zygote, which is traced and was let go; no contender is there.
    pub(super) fn renew(&mut self, zygote: Worker) {
        debug_assert!(
            self.templates.is_empty(),
            "templates are children of the zygote that made them"
        );
        self.zygote = zygote;
        self.ready = None;
    }

    /// Waits for the next event, and takes it in.
    pub(super) fn next(&mut self, doing: &str, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        let began = Instant::now();
        loop {
            if let Some(seen) = tracee::look().map_err(|error| untraced(&error))? {
                return self.take_in(seen, interpreter);
            }
            if began.elapsed() > QUIET_LIMIT {
                let reason = format!("{doing}: nothing has happened for {QUIET_LIMIT:?}");
                return Err(lost(Retry::Maybe, reason));
            }
            tracee::await_change(PAUSE);
        }
    }

    /// Waits until the zygote takes orders.
    pub(super) fn await_zygote(&mut self, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        while self.ready.is_none() {
            self.next("the zygote", interpreter)?;
        }
        Ok(())
    }

    /// Starts the first process of a contender, which runs from here on.
    pub(super) fn start(&mut self, process: ProcessId, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        // After a loss it may still be on its way.
        self.await_zygote(interpreter)?;
        let zygote = self.ready.take().expect("it was awaited");
        self.ordered = Some(process);
        self.first.remove(&process);
        let ground = self.ground;
        zygote
            .answer(Order { process, ground }.word())
            .map_err(|error| untraced(&error))?;
        let _running = zygote.go(Until::Next, None);
        while self.ordered.is_some() {
            self.next("the zygote", interpreter)?;
        }
        self.await_zygote(interpreter)
    }

    /// Runs the tasks of a contender until all of them are quiet.
    pub(super) fn quiet(&mut self, process: ProcessId, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        let began = Instant::now();
        loop {
            while let Some(seen) = tracee::look().map_err(|error| untraced(&error))? {
                self.take_in(seen, interpreter)?;
            }
            if !self.running(process).any(|_| true) {
                return Ok(());
            }
            tracee::await_change(MOMENT);
            if let Some(seen) = tracee::look().map_err(|error| untraced(&error))? {
                self.take_in(seen, interpreter)?;
                continue;
            }
            let asleep = self.running(process).all(|(_, task)| task.is_asleep());
            // It may have woken up, stopped and fallen asleep between the two looks.
            match tracee::look().map_err(|error| untraced(&error))? {
                Some(seen) => self.take_in(seen, interpreter)?,
                None if asleep => return Ok(()),
                None if began.elapsed() > QUIET_LIMIT => {
                    let tasks: Vec<_> = self.running(process).map(|(task, _)| task.to_string()).collect();
                    let reason = format!(
                        "{process} does not become quiet: it has computed for {QUIET_LIMIT:?} without a system call (task {})",
                        tasks.join(", ")
                    );
                    return Err(lost(Retry::Never, reason));
                }
                None => tracee::await_change(PAUSE),
            }
        }
    }

    fn running(&self, process: ProcessId) -> impl Iterator<Item = (&i32, &Task)> {
        let runs = move |(_, task): &(&i32, &Task)| task.process == process && matches!(task.place, Place::Running);
        self.tasks.iter().filter(runs)
    }

    /// The tasks of a contender that stand at a call, from the oldest to the youngest.
    pub(super) fn standing(&self, process: ProcessId) -> Vec<(i32, At)> {
        let mut standing: Vec<_> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.process == process)
            .filter_map(|(number, task)| match &task.place {
                Place::Stands(standing) => Some((task.number, *number, standing.at)),
                Place::Running => None,
            })
            .collect();
        standing.sort_unstable_by_key(|(number, ..)| *number);
        standing.into_iter().map(|(_, task, at)| (task, at)).collect()
    }

    /// The call at which a task stands.
    ///
    /// # Panics
    ///
    /// When it stands at none.
    pub(super) fn at(&self, task: i32) -> AtCall<'_> {
        let known = &self.tasks[&task];
        match &known.place {
            Place::Stands(standing) => known.at(task, standing.entry),
            Place::Running => unreachable!("{task} runs"),
        }
    }

    /// How the first process of a contender has ended, if it has.
    pub(super) fn take_end(&mut self, process: ProcessId) -> Option<Ended> {
        self.ended.remove(&process)
    }

    /// Lets a task make the call at which it stands, and waits until it returns.
    pub(super) fn perform(
        &mut self,
        task: i32,
        made: Made,
        interpreter: &mut dyn Interpreter,
    ) -> Result<(AtExit, i64), Lost> {
        let known = self.tasks.get_mut(&task).expect("a task that stands is known");
        let process = known.process;
        let Place::Stands(Standing { stopped, entry, .. }) = std::mem::replace(&mut known.place, Place::Running) else {
            unreachable!("{task} runs");
        };
        match made {
            Made::AsAsked => {}
            Made::With(arguments) => stopped.rewrite(arguments).map_err(|error| untraced(&error))?,
            Made::Answered(returned) => stopped.answer(returned).map_err(|error| untraced(&error))?,
        }
        self.gone.clear();
        self.performing = Some(task);
        let _running = stopped.go(Until::Exit, None);
        let doing = format!("{process} in a system call");
        loop {
            self.next(&doing, interpreter)?;
            if let Some(stopped) = self.returned.take_if(|stopped| stopped.task() == task) {
                self.performing = None;
                let returned = stopped.returned().map_err(|error| untraced(&error))?;
                return Ok((AtExit { stopped, entry }, returned));
            }
            if self.gone.contains(&task) {
                return Err(lost(Retry::Maybe, format!("{process} was lost in a system call")));
            }
        }
    }

    /// Lets a task go that stands at the call with which its process ends, with all its threads.
    pub(super) fn end(&mut self, task: i32, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        let group = self.tasks[&task].group;
        self.let_go(task);
        while self.tasks.values().any(|task| task.group == group) {
            self.next("a process at its exit", interpreter)?;
        }
        Ok(())
    }

    /// The call of a task has returned, with what it is about to do next.
    pub(super) fn at_exit<'a>(&'a self, exit: &'a AtExit) -> AtCall<'a> {
        let task = exit.stopped.task();
        self.tasks[&task].at(task, exit.entry)
    }

    /// Lets a task go on whose call has returned.
    pub(super) fn go_on(&mut self, exit: AtExit) {
        let _running = exit.stopped.go(Until::Next, None);
    }

    /// Answers the call at which a task stands, in place of the kernel.
    pub(super) fn answer(&mut self, task: i32, returned: i64) -> Result<(), Lost> {
        let known = self.tasks.get_mut(&task).expect("a task that stands is known");
        if let Place::Stands(Standing { stopped, .. }) = std::mem::replace(&mut known.place, Place::Running) {
            stopped.answer(returned).map_err(|error| untraced(&error))?;
            let _running = stopped.go(Until::Next, None);
        }
        Ok(())
    }

    fn let_go(&mut self, task: i32) {
        let known = self.tasks.get_mut(&task).expect("a task that stands is known");
        if let Place::Stands(Standing { stopped, .. }) = std::mem::replace(&mut known.place, Place::Running) {
            let _running = stopped.go(Until::Next, None);
        }
    }

    /// Forgets all that belongs to one execution; its tasks are gone.
    pub(super) fn begin(&mut self, ground: u32) {
        self.ground = ground;
        debug_assert!(self.tasks.is_empty(), "the last execution was ended");
        self.first.clear();
        self.ended.clear();
        self.gone.clear();
        (self.performing, self.returned) = (None, None);
        self.births = 0;
        self.ordered = None;
    }

    pub(super) fn take_in(&mut self, seen: Seen, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        match seen {
            Seen::Ended(task, how) if task == self.zygote.pid() => {
                Err(lost(Retry::Never, format!("the zygote is gone: {how}")))
            }
            Seen::Ended(task, how) => {
                self.ended(task, how, interpreter);
                Ok(())
            }
            Seen::Stopped(stopped, why) if stopped.task() == self.zygote.pid() => {
                if let Why::Born(child) = why {
                    // Of a loss before, if nobody has ordered it.
                    if let Some(process) = self.ordered.take() {
                        self.born(process, child, child, interpreter)?;
                        self.first.insert(process, child);
                        interpreter.starts(process, child);
                        let known = self.tasks.get_mut(&child);
                        known.expect("it was born a moment ago").prepares = self.programs;
                    }
                }
                self.zygote_stopped(stopped, why)
            }
            Seen::Stopped(stopped, why) if self.moving.as_ref().is_some_and(|it| it.task == stopped.task()) => {
                let moving = self.moving.as_mut().expect("it was looked at");
                moving.came = Some((stopped, why));
                Ok(())
            }
            Seen::Stopped(stopped, _) if !self.tasks.contains_key(&stopped.task()) => {
                self.early.insert(stopped.task(), stopped);
                Ok(())
            }
            Seen::Stopped(stopped, why) => self.stopped(stopped, why, interpreter),
        }
    }

    pub(super) fn zygote_stopped(&mut self, stopped: Stopped, why: Why) -> Result<(), Lost> {
        let entry = match why {
            Why::Entry => Some(stopped.entry().map_err(|error| untraced(&error))?),
            _ => None,
        };
        if entry.is_some_and(|entry| entry.number == AWAIT_ORDER) {
            self.ready = Some(stopped);
        } else {
            let _running = stopped.go(Until::Next, None);
        }
        Ok(())
    }

    fn ended(&mut self, task: i32, how: Ended, interpreter: &mut dyn Interpreter) {
        self.early.remove(&task);
        self.gone.insert(task);
        if let Some(known) = self.tasks.remove(&task) {
            interpreter.gone(task);
            if self.first.get(&known.process) == Some(&task) {
                self.ended.insert(known.process, how);
            }
        }
    }

    /// A task is there; if it waits already it goes on.
    pub(super) fn born(
        &mut self,
        process: ProcessId,
        task: i32,
        group: i32,
        interpreter: &mut dyn Interpreter,
    ) -> Result<(), Lost> {
        self.births += 1;
        let known = Task::open(process, task, group, self.births).map_err(|error| untraced(&error))?;
        self.tasks.insert(task, known);
        interpreter.born(process, task, group);
        if let Some(stopped) = self.early.remove(&task) {
            let _running = stopped.go(Until::Next, None);
        }
        Ok(())
    }

    pub(super) fn stopped(
        &mut self,
        stopped: Stopped,
        why: Why,
        interpreter: &mut dyn Interpreter,
    ) -> Result<(), Lost> {
        let task = stopped.task();
        let known = self.tasks.get_mut(&task).expect("a task that is known");
        let (process, group) = (known.process, known.group);
        match why {
            Why::Entry if known.prepares => {}
            Why::Entry => return self.at_entry(stopped, interpreter),
            Why::Exit => {
                self.returned = Some(stopped);
                return Ok(());
            }
            Why::Signal(number) => {
                let _running = stopped.go(Until::Next, Some(number));
                return Ok(());
            }
            Why::Suspended(_) => {
                let _running = stopped.stay_suspended();
                return Ok(());
            }
            Why::Born(child) | Why::Vforked(child) => {
                known.vforked = matches!(why, Why::Vforked(_));
                let prepares = known.prepares;
                let is_thread = std::fs::exists(format!("/proc/{group}/task/{child}")).unwrap_or(false);
                self.born(process, child, if is_thread { group } else { child }, interpreter)?;
                if let Some(child) = self.tasks.get_mut(&child) {
                    child.prepares = prepares;
                }
            }
            Why::VforkDone => known.vforked = false,
            Why::Executed(before) => {
                let number = self.tasks.remove(&before).map_or(self.births, |caller| caller.number);
                self.tasks.remove(&task);
                let known = Task::open(process, task, task, number).map_err(|error| untraced(&error))?;
                self.tasks.insert(task, known);
                if before != task {
                    interpreter.gone(before);
                }
                let stack = stopped.registers().map_err(|error| untraced(&error))?.stack();
                let changed = interpreter.executed(&self.tasks[&task].memory, stack);
                changed.map_err(|error| untraced(&error))?;
            }
            Why::New => {}
        }
        // execve may be a step: it closes descriptors.
        let until = match self.performing == Some(task) {
            true => Until::Exit,
            false => Until::Next,
        };
        let _running = stopped.go(until, None);
        Ok(())
    }

    fn at_entry(&mut self, stopped: Stopped, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        let task = stopped.task();
        let entry = stopped.entry().map_err(|error| untraced(&error))?;
        let known = self.tasks.get_mut(&task).expect("a task that is known");
        let at = match interpreter.decide(&known.at(task, entry)) {
            Decision::Harmless => {
                let _running = stopped.go(Until::Next, None);
                return Ok(());
            }
            Decision::Answered(returned) => {
                stopped.answer(returned).map_err(|error| untraced(&error))?;
                let _running = stopped.go(Until::Next, None);
                return Ok(());
            }
            Decision::Uncontrolled(reason) => return Err(lost(Retry::Never, reason)),
            Decision::WantsFresh => return Err(lost(Retry::Maybe, "a contender asks for its number".to_owned())),
            Decision::WantsTime => return Err(lost(Retry::Maybe, "a contender sleeps for a time".to_owned())),
            Decision::Controlled => At::Call,
            Decision::Exits => At::Exit,
            Decision::Sleeps => At::Sleep,
            Decision::Finished => At::Finish,
        };
        known.place = Place::Stands(Standing { stopped, entry, at });
        Ok(())
    }
}
