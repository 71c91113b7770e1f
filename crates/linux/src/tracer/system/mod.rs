//! The traced contenders as the system that a search steps: one contender runs at a time, as the search chooses.
//!
//! An [`Interpreter`] understands their calls, a [`Channel`] exchanges messages with them, [`Tracees`] holds their tasks.
//! Knows no system call, and not what a contender is.

mod beginning;
pub(crate) mod next_step;
mod notes;
pub(crate) mod polling;
mod steps;
mod waking;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use self::next_step::NextStep;
use self::polling::{EndlessPolls, MOST_FRUITLESS_POLLS, Polling};
use crate::run_directory::removal::remove_tree;
use crate::sys::task_state::is_reading;
use crate::sys::tracee;
use crate::tracer::channel::{Channel, Sent};
use crate::tracer::layout::{contender_directory, execution_directories};
use crate::tracer::syscalls::interpreter::Interpreter;
use crate::tracer::tracees::engine::Engine;
use crate::tracer::tracees::fork_snapshots::Occasion;
use crate::tracer::tracees::loss::lost;
use crate::tracer::tracees::registry::Tracees;
use crate::tracer::tracees::search_end::SearchEnd;
use crate::tracer::tracees::task::At;
use onewinner_core::access::{Accesses, Object};
use onewinner_core::backend::sim;
use onewinner_core::explore::{Lost, Model, Move, Retry, System};
use onewinner_core::fs::call::Call;
use onewinner_core::happens_before::Step;
use onewinner_core::history::{Event, History, Snapshot};
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::{Scenario, ScenarioKind, Start};

/// How often the tracer looks at a contender that is asleep in the kernel before it gives up waiting for its next call or
/// answer. The looks are counted, not the time: a busy machine is slow, and the contender is not.
const MOST_LOOKS: u32 = 1_500;
/// After how many looks the tracer asks whether the contender waits for a message that will not come.
const LOOKS_AT_INPUT: u32 = 20;
/// The pause between two of them.
const LOOK: Duration = Duration::from_millis(1);

/// Builds the lock that a stale scenario starts with; the error in words.
pub(crate) type LeaveBehind = Box<dyn Fn(&Path) -> Result<(), String>>;

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
    /// How often it has woken from a sleep.
    pub(crate) wakes: u32,
    /// Whether it repeats itself.
    polling: Polling,
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
    refresh: Refresh,
    /// Where contenders stop to be copied that cannot be copied at their first controlled call.
    copy_points: BTreeMap<ProcessId, u32>,
    pub(crate) endless: Rc<EndlessPolls>,
    notes: Vec<String>,
    /// Whether a program had to wait because it polled without progress.
    pub(crate) spun: bool,
    /// Whether a thread went on to sleep while its contender had the lock, slept or waited.
    dozes: bool,
    /// Why a call could have been interrupted by a timer, which is not explored.
    interruptible: Option<String>,
    /// Whether each execution could be followed: then its processes are where the tracer believes them to be.
    pub(crate) is_intact: bool,
    pub(crate) events: Vec<Event>,
    snapshots: Vec<Snapshot>,
    on_step: OnStep,
}

/// What is new in the next search of a system.
pub(crate) struct Renewal {
    pub(crate) scenario: Scenario,
    /// The history before its first event.
    pub(crate) blank: History,
    pub(crate) refresh: Refresh,
    /// Whether the search may end early to watch a path that contenders share.
    pub(crate) grows: bool,
    /// What differs from the request.
    pub(crate) notes: Vec<String>,
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
    pub(crate) refresh: Refresh,
    /// What is known of the polls of these contenders.
    pub(crate) endless: Rc<EndlessPolls>,
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
            refresh,
            endless,
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
            refresh,
            copy_points: BTreeMap::new(),
            endless,
            notes,
            spun: false,
            dozes: false,
            interruptible: None,
            is_intact: true,
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

    /// Takes on another search of the same program, and keeps what contenders are copied from.
    ///
    /// # Errors
    ///
    /// When there is no place for the pipes of more contenders.
    pub(crate) fn renew(&mut self, renewal: Renewal) -> io::Result<()> {
        let Renewal {
            scenario,
            blank,
            refresh,
            grows,
            notes,
        } = renewal;
        let streams = self.channel.renew(&scenario)?;
        // What is said to contenders follows from these.
        let is_alike = (scenario.kind, scenario.probe()) == (self.scenario.kind, self.scenario.probe());
        self.engine.interpreter.renew(grows, streams, is_alike);
        (self.scenario, self.blank, self.refresh, self.notes) = (scenario, blank, refresh, notes);
        self.spun = false;
        self.dozes = false;
        self.interruptible = None;
        self.events.clear();
        self.snapshots.clear();
        Ok(())
    }

    /// Notes a loss.
    fn watched<T>(&mut self, outcome: Result<T, Lost>) -> Result<T, Lost> {
        self.is_intact &= outcome.is_ok();
        outcome
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

    /// Runs a contender until all its tasks are quiet, and it has a next step or none ever again.
    pub(crate) fn run_until_quiescent(&mut self, process: ProcessId) -> Result<(), Lost> {
        let mut dozes = 0;
        for look in 0..MOST_LOOKS {
            self.engine.quiet(process)?;
            if let Some(how) = self.engine.tracees.take_end(process) {
                let lost = lost(Retry::Maybe, format!("{process} was lost: {how}"));
                return Err(self.with_complaint(process, lost));
            }
            if self.read_output(process)? == Sent::Message {
                continue;
            }
            if self.fail(process)? || self.interrupts(process)? {
                continue;
            }
            let waits = || self.next_in_time(process).is_some() || !self.engine.tracees.waits(process).is_empty();
            if !self.engine.tracees.standing(process).is_empty() || self.channel.rests(process) || waits() {
                if self.wakes_idle(process, dozes)? {
                    dozes += 1;
                    continue;
                }
                return Ok(());
            }
            if look == LOOKS_AT_INPUT && self.reads_in_vain(process) {
                let reason = format!(
                    "{process} waits for a line on its standard input before it has printed its answer: `acquired`, `busy` or \
                     `error TEXT`, and `released` in the end. If it has printed it, the answer is still in a buffer: flush the \
                     output after each line, as in `print(\"acquired\", flush=True)`"
                );
                return Err(self.with_complaint(process, lost(Retry::Never, reason)));
            }
            self.engine.tracees.wake_dozing(process)?;
            tracee::await_change(LOOK);
        }
        let reason = format!("{process} does not become quiet: it waits for an event that cannot occur");
        Err(self.with_complaint(process, lost(Retry::Maybe, reason)))
    }

    /// Whether a contender waits for a message although it owes an answer.
    fn reads_in_vain(&self, process: ProcessId) -> bool {
        let tasks: Vec<i32> = self.engine.tracees.running_tasks(process).collect();
        let reads = |input: &File| tasks.iter().any(|task| is_reading(*task, input));
        self.channel.waits_in_vain(process, &reads)
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
        let refreshed = (self.refresh)();
        let refreshed = refreshed.map_err(|error| {
            lost(
                Retry::Never,
                format!("what programs wrote beside the lock cannot be removed: {error}"),
            )
        })?;
        if refreshed || !self.engine.interpreter.copies() {
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
        if let (Start::Stale { age_s }, Some((time, _))) = (self.scenario.start, self.engine.interpreter.time_mut()) {
            time.ages(Duration::from_secs(age_s));
        }
        for process in ProcessId::first(self.contenders.len()) {
            if self.scenario.probe() == Some(process) {
                self.contenders[process.index()].awaits = true;
                self.engine.interpreter.awaits(process, &self.waits_for_all());
            } else {
                self.enter(process, Occasion::Beginning)?;
            }
        }
        self.look();
        self.await_runtimes()
    }

    fn look(&mut self) {
        let Some(shadow) = self.engine.interpreter.shadow() else {
            return;
        };
        let seen = sim::snapshot(&self.scenario, shadow, self.events.len());
        self.snapshots.extend(seen);
    }

    pub(crate) fn take_history(&mut self) -> History {
        self.look();
        let mut history = self.blank.clone();
        history.events = std::mem::take(&mut self.events);
        history.snapshots = std::mem::take(&mut self.snapshots);
        history
    }
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
        let entered = self.enter_all();
        self.watched(entered)
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        self.add_enabled(processes);
        // The second attempt of a fault begins when the first is over.
        if matches!(self.scenario.kind, ScenarioKind::Fault { .. }) {
            processes.truncate(1);
        }
    }

    fn polling(&self, processes: &mut Vec<ProcessId>) {
        if !matches!(self.scenario.kind, ScenarioKind::Fault { .. }) {
            self.add_polling(processes);
        }
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        let step = self.next(process).expect("the search asks about enabled processes");
        let mut accesses = match &step {
            NextStep::Call(task) => self.engine.interpreter.forecast(&self.engine.tracees.at(*task)),
            NextStep::Exit(_) => self.engine.interpreter.would(process, &Call::Exit),
            NextStep::Made(call) => self.engine.interpreter.would(process, call),
            NextStep::TimeOut(_) => self.awaited(process),
            NextStep::Expires(..) => {
                // Its signal may end the process.
                let mut accesses = self.awaited(process);
                let end = self.engine.interpreter.would(process, &Call::Die);
                end.stores().for_each(|object| accesses.store(object.clone()));
                accesses
            }
        };
        accesses.extend(&self.engine.interpreter.may_touch(process));
        // It may read the clock when it has made its call.
        if let Some((time, _)) = self.engine.interpreter.time() {
            time.forecast(&mut accesses, process, self.contenders.len());
        }
        if self.wakes(process).is_some() {
            accesses.store(Object::Clock(process));
        }
        accesses
    }

    fn wakes_at(&self, process: ProcessId) -> Option<Duration> {
        self.wakes(process)
    }

    fn left_out(&self) -> Option<String> {
        self.interruptible.clone()
    }

    fn poll_limit(&self) -> Option<u32> {
        self.spun.then_some(MOST_FRUITLESS_POLLS)
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        (self.on_step)();
        let taken = self.take(process);
        let accesses = self.watched(taken)?;
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
        let awaited = self.await_runtimes();
        self.watched(awaited)?;
        Ok(accesses)
    }
}
