//! The traced contenders as the system that a search steps: one contender runs at a time, as the search chooses.
//!
//! An [`Interpreter`] understands their calls, a [`Channel`] exchanges messages with them, [`Tracees`] holds their tasks.
//! Knows no system call, and not what a contender is.

pub(crate) mod next_step;
mod steps;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::next_step::NextStep;
use crate::run_directory::removal::remove_tree;
use crate::sys::filter::Clock;
use crate::sys::process::Worker;
use crate::sys::tracee;
use crate::tracer::channel::{Channel, Sent};
use crate::tracer::error::Unavailable;
use crate::tracer::layout::{contender_directory, execution_directories};
use crate::tracer::syscalls::interpreter::Interpreter;
use crate::tracer::tracees::engine::Engine;
use crate::tracer::tracees::fork_snapshot::Kept;
use crate::tracer::tracees::loss::{lost, untraced};
use crate::tracer::tracees::registry::Tracees;
use crate::tracer::tracees::search_end::SearchEnd;
use crate::tracer::tracees::task::At;
use onewinner_core::access::Accesses;
use onewinner_core::backend::sim;
use onewinner_core::explore::{Lost, Model, Move, Retry, System};
use onewinner_core::fs::call::Call;
use onewinner_core::happens_before::Step;
use onewinner_core::history::{Event, History, Snapshot, What};
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::{Scenario, ScenarioKind, Start};

/// How long a contender may stay asleep in the kernel while the tracer waits for its next call or answer.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Builds the lock that a stale scenario starts with; the error in words.
pub(crate) type LeaveBehind = Box<dyn Fn(&Path) -> Result<(), String>>;

/// Makes another zygote, whose children have that clock.
pub(crate) type Renew = Box<dyn Fn(Clock) -> Result<Worker, Unavailable>>;

/// Removes what the last execution has left beside the directory of the run. Returns whether open files may be outdated now.
pub(crate) type Refresh = Box<dyn FnMut() -> io::Result<bool>>;

/// Called before each step and each execution.
pub(crate) type OnStep = Box<dyn FnMut()>;

/// The state of a contender, besides its tasks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contender {
    /// It has not begun: it waits until all others have ended.
    pub(crate) awaits: bool,
    /// It has exited, or was killed.
    pub(crate) ended: bool,
    /// Steps that it has taken.
    pub(crate) taken: u32,
    /// Whether another contender has stored something since this one was last woken.
    pub(crate) others_stored: bool,
    /// How often it was woken from a sleep.
    pub(crate) wakes: u32,
    /// Steps in a row that stored nothing, since another stored something.
    pub(crate) fruitless_steps: u32,
    /// Calls that it has made, failed injections included.
    pub(crate) calls: u32,
}

/// Traced contenders, stepped by a search.
pub(crate) struct TracedSystem {
    pub(crate) scenario: Scenario,
    /// The history before its first event.
    blank: History,
    roots: Vec<PathBuf>,
    renames: bool,
    /// The number of the execution's directory.
    number: u32,
    // Dropped before the rest: the contenders die first.
    pub(crate) engine: Engine,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) channel: Box<dyn Channel>,
    leave_behind: Option<LeaveBehind>,
    renew: Option<Renew>,
    refresh: Refresh,
    notes: Vec<String>,
    /// Whether a program had to wait because it polled without progress.
    pub(crate) spun: bool,
    clock: Clock,
    pub(crate) events: Vec<Event>,
    snapshots: Vec<Snapshot>,
    on_step: OnStep,
}

/// The parts of a system.
pub(crate) struct Parts {
    pub(crate) scenario: Scenario,
    pub(crate) blank: History,
    /// Below each of these every execution has a directory of its own.
    pub(crate) roots: Vec<PathBuf>,
    /// The number of the first execution's directory.
    pub(crate) first_directory: u32,
    /// Whether each execution gets a directory with a new name: a mount may cache what was removed through another mount.
    pub(crate) renames: bool,
    pub(crate) tracees: Tracees,
    pub(crate) interpreter: Box<dyn Interpreter>,
    pub(crate) channel: Box<dyn Channel>,
    /// Builds a stale start, if contenders cannot do so themselves.
    pub(crate) leave_behind: Option<LeaveBehind>,
    /// Makes another zygote, if contenders may need one.
    pub(crate) renew: Option<Renew>,
    pub(crate) refresh: Refresh,
    /// What differs from the request.
    pub(crate) notes: Vec<String>,
}

impl TracedSystem {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            scenario,
            blank,
            roots,
            first_directory,
            renames,
            tracees,
            interpreter,
            channel,
            leave_behind,
            renew,
            refresh,
            notes,
        } = parts;
        Self {
            scenario,
            blank,
            roots,
            renames,
            number: first_directory,
            engine: Engine {
                tracees,
                interpreter,
                search_end: SearchEnd::never(),
            },
            contenders: Vec::new(),
            channel,
            leave_behind,
            renew,
            refresh,
            notes,
            spun: false,
            clock: Clock::Real,
            events: Vec::new(),
            snapshots: Vec::new(),
            on_step: Box::new(|| {}),
        }
    }

    /// Calls this before each step and each execution.
    pub(crate) fn on_step(&mut self, call: OnStep) {
        self.on_step = call;
    }

    /// The number of the last execution's directory.
    pub(crate) fn directory_number(&self) -> u32 {
        self.number
    }

    /// Kills all contenders, and those that others are copied from.
    pub(crate) fn end(&mut self) -> Result<(), Lost> {
        self.engine.kill(None)?;
        self.channel.end();
        self.engine.discard()
    }

    fn directories(&self) -> Vec<PathBuf> {
        execution_directories(&self.roots, self.number)
    }

    fn directory(&self, process: ProcessId) -> PathBuf {
        contender_directory(&self.roots, process, self.number)
    }

    /// Makes an empty directory: the same path for each execution, unless a mount could confuse it with the last one. Several
    /// directories are mounts of one store, so what is made in the first appears in all.
    fn fresh_directories(&mut self) -> io::Result<()> {
        let directory = &self.directories()[0];
        if directory.exists() {
            remove_tree(directory)?;
        }
        self.number += u32::from(self.renames);
        let directory = &self.directories()[0];
        fs::create_dir(directory)?;
        for inside in self.scenario.directories(directory) {
            fs::create_dir(inside)?;
        }
        Ok(())
    }

    /// Prepares all contenders for a new execution; starts none.
    fn begin(&mut self) -> Result<(), Lost> {
        let unusable = |error: io::Error| lost(Retry::Never, format!("no fresh directory: {error}"));
        self.engine.tracees.begin(self.number);
        self.contenders = vec![Contender::default(); self.scenario.participants()];
        let locks: Vec<PathBuf> = ProcessId::first(self.contenders.len())
            .map(|process| self.scenario.lock(&self.directory(process)))
            .collect();
        let locks: Vec<&Path> = locks.iter().map(PathBuf::as_path).collect();
        self.channel.begin(&locks).map_err(unusable)?;
        self.engine.interpreter.begin(&self.directories()).map_err(unusable)
    }

    /// Gives contenders the clock that they need, and drops fork snapshots that no longer fit.
    fn keep_time(&mut self) -> Result<(), Lost> {
        let wanted = self.engine.interpreter.clock();
        if wanted != self.clock || !self.engine.interpreter.copies() {
            self.engine.discard()?;
        }
        if let Some(renew) = self.renew.as_ref().filter(|_| wanted != self.clock) {
            self.engine
                .tracees
                .renew(renew(wanted).map_err(|why| lost(Retry::Never, why.to_string()))?);
            self.engine.await_zygote()?;
            self.clock = wanted;
        }
        Ok(())
    }

    pub(crate) fn start(&mut self, process: ProcessId) -> Result<(), Lost> {
        self.channel.starts(process).map_err(|error| untraced(&error))?;
        if self.engine.has_fork_snapshot(process) {
            self.engine.copy(process)
        } else {
            self.engine.start(process)
        }
    }

    /// Starts a contender for the first time in an execution, and takes a fork snapshot of it where that is possible.
    fn enter(&mut self, process: ProcessId) -> Result<(), Lost> {
        self.start(process)?;
        self.run_until_quiescent(process)?;
        self.engine.interpreter.first_contender_is_ready();
        if self.renew.is_some() && self.engine.interpreter.clock() != self.clock {
            return Err(lost(
                Retry::Maybe,
                "contenders start again, with virtual time".to_owned(),
            ));
        }
        let is_copy = self.engine.is_copy(process);
        if is_copy || !self.engine.interpreter.copies() || !self.channel.is_silent(process) {
            return Ok(());
        }
        match self.engine.keep(process)? {
            Kept::Itself(why) => self.engine.interpreter.keeps(process, Some(why)),
            Kept::Snapshot => {
                self.engine.interpreter.keeps(process, None);
                self.start(process)?;
                self.run_until_quiescent(process)?;
            }
        }
        Ok(())
    }

    /// Runs a contender until all its tasks are quiet, and it has a next step or none ever again.
    pub(crate) fn run_until_quiescent(&mut self, process: ProcessId) -> Result<(), Lost> {
        let began = Instant::now();
        loop {
            self.engine.quiet(process)?;
            if let Some(how) = self.engine.tracees.take_end(process) {
                let lost = lost(Retry::Maybe, format!("{process} was lost: {how}"));
                return Err(self.with_complaint(process, lost));
            }
            if self.read_output(process)? == Sent::Message {
                continue;
            }
            if self.fail(process)? {
                continue;
            }
            if !self.engine.tracees.standing(process).is_empty() || self.channel.rests(process) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                let reason = format!("{process} does not become quiet: it waits for an event that cannot occur");
                return Err(self.with_complaint(process, lost(Retry::Maybe, reason)));
            }
            tracee::await_change(Duration::from_millis(1));
        }
    }

    pub(crate) fn read_output(&mut self, process: ProcessId) -> Result<Sent, Lost> {
        let mut heard = Vec::new();
        let sent = self.channel.read_output(process, &self.directory(process), &mut heard);
        self.events
            .extend(heard.into_iter().map(|what| Event { process, what }));
        sent.map_err(|lost| self.with_complaint(process, lost))
    }

    /// Adds the last error message of the contender to a loss.
    pub(crate) fn with_complaint(&self, process: ProcessId, mut lost: Lost) -> Lost {
        if let Some(complaint) = self.channel.complaint(process) {
            lost.reason = format!("{}; its last error message: {complaint}", lost.reason);
        }
        lost
    }

    /// Starts an execution: an empty directory, and every contender at its first call.
    fn enter_all(&mut self) -> Result<(), Lost> {
        self.engine.kill(None)?;
        self.channel.end();
        self.keep_time()?;
        let refreshed = (self.refresh)();
        let refreshed = refreshed.map_err(|error| {
            lost(
                Retry::Never,
                format!("what programs wrote beside the lock cannot be removed: {error}"),
            )
        })?;
        if refreshed {
            self.engine.discard()?;
        }
        self.events.clear();
        self.snapshots.clear();
        self.fresh_directories().map_err(|error| {
            let root = &self.roots[0];
            lost(Retry::Never, format!("no fresh directory below {root:?}: {error}"))
        })?;
        self.leave_behind()?;
        self.begin()?;
        for process in ProcessId::first(self.contenders.len()) {
            if self.scenario.probe() == Some(process) {
                self.contenders[process.index()].awaits = true;
                self.engine.interpreter.awaits(process, &self.waits_for_all());
            } else {
                self.enter(process)?;
            }
        }
        self.look();
        self.wake()
    }

    fn look(&mut self) {
        let Some(shadow) = self.engine.interpreter.shadow() else {
            return;
        };
        let seen = sim::snapshot(&self.scenario, shadow, self.events.len());
        self.snapshots.extend(seen);
    }

    /// Creates the stale lock of a dead holder, and sets the age of its files.
    fn leave_behind(&mut self) -> Result<(), Lost> {
        let Start::Stale { age_s } = self.scenario.start else {
            return Ok(());
        };
        match &self.leave_behind {
            Some(build) => build(&self.directory(ProcessId(0)))
                .map_err(|error| lost(Retry::Never, format!("cannot create a stale lock: {error}")))?,
            None => self.acquire_and_die()?,
        }
        let aged = age(&self.directory(ProcessId(0)), Duration::from_secs(age_s));
        aged.map_err(|error| lost(Retry::Never, format!("cannot set the age of the stale lock: {error}")))
    }

    /// Lets the first contender acquire alone, and kills it while it holds the lock.
    fn acquire_and_die(&mut self) -> Result<(), Lost> {
        let process = ProcessId(0);
        self.begin()?;
        self.engine.tracees.next_leaves_a_stale_lock();
        self.start(process)?;
        self.run_until_quiescent(process)?;
        let acquired = |world: &Self| world.events.iter().any(|event| event.what == What::Acquired);
        while !acquired(self) {
            if self.next(process).is_none() {
                return Err(lost(
                    Retry::Never,
                    "cannot create a stale lock: an uncontended attempt did not acquire it".to_owned(),
                ));
            }
            self.take(process)?;
            self.wake()?;
        }
        self.engine.kill(None)?;
        self.channel.end();
        self.events.clear();
        Ok(())
    }

    /// What was not observed so far, or differs from the request.
    pub(crate) fn notes(&self) -> Vec<String> {
        let programs = self.engine.interpreter.shadow().is_none();
        let own = [
            (programs && !self.scenario.kills.is_empty()).then_some("a kill ends a process with all its children"),
            self.spun.then_some(
                "a program polled without progress: after 20 polls it waits until another process stores something",
            ),
        ];
        let own = own.into_iter().flatten().map(str::to_owned);
        self.notes
            .iter()
            .cloned()
            .chain(self.engine.interpreter.notes())
            .chain(own)
            .collect()
    }

    pub(crate) fn take_history(&mut self) -> History {
        self.look();
        let mut history = self.blank.clone();
        history.events = std::mem::take(&mut self.events);
        history.snapshots = std::mem::take(&mut self.snapshots);
        history
    }
}

/// Sets back the times of all files in a directory.
fn age(directory: &Path, by: Duration) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            age(&entry.path(), by)?;
        }
        // No lock looks at the times of a symbolic link.
        if kind.is_dir() || kind.is_file() {
            let file = fs::File::open(entry.path())?;
            let then = file.metadata()?.modified()?.checked_sub(by);
            let then = then.ok_or_else(|| io::Error::other("the time is before the epoch"))?;
            file.set_times(fs::FileTimes::new().set_accessed(then).set_modified(then))?;
        }
    }
    Ok(())
}

impl Model for TracedSystem {
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        self.engine.interpreter.replay(kept, then)
    }

    fn waiting(&mut self) -> Vec<Step> {
        self.engine.interpreter.waiting()
    }
}

impl System for TracedSystem {
    fn reset(&mut self) -> Result<(), Lost> {
        (self.on_step)();
        match self.enter_all() {
            // The first attempt showed that contenders need virtual time.
            Err(_) if self.renew.is_some() && self.engine.interpreter.clock() != self.clock => self.enter_all(),
            entered => entered,
        }
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        processes.extend(ProcessId::first(self.contenders.len()).filter(|process| self.next(*process).is_some()));
        // The second attempt of a fault begins when the first is over.
        if matches!(self.scenario.kind, ScenarioKind::Fault { .. }) {
            processes.truncate(1);
        }
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        match self.next(process).expect("the search asks about enabled processes") {
            NextStep::Call(task) => self.engine.interpreter.forecast(&self.engine.tracees.at(task)),
            NextStep::Exit(_) => self.engine.interpreter.would(process, &Call::Exit),
            NextStep::Made(call) => self.engine.interpreter.would(process, &call),
        }
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        (self.on_step)();
        let accesses = self.take(process)?;
        // An injected error is judged right after the attempt.
        let waits = self
            .engine
            .tracees
            .standing(process)
            .iter()
            .any(|(_, at)| *at == At::Call);
        if !waits && self.next(process).is_none() && matches!(self.scenario.kind, ScenarioKind::Fault { .. }) {
            self.look();
        }
        self.wake()?;
        Ok(accesses)
    }
}
