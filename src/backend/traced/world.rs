//! The world of traced processes: it stops and starts them, one at a time, as the search says.
//!
//! A contender here is one task: a lock over `Fs` makes no other. A contender that makes one is lost. Deliberately knows no
//! call: see `interpreter.rs`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::board::Board;
use super::interpreter::{AtCall, Decision, Interpreter, Made, Outcome};
use super::primitives::Primitives;
use crate::access::Accesses;
use crate::backend::sim;
use crate::explore::{Again, Lost, Model, Move, World};
use crate::happens_before::Step;
use crate::history::{Event, History, Snapshot, What};
use crate::id::ProcessId;
use crate::primitive::LockPrimitive;
use crate::scenario::Scenario;
use crate::sys::give_way;
use crate::sys::process::Worker;
use crate::sys::trace::{Entry, Memory};
use crate::sys::tracee::{self, Seen, Stopped, Until, Why};
use crate::sys::zygote::AWAIT_ORDER;

/// How long a task that was let go may take to stop again.
const QUIET_LIMIT: Duration = Duration::from_secs(10);

/// A contender that is stopped at a call.
struct Standing {
    stopped: Stopped,
    entry: Entry,
    memory: Memory,
    finished: bool,
}

pub(super) struct TracedWorld {
    primitive: &'static dyn LockPrimitive,
    scenario: Scenario,
    root: PathBuf,
    board: Rc<Board>,
    execution: u64,
    // Before the zygote: what it makes dies first.
    contenders: Vec<Option<Standing>>,
    /// The numbers of the contenders that live.
    tasks: Vec<i32>,
    zygote: Worker,
    ready: Option<Stopped>,
    interpreter: Primitives,
    tale: Vec<Event>,
    snapshots: Vec<Snapshot>,
}

fn lost(again: Again, reason: String) -> Lost {
    Lost { reason, again }
}

/// An error of ptrace: the task was killed, or is not ours any more.
fn untraced(error: &io::Error) -> Lost {
    lost(Again::Maybe, format!("a traced process cannot be reached: {error}"))
}

impl TracedWorld {
    /// With a zygote that is traced and was let go.
    pub(super) fn new(
        primitive: &'static dyn LockPrimitive,
        scenario: &Scenario,
        root: &Path,
        board: Rc<Board>,
        zygote: Worker,
    ) -> Result<Self, Lost> {
        let mut world = Self {
            primitive,
            scenario: scenario.clone(),
            root: root.to_owned(),
            board,
            execution: 0,
            contenders: Vec::new(),
            tasks: Vec::new(),
            zygote,
            ready: None,
            interpreter: Primitives::new(sim::prepared(primitive, scenario), scenario.processes),
            tale: Vec::new(),
            snapshots: Vec::new(),
        };
        world.await_zygote(None)?;
        Ok(world)
    }

    fn directory(&self) -> PathBuf {
        self.root.join(format!("e{}", self.execution))
    }

    /// The next stop or end of any task.
    fn wait(&mut self, doing: &str) -> Result<Seen, Lost> {
        let began = Instant::now();
        loop {
            if let Some(seen) = tracee::look().map_err(|error| untraced(&error))? {
                if let Seen::Ended(gone, _) = &seen {
                    self.tasks.retain(|task| task != gone);
                }
                return Ok(seen);
            }
            if began.elapsed() > QUIET_LIMIT {
                let reason = format!("{doing}: it did not become quiet within {QUIET_LIMIT:?}");
                return Err(lost(Again::Maybe, reason));
            }
            give_way();
        }
    }

    /// Until the zygote waits for orders again, and its child, if it was to have one, stands at its beginning.
    fn await_zygote(&mut self, order: Option<ProcessId>) -> Result<Option<Stopped>, Lost> {
        let mut child = None;
        while self.ready.is_none() || (order.is_some() && child.is_none()) {
            match self.wait("the zygote")? {
                Seen::Stopped(stopped, why) if stopped.task() == self.zygote.pid() => {
                    let entry = match why {
                        Why::Entry => Some(stopped.entry().map_err(|error| untraced(&error))?),
                        _ => None,
                    };
                    if entry.is_some_and(|entry| entry.number == AWAIT_ORDER) {
                        self.ready = Some(stopped);
                    } else {
                        let _running = stopped.go(Until::Next, None);
                    }
                }
                Seen::Stopped(stopped, Why::New) if order.is_some() => {
                    self.tasks.push(stopped.task());
                    child = Some(stopped);
                }
                Seen::Ended(task, ended) if task == self.zygote.pid() => {
                    return Err(lost(Again::Never, format!("the zygote is gone: {ended}")));
                }
                // What is left of the execution before.
                Seen::Stopped(..) | Seen::Ended(..) => {}
            }
        }
        Ok(child)
    }

    /// Starts a contender and lets it run to its first call.
    fn start(&mut self, process: ProcessId) -> Result<(), Lost> {
        // After a loss it may still be on its way.
        self.await_zygote(None)?;
        let zygote = self.ready.take().expect("it was awaited");
        zygote
            .answer(i64::try_from(process.index()).expect("a small number"))
            .map_err(|error| untraced(&error))?;
        let _running = zygote.go(Until::Next, None);
        let child = self.await_zygote(Some(process))?;
        let child = child.expect("it was awaited");
        let memory = Memory::of(child.task()).map_err(|error| untraced(&error))?;
        self.run(process, child, memory)
    }

    /// Lets a contender run to its next step, or its end, and hears what it tells.
    fn run(&mut self, process: ProcessId, stopped: Stopped, memory: Memory) -> Result<(), Lost> {
        let mut standing = stopped;
        let mut signal = None;
        loop {
            let running = standing.go(Until::Next, signal.take());
            let (stopped, why) = self.stop_of(process, running.task())?;
            match why {
                Why::Entry => {
                    let entry = stopped.entry().map_err(|error| untraced(&error))?;
                    match self.interpreter.decide(&at(process, &stopped, &memory, entry)) {
                        Decision::Harmless => {}
                        Decision::Answered(returned) => stopped.answer(returned).map_err(|error| untraced(&error))?,
                        decision @ (Decision::Controlled | Decision::Finished) => {
                            let what = self.board.drain(process, &self.directory());
                            self.tale.extend(what.into_iter().map(|what| Event { process, what }));
                            self.contenders[process.index()] = Some(Standing {
                                stopped,
                                entry,
                                memory,
                                finished: decision == Decision::Finished,
                            });
                            return Ok(());
                        }
                        Decision::Uncontrolled(reason) => return Err(lost(Again::Never, reason)),
                    }
                }
                Why::Signal(number) => signal = Some(number),
                Why::Exit | Why::New => {}
                other => {
                    let reason = format!("{process} does what is not controlled: {other:?}");
                    return Err(lost(Again::Never, reason));
                }
            }
            standing = stopped;
        }
    }

    fn stop_of(&mut self, process: ProcessId, task: i32) -> Result<(Stopped, Why), Lost> {
        loop {
            match self.wait(&process.to_string())? {
                Seen::Stopped(stopped, why) if stopped.task() == task => return Ok((stopped, why)),
                Seen::Ended(ended, how) if ended == task => {
                    return Err(lost(Again::Maybe, format!("{process} was lost: {how}")));
                }
                Seen::Ended(ended, how) if ended == self.zygote.pid() => {
                    return Err(lost(Again::Never, format!("the zygote is gone: {how}")));
                }
                Seen::Stopped(..) | Seen::Ended(..) => {}
            }
        }
    }

    /// Kills the contenders of the last execution and waits until they are gone, so that their files are nobody's.
    fn end(&mut self) -> Result<(), Lost> {
        self.contenders.clear();
        self.tasks.iter().for_each(|task| tracee::slay(*task));
        while !self.tasks.is_empty() {
            let _counted = self.wait("a killed contender")?;
        }
        Ok(())
    }

    fn fresh_directory(&mut self) -> io::Result<()> {
        if self.execution > 0 {
            fs::remove_dir_all(self.directory())?;
        }
        self.execution += 1;
        fs::create_dir(self.directory())?;
        for inside in self.scenario.directories(&self.directory()) {
            fs::create_dir(inside)?;
        }
        Ok(())
    }

    fn look(&mut self) {
        let seen = sim::snapshot(&self.scenario, self.interpreter.state(), self.tale.len());
        self.snapshots.extend(seen);
    }

    pub(super) fn take_history(&mut self) -> History {
        self.look();
        let mut history = sim::blank_history(self.primitive, &self.scenario);
        history.events = std::mem::take(&mut self.tale);
        history.snapshots = std::mem::take(&mut self.snapshots);
        history
    }

    fn standing(&self, process: ProcessId) -> Option<&Standing> {
        let standing = self.contenders.get(process.index())?.as_ref()?;
        (!standing.finished).then_some(standing)
    }
}

fn at<'a>(process: ProcessId, stopped: &Stopped, memory: &'a Memory, entry: Entry) -> AtCall<'a> {
    let task = stopped.task();
    AtCall {
        process,
        task,
        group: task,
        memory,
        entry,
    }
}

impl Standing {
    fn at(&self, process: ProcessId) -> AtCall<'_> {
        at(process, &self.stopped, &self.memory, self.entry)
    }
}

impl Model for TracedWorld {
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        self.interpreter.replay(kept, then)
    }

    fn waiting(&mut self) -> Vec<Step> {
        self.interpreter.waiting()
    }
}

impl World for TracedWorld {
    fn reset(&mut self) -> Result<(), Lost> {
        self.end()?;
        self.tale.clear();
        self.snapshots.clear();
        self.fresh_directory().map_err(|error| {
            lost(
                Again::Never,
                format!("no fresh directory below {:?}: {error}", self.root),
            )
        })?;
        self.board.begin(self.execution);
        self.interpreter.begin(&[self.directory()]);
        self.contenders.resize_with(self.scenario.processes, || None);
        for process in ProcessId::first(self.scenario.processes) {
            self.start(process)?;
        }
        self.look();
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        let able = |process: &ProcessId| {
            let standing = self.standing(*process);
            standing.is_some_and(|standing| self.interpreter.may_go_on(&standing.at(*process)))
        };
        processes.extend(ProcessId::first(self.scenario.processes).filter(able));
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        let standing = self.standing(process).expect("the search asks about enabled processes");
        self.interpreter.forecast(&standing.at(process))
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let standing = self.contenders[process.index()].take();
        let Standing {
            stopped, entry, memory, ..
        } = standing.expect("the search takes steps of enabled processes");
        match self.interpreter.before(&at(process, &stopped, &memory, entry))? {
            Made::AsAsked => {}
            Made::With(arguments) => stopped.rewrite(arguments).map_err(|error| untraced(&error))?,
            Made::Answered(returned) => stopped.answer(returned).map_err(|error| untraced(&error))?,
        }
        let running = stopped.go(Until::Exit, None);
        let (stopped, why) = self.stop_of(process, running.task())?;
        if why != Why::Exit {
            let reason = format!("{process} stopped within a call: {why:?}");
            return Err(lost(Again::Maybe, reason));
        }
        let returned = stopped.returned().map_err(|error| untraced(&error))?;
        let outcome = self
            .interpreter
            .after(&at(process, &stopped, &memory, entry), returned)?;
        let Outcome::Performed { call, reply, accesses } = outcome else {
            return Err(lost(Again::Never, format!("{process} waits in a call")));
        };
        let what = What::Performed {
            call,
            reply,
            accesses: accesses.clone(),
        };
        self.tale.push(Event { process, what });
        self.run(process, stopped, memory)?;
        if self.standing(process).is_none() {
            self.look();
        }
        Ok(accesses)
    }
}
