//! All traced tasks: their contender, where each one is, and whether a contender is quiet.
//!
//! A contender is a tree of tasks: processes and their threads. It is *quiet* when each of its tasks is stopped at a call,
//! asleep in the kernel, or gone. Tracer and tracees share one CPU: if nothing happens after the tracer has yielded it, the
//! state letters in `/proc` show which tasks sleep. Knows no call by name, and no scenario.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::event::{Birth, TaskEvent};
use super::fork_snapshots::ForkSnapshots;
use super::loss::{lost, other_architecture, too_many_processes, untraced};
use super::numbers::{TaskNumbers, check_number};
use super::signalled::signalled;
use super::start_order::Order;
use super::task::{At, AtExit, CallStop, PendingCall, Position, RunningSnapshot, Spawning, Starting, Task};
use crate::sys::process::{Ended, Worker};
use crate::sys::signals;
use crate::sys::task_state::TaskStat;
use crate::sys::trace::{Entry, Memory};
use crate::sys::tracee::{Seen, Stopped, Until, Why};
use crate::sys::zygote;
use crate::tracer::syscalls::interpreter::{AtCall, Made};
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::fs::Errno;
use onewinner_core::id::ProcessId;

/// All traced tasks.
pub(crate) struct Tracees {
    pub(crate) tasks: BTreeMap<i32, Task>,
    /// Tasks that stopped before the fork event of their parent: a child is often faster.
    pub(crate) early: BTreeMap<i32, Stopped>,
    /// The first process of each contender.
    pub(crate) first: BTreeMap<ProcessId, i32>,
    /// Contenders whose first process has ended.
    ended: BTreeMap<ProcessId, Ended>,
    /// Tasks that have ended since the last call began.
    pub(crate) gone: BTreeSet<i32>,
    /// The task that makes a call as a step.
    performing: Option<i32>,
    /// Its number before and since, if it called execve in a thread and took the number of its process: ptrace(2), *execve
    /// under ptrace*.
    renumbered: Option<(i32, i32)>,
    /// It has come to the exit of that call.
    pub(super) returned: Option<Stopped>,
    births: u32,
    /// Chooses the numbers of tasks; `None` where the kernel chooses them.
    pub(crate) numbers: Option<TaskNumbers>,
    /// The contender that starts now, if it may be copied.
    pub(super) starting: Option<Starting>,
    /// The task that makes another one now.
    pub(super) spawning: Option<Spawning>,
    /// Tasks that make another one next.
    pub(super) spawns: VecDeque<Stopped>,
    /// Stopped processes that contenders are forked from.
    pub(crate) fork_snapshots: ForkSnapshots,
    /// The snapshot process that runs now.
    pub(crate) running_snapshot: Option<RunningSnapshot>,
    pub(crate) zygote: Worker,
    ready: Option<Stopped>,
    /// The contender whose first process the zygote forks next, and the number of that.
    ordered: Option<(ProcessId, Option<i32>)>,
    /// How the zygote ended, if it has.
    zygote_end: Option<Ended>,
    /// The number of the directory in which the execution takes place.
    directory: u32,
    /// Whether children of the zygote become programs.
    programs: bool,
}

impl Tracees {
    /// No tasks yet; the zygote is traced and runs.
    pub(crate) fn new(zygote: Worker, programs: bool) -> Self {
        Self {
            tasks: BTreeMap::new(),
            early: BTreeMap::new(),
            first: BTreeMap::new(),
            ended: BTreeMap::new(),
            gone: BTreeSet::new(),
            performing: None,
            renumbered: None,
            returned: None,
            births: 0,
            numbers: None,
            starting: None,
            spawning: None,
            spawns: VecDeque::new(),
            fork_snapshots: ForkSnapshots::default(),
            running_snapshot: None,
            zygote,
            ready: None,
            ordered: None,
            zygote_end: None,
            directory: 0,
            programs,
        }
    }

    /// How the zygote ended, if it has.
    pub(crate) fn zygote_end(&self) -> Option<Ended> {
        self.zygote_end
    }

    /// Whether the zygote waits for an order.
    pub(crate) fn zygote_is_ready(&self) -> bool {
        self.ready.is_some()
    }

    /// Orders the zygote to fork the first process of a contender.
    ///
    /// # Errors
    ///
    /// When the zygote does not wait for an order, or cannot be reached.
    pub(crate) fn order_start(&mut self, process: ProcessId) -> Result<(), Lost> {
        let Some(zygote) = self.ready.take() else {
            return Err(lost(
                Retry::Maybe,
                "the process that starts contenders is busy".to_owned(),
            ));
        };
        let numbers = self.numbers.as_mut();
        let number = numbers.map(|numbers| numbers.start(process, 1)).transpose()?;
        self.ordered = Some((process, number));
        self.first.remove(&process);
        let directory = self.directory;
        zygote
            .answer(Order { process, directory }.word())
            .map_err(|error| untraced(&error))?;
        let _running = zygote.go(Until::Next, None);
        Ok(())
    }

    /// What starts next is the holder of a stale lock.
    pub(crate) fn next_leaves_a_stale_lock(&mut self) {
        if let Some(numbers) = &mut self.numbers {
            numbers.holder_of_a_stale_lock();
        }
    }

    /// Whether the zygote has not yet forked the process that was ordered.
    pub(crate) fn start_is_pending(&self) -> bool {
        self.ordered.is_some()
    }

    /// Whether a task of the contender runs or sleeps.
    pub(crate) fn has_running(&self, process: ProcessId) -> bool {
        self.running(process).next().is_some()
    }

    /// Whether each task of the contender that runs is asleep in the kernel.
    pub(crate) fn all_asleep(&self, process: ProcessId) -> bool {
        self.running(process).all(|(_, task)| task.is_asleep())
    }

    /// The numbers of the contender's running tasks, for messages.
    pub(crate) fn running_numbers(&self, process: ProcessId) -> String {
        let tasks: Vec<_> = self.running_tasks(process).map(|task| task.to_string()).collect();
        tasks.join(", ")
    }

    /// The contender's running tasks.
    pub(crate) fn running_tasks(&self, process: ProcessId) -> impl Iterator<Item = i32> {
        self.running(process).map(|(task, _)| *task)
    }

    /// The states of the contender's running tasks.
    pub(super) fn running_stats(&self, process: ProcessId) -> impl Iterator<Item = (i32, &TaskStat)> {
        self.running(process).map(|(number, task)| (*number, &task.status))
    }

    fn running(&self, process: ProcessId) -> impl Iterator<Item = (&i32, &Task)> {
        let runs =
            move |(_, task): &(&i32, &Task)| task.process == process && matches!(task.position, Position::Running);
        self.tasks.iter().filter(runs)
    }

    /// The tasks of a contender that are stopped at a call, from the oldest to the youngest.
    pub(crate) fn standing(&self, process: ProcessId) -> Vec<(i32, At)> {
        let mut standing: Vec<_> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.process == process)
            .filter_map(|(number, task)| match &task.position {
                Position::AtCall(standing) => Some((task.number, *number, standing.at)),
                Position::Running | Position::Dozing(_) => None,
            })
            .collect();
        standing.sort_unstable_by_key(|(number, ..)| *number);
        standing.into_iter().map(|(_, task, at)| (task, at)).collect()
    }

    /// The call at which a task is stopped.
    ///
    /// # Panics
    ///
    /// When it is not stopped.
    pub(crate) fn at(&self, task: i32) -> AtCall<'_> {
        let known = &self.tasks[&task];
        match &known.position {
            Position::AtCall(standing) => known.at(task, standing.entry),
            Position::Running | Position::Dozing(_) => unreachable!("{task} is at no step"),
        }
    }

    /// How the first process of a contender has ended, if it has.
    pub(crate) fn take_end(&mut self, process: ProcessId) -> Option<Ended> {
        self.ended.remove(&process)
    }

    /// Starts the call at which a task is stopped. [`take_returned`](Self::take_returned) gives its result.
    pub(crate) fn start_call(&mut self, task: i32, made: Made) -> Result<PendingCall, Lost> {
        let known = self.tasks.get_mut(&task).expect("a task that stands is known");
        let process = known.process;
        let Position::AtCall(CallStop { stopped, entry, .. }) =
            std::mem::replace(&mut known.position, Position::Running)
        else {
            unreachable!("{task} runs");
        };
        match made {
            Made::AsAsked => {}
            Made::With(arguments) => stopped.rewrite(arguments).map_err(|error| untraced(&error))?,
        }
        self.gone.clear();
        self.performing = Some(task);
        self.renumbered = None;
        let _running = stopped.go(Until::Exit, None);
        Ok(PendingCall { process, task, entry })
    }

    /// The task at the exit of its call and the result; `None` while the call has not returned.
    pub(crate) fn take_returned(&mut self, call: &PendingCall) -> Result<Option<(AtExit, i64)>, Lost> {
        let PendingCall { process, task, entry } = *call;
        let task = match self.renumbered {
            Some((before, since)) if before == task => since,
            _ => task,
        };
        if let Some(stopped) = self.returned.take_if(|stopped| stopped.task() == task) {
            self.performing = None;
            let returned = stopped.returned().map_err(|error| untraced(&error))?;
            return Ok(Some((AtExit { stopped, entry }, returned)));
        }
        if self.gone.contains(&task) {
            Err(lost(Retry::Maybe, format!("{process} was lost in a system call")))
        } else {
            Ok(None)
        }
    }

    /// Whether a task of this process is left.
    pub(crate) fn has_group(&self, group: i32) -> bool {
        self.tasks.values().any(|task| task.group == group)
    }

    /// The call of a task has returned, with what it is about to do next.
    pub(crate) fn at_exit<'a>(&'a self, exit: &'a AtExit) -> AtCall<'a> {
        let task = exit.stopped.task();
        self.tasks[&task].at(task, exit.entry)
    }

    /// Resumes a task whose call has returned.
    pub(crate) fn go_on(&mut self, exit: AtExit) {
        let _running = exit.stopped.go(Until::Next, None);
    }

    /// Answers the call at which a task is stopped, instead of the kernel.
    pub(crate) fn answer(&mut self, task: i32, returned: i64) -> Result<(), Lost> {
        let known = self.tasks.get_mut(&task).expect("a task that stands is known");
        if let Position::AtCall(CallStop { stopped, .. }) = std::mem::replace(&mut known.position, Position::Running) {
            stopped.answer(returned).map_err(|error| untraced(&error))?;
            let _running = stopped.go(Until::Next, None);
        }
        Ok(())
    }

    /// Lets a task make the call at which it is stopped; the result is not reported.
    pub(crate) fn let_go(&mut self, task: i32) {
        let known = self.tasks.get_mut(&task).expect("a task that stands is known");
        if let Position::AtCall(CallStop { stopped, .. }) = std::mem::replace(&mut known.position, Position::Running) {
            let _running = stopped.go(Until::Next, None);
        }
    }

    /// Forgets the last execution, whose tasks have ended.
    pub(crate) fn begin(&mut self, directory: u32) {
        self.directory = directory;
        debug_assert!(self.tasks.is_empty(), "the last execution was ended");
        self.first.clear();
        self.ended.clear();
        self.gone.clear();
        (self.performing, self.returned) = (None, None);
        self.births = 0;
        self.ordered = None;
        self.starting = None;
        self.spawning = None;
        self.spawns.clear();
        if let Some(numbers) = &mut self.numbers {
            numbers.begin();
        }
    }

    /// Records one stop or end of a task.
    ///
    /// Returns what the interpreter of the calls has to know or decide, if anything.
    pub(crate) fn take_in(&mut self, seen: Seen) -> Result<Option<TaskEvent>, Lost> {
        match seen {
            Seen::Ended(task, how) if task == self.zygote.pid() => {
                self.zygote_end = Some(how);
                self.ready = None;
                Err(zygote_gone(how))
            }
            Seen::Ended(task, how) => self.ended(task, how),
            Seen::Stopped(stopped, why) if stopped.task() == self.zygote.pid() => {
                let (mut event, mut numbered) = (None, Ok(()));
                if let Why::Born(child) = why {
                    // Without an order it belongs to an execution that was lost.
                    if let Some((process, number)) = self.ordered.take() {
                        numbered = number.map_or(Ok(()), |number| check_number(number, child));
                        event = Some(self.born(process, child, child, Birth::First)?);
                        self.first.insert(process, child);
                        if let Some(known) = self.tasks.get_mut(&child) {
                            known.prepares = self.programs;
                        }
                    }
                }
                self.zygote_stopped(stopped, why)?;
                numbered?;
                Ok(event)
            }
            Seen::Stopped(stopped, why)
                if self
                    .running_snapshot
                    .as_ref()
                    .is_some_and(|it| it.task == stopped.task()) =>
            {
                if let Some(running_snapshot) = &mut self.running_snapshot {
                    running_snapshot.stop = Some((stopped, why));
                }
                Ok(None)
            }
            Seen::Stopped(stopped, _) if !self.tasks.contains_key(&stopped.task()) => {
                self.early.insert(stopped.task(), stopped);
                Ok(None)
            }
            Seen::Stopped(stopped, why) => self.stopped(stopped, why),
        }
    }

    pub(crate) fn zygote_stopped(&mut self, stopped: Stopped, why: Why) -> Result<(), Lost> {
        let entry = match why {
            Why::Entry => Some(stopped.entry().map_err(|error| untraced(&error))?),
            _ => None,
        };
        if entry.is_some_and(|entry| zygote::awaits_order(&entry)) {
            self.ready = Some(stopped);
        } else {
            let _running = stopped.go(Until::Next, None);
        }
        Ok(())
    }

    fn ended(&mut self, task: i32, how: Ended) -> Result<Option<TaskEvent>, Lost> {
        self.early.remove(&task);
        self.gone.insert(task);
        let Some(known) = self.tasks.remove(&task) else {
            return Ok(None);
        };
        self.spawns_no_more(task)?;
        if self.first.get(&known.process) == Some(&task) {
            self.ended.insert(known.process, how);
        }
        if how == Ended::Killed(signals::BAD_SYSTEM_CALL) {
            return Err(other_architecture(known.process));
        }
        Ok(Some(TaskEvent::Exited(task)))
    }

    /// Adds a new task; if it has stopped already, it continues.
    pub(crate) fn born(&mut self, process: ProcessId, task: i32, group: i32, birth: Birth) -> Result<TaskEvent, Lost> {
        self.births += 1;
        let known = Task::open(process, task, group, self.births).map_err(|error| untraced(&error))?;
        self.tasks.insert(task, known);
        if let Some(stopped) = self.early.remove(&task) {
            let _running = stopped.go(Until::Next, None);
        }
        Ok(TaskEvent::Created {
            process,
            task,
            group,
            birth,
        })
    }

    /// Records the stop of a known task.
    pub(crate) fn stopped(&mut self, stopped: Stopped, why: Why) -> Result<Option<TaskEvent>, Lost> {
        let task = stopped.task();
        if why == Why::Exit && self.has_not_spawned(task)? {
            let returned = stopped.returned().map_err(|error| untraced(&error))?;
            if returned == -i64::from(Errno::EAGAIN.raw()) {
                return Err(too_many_processes(self.tasks[&task].process));
            }
            let _running = stopped.go(Until::Next, None);
            self.spawn_next()?;
            return Ok(None);
        }
        let known = self.tasks.get_mut(&task).expect("a task that is known");
        let (process, group) = (known.process, known.group);
        let mut event = None;
        match why {
            Why::Entry if known.prepares => {}
            Why::Entry => {
                let entry = stopped.entry().map_err(|error| untraced(&error))?;
                return Ok(Some(TaskEvent::ReachedCall { stopped, entry }));
            }
            Why::Exit => return self.returns(stopped),
            Why::Signal(number) => return signalled(known, stopped, number),
            Why::Suspended(_) => {
                let _running = stopped.stay_suspended();
                return Ok(None);
            }
            Why::Born(child) | Why::Vforked(child) => {
                known.vforked = matches!(why, Why::Vforked(_));
                let prepares = known.prepares;
                let is_thread = std::fs::exists(format!("/proc/{group}/task/{child}")).unwrap_or(false);
                let group = if is_thread { group } else { child };
                self.spawned(task, child)?;
                event = Some(self.born(process, child, group, Birth::Later)?);
                if let Some(child) = self.tasks.get_mut(&child) {
                    child.prepares = prepares;
                }
            }
            Why::VforkDone => known.vforked = false,
            Why::Executed(before) => {
                if self.performing == Some(before) {
                    self.performing = Some(task);
                    self.renumbered = Some((before, task));
                }
                let number = self.tasks.remove(&before).map_or(self.births, |caller| caller.number);
                self.tasks.remove(&task);
                let known = Task::open(process, task, task, number).map_err(|error| untraced(&error))?;
                self.tasks.insert(task, known);
                let replaced = (before != task).then_some(before);
                return Ok(Some(TaskEvent::Executed { stopped, replaced }));
            }
            Why::New => {}
            Why::Unknown { signal, event } => {
                let reason = format!(
                    "{process} stopped in a way that the tracer does not know: signal {signal}, ptrace event {event}"
                );
                return Err(lost(Retry::Never, reason));
            }
        }
        self.resume(stopped);
        self.spawn_next()?;
        Ok(event)
    }

    /// Lets a task continue after an event that is not the entry of a call.
    pub(crate) fn resume(&mut self, stopped: Stopped) {
        // execve may be a step: it closes descriptors.
        let known = self.tasks.get(&stopped.task());
        let altered = known.is_some_and(|task| task.altered.is_some());
        let until = if altered || self.performing == Some(stopped.task()) {
            Until::Exit
        } else {
            Until::Next
        };
        let _running = stopped.go(until, None);
    }

    /// The contender of a known task, and the memory of the task.
    pub(crate) fn memory(&self, task: i32) -> (ProcessId, &Memory) {
        let known = &self.tasks[&task];
        (known.process, &known.memory)
    }

    /// The call that a task has reached.
    pub(crate) fn reached<'a>(&'a self, stopped: &Stopped, entry: Entry) -> AtCall<'a> {
        let task = stopped.task();
        self.tasks[&task].at(task, entry)
    }
}

/// The loss of an execution, and the end of the search, after the zygote has ended.
pub(crate) fn zygote_gone(how: Ended) -> Lost {
    lost(
        Retry::SystemFailed,
        format!("the process that starts contenders was lost: {how}"),
    )
}
