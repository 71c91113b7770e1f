//! The world of traced processes: it stops and starts them, one contender at a time, as the search says.
//!
//! What their calls mean is told by an [`Interpreter`], what they say by a [`Voice`], where their tasks stand by the
//! [`Crowd`]. Deliberately knows no call of a contender, and nothing of what a contender is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::crowd::{Crowd, lost, untraced};
use super::interpreter::{Interpreter, Outcome};
use super::task::At;
use super::voice::{Told, Voice};
use crate::access::Accesses;
use crate::backend::sim;
use crate::explore::{Again, Lost, Model, Move, World};
use crate::fs::Errno;
use crate::fs::call::{Call, Value};
use crate::happens_before::Step;
use crate::history::{Event, History, Snapshot, What};
use crate::id::ProcessId;
use crate::scenario::{Kind, Scenario, Start};
use crate::sys::filter::Clock;
use crate::sys::process::Worker;
use crate::sys::tracee;

/// How long a contender that owes an answer may sleep for a time of its own.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// How often a contender that polls is let go on.
const MOST_WAKES: u32 = 300;

/// How many looks in a row a program may take while nothing changes; then it waits until something has.
const MOST_LOOKS: u32 = 20;

/// Who builds what stands there at the start of a stale scenario.
pub(super) type LeaveBehind = Box<dyn Fn(&Path)>;

/// Makes another zygote, whose children have that clock.
pub(super) type Renew = Box<dyn Fn(Clock) -> Result<Worker, String>>;

/// A contender, as far as its tasks do not tell.
#[derive(Clone, Debug, Default)]
struct Contender {
    /// It has not begun: it waits until all others are at their end.
    awaits: bool,
    /// It is at its end: it has exited, or was killed.
    ended: bool,
    /// Steps that it has taken.
    taken: u32,
    /// Whether another has stored something since it was last let go on from a sleep.
    news: bool,
    wakes: u32,
    /// Steps in a row that stored nothing, since another stored something.
    looks: u32,
    /// Calls that it has made, those among them that failed because they were to.
    calls: u32,
}

/// What a contender does next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    /// Its task makes the call at which it stands.
    Call(i32),
    /// A process of it ends.
    Exit(i32),
    /// The world does something for it: it is killed, or has waited.
    Made(Call),
}

pub(super) struct TracedWorld {
    scenario: Scenario,
    /// The history before its first event.
    blank: History,
    roots: Vec<PathBuf>,
    execution: u64,
    // Before the rest: what it traces dies first.
    crowd: Crowd,
    contenders: Vec<Contender>,
    interpreter: Box<dyn Interpreter>,
    voice: Box<dyn Voice>,
    leave_behind: Option<LeaveBehind>,
    renew: Option<Renew>,
    notes: Vec<String>,
    clock: Clock,
    tale: Vec<Event>,
    snapshots: Vec<Snapshot>,
}

/// What a world is made of.
pub(super) struct Parts {
    pub(super) scenario: Scenario,
    pub(super) blank: History,
    /// Below each of these every execution has a directory of its own.
    pub(super) roots: Vec<PathBuf>,
    pub(super) crowd: Crowd,
    pub(super) interpreter: Box<dyn Interpreter>,
    pub(super) voice: Box<dyn Voice>,
    /// Builds a stale start, if contenders cannot do so themselves.
    pub(super) leave_behind: Option<LeaveBehind>,
    /// Makes another zygote, if contenders may need one.
    pub(super) renew: Option<Renew>,
    /// What is not done as it was asked for.
    pub(super) notes: Vec<String>,
}

impl TracedWorld {
    pub(super) fn new(parts: Parts) -> Result<Self, Lost> {
        let Parts {
            scenario,
            blank,
            roots,
            crowd,
            interpreter,
            voice,
            leave_behind,
            renew,
            notes,
        } = parts;
        let mut world = Self {
            scenario,
            blank,
            roots,
            execution: 0,
            crowd,
            contenders: Vec::new(),
            interpreter,
            voice,
            leave_behind,
            renew,
            notes,
            clock: Clock::Real,
            tale: Vec::new(),
            snapshots: Vec::new(),
        };
        world.crowd.await_zygote(&mut *world.interpreter)?;
        Ok(world)
    }

    fn directories(&self) -> Vec<PathBuf> {
        let name = format!("e{}", self.execution);
        self.roots.iter().map(|root| root.join(&name)).collect()
    }

    fn directory(&self, process: ProcessId) -> PathBuf {
        let root = &self.roots[process.index() % self.roots.len()];
        root.join(format!("e{}", self.execution))
    }

    /// Directories that no execution has used. Several are mounts of one store: what is made in the first is in all.
    fn fresh_directories(&mut self) -> io::Result<()> {
        if self.execution > 0 {
            fs::remove_dir_all(&self.directories()[0])?;
        }
        self.execution += 1;
        let directory = &self.directories()[0];
        fs::create_dir(directory)?;
        for inside in self.scenario.directories(directory) {
            fs::create_dir(inside)?;
        }
        Ok(())
    }

    /// All contenders, told of a new execution; none is started.
    fn begin(&mut self) -> Result<(), Lost> {
        let unusable = |error: io::Error| lost(Again::Never, format!("no fresh directory: {error}"));
        self.crowd.begin();
        self.contenders = vec![Contender::default(); self.scenario.participants()];
        let locks: Vec<PathBuf> = ProcessId::first(self.contenders.len())
            .map(|process| self.scenario.lock(&self.directory(process)))
            .collect();
        let locks: Vec<&Path> = locks.iter().map(PathBuf::as_path).collect();
        self.voice.begin(self.execution, &locks).map_err(unusable)?;
        self.interpreter.begin(&self.directories()).map_err(unusable)
    }

    /// Gives contenders the clock that they need.
    fn keep_time(&mut self) -> Result<(), Lost> {
        let wanted = self.interpreter.clock();
        if let Some(renew) = self.renew.as_ref().filter(|_| wanted != self.clock) {
            self.crowd
                .renew(renew(wanted).map_err(|reason| lost(Again::Never, reason))?);
            self.crowd.await_zygote(&mut *self.interpreter)?;
            self.clock = wanted;
        }
        Ok(())
    }

    fn start(&mut self, process: ProcessId) -> Result<(), Lost> {
        self.voice.starts(process).map_err(|error| untraced(&error))?;
        self.crowd.start(process, &mut *self.interpreter)
    }

    /// Lets a contender run until all its tasks are quiet and it has something to do, or nothing ever again.
    fn settle(&mut self, process: ProcessId) -> Result<(), Lost> {
        let began = Instant::now();
        loop {
            self.crowd.quiet(process, &mut *self.interpreter)?;
            if let Some(how) = self.crowd.take_end(process) {
                return Err(self.with_complaint(process, format!("{process} was lost: {how}")));
            }
            if self.hear(process)? == Told::GoOn {
                continue;
            }
            if self.fail(process)? {
                continue;
            }
            if !self.crowd.standing(process).is_empty() || self.voice.rests(process) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                let reason = format!("{process} does not become quiet: it waits for what nobody does");
                return Err(self.with_complaint(process, reason));
            }
            tracee::await_change(Duration::from_millis(1));
        }
    }

    /// The error that the next call of a program meets, if it is the one that fails. A lock over `Fs` fails by itself.
    fn injection(&self, process: ProcessId) -> Option<Errno> {
        let injection = match self.scenario.kind {
            Kind::Fault { injection } => Some(injection),
            _ => self.scenario.error,
        };
        let due = self.contenders[process.index()].calls;
        let here = process == ProcessId(0) && self.interpreter.shadow().is_none();
        injection
            .filter(|injection| here && injection.call == due)
            .map(|injection| injection.errno)
    }

    /// Lets the call fail at which a contender stands, if it is to: it is not made then, and is no step.
    fn fail(&mut self, process: ProcessId) -> Result<bool, Lost> {
        let Some(errno) = self.injection(process) else {
            return Ok(false);
        };
        let standing = self.crowd.standing(process);
        let Some((task, _)) = standing.into_iter().find(|(_, at)| *at == At::Call) else {
            return Ok(false);
        };
        // A descriptor is closed whatever close(2) says: that call is made, as a step.
        let call = self.interpreter.fails(&self.crowd.at(task));
        let Some(call) = call else { return Ok(false) };
        self.begins(process);
        self.tale.push(Event {
            process,
            what: What::Injected { call, errno },
        });
        self.contenders[process.index()].calls += 1;
        self.crowd.answer(task, -i64::from(errno.raw()))?;
        Ok(true)
    }

    /// A contender is about to act.
    fn begins(&mut self, process: ProcessId) {
        let mut heard = Vec::new();
        self.voice.acts(process, &mut heard);
        self.tale.extend(heard.into_iter().map(|what| Event { process, what }));
    }

    fn hear(&mut self, process: ProcessId) -> Result<Told, Lost> {
        let mut heard = Vec::new();
        let told = self.voice.hear(process, &self.directory(process), &mut heard);
        self.tale.extend(heard.into_iter().map(|what| Event { process, what }));
        told.map_err(|error| self.with_complaint(process, error.reason))
    }

    fn with_complaint(&self, process: ProcessId, reason: String) -> Lost {
        let complaint = self.voice.complaint(process);
        let behind = complaint.map_or(String::new(), |complaint| format!("; it complained: {complaint}"));
        lost(Again::Maybe, reason + &behind)
    }

    /// What the contender can do now, if the kernel lets it.
    fn next(&self, process: ProcessId) -> Option<Next> {
        let contender = &self.contenders[process.index()];
        if contender.awaits {
            let others = self.contenders.iter().filter(|other| !other.awaits);
            return others
                .clone()
                .all(|other| other.ended)
                .then(|| Next::Made(self.waits_for_all()));
        }
        if contender.looks >= MOST_LOOKS && self.interpreter.shadow().is_none() {
            return None;
        }
        let standing = self.crowd.standing(process);
        let calls = || standing.iter().filter(|(_, at)| *at == At::Call);
        if self.dies(process) && calls().next().is_some() {
            return Some(Next::Made(Call::Die));
        }
        let exits = |at: At| at == At::Exit || at == At::Finish && self.exits(process);
        standing.iter().find_map(|(task, at)| match at {
            At::Call if self.interpreter.may_go_on(&self.crowd.at(*task)) => Some(Next::Call(*task)),
            at if exits(*at) => Some(Next::Exit(*task)),
            _ => None,
        })
    }

    fn waits_for_all(&self) -> Call {
        Call::Await {
            processes: ProcessId::first(self.scenario.processes).collect(),
        }
    }

    /// Whether it is killed in place of its next step.
    fn dies(&self, process: ProcessId) -> bool {
        let taken = self.contenders[process.index()].taken;
        let kill = self.scenario.kills.iter().find(|kill| kill.victim == process);
        kill.is_some_and(|kill| kill.step == taken)
    }

    /// Whether the end of a lock over `Fs` is a step: as in the simulated world, only if another can see it.
    fn exits(&self, process: ProcessId) -> bool {
        let acquired = |event: &Event| event.process == process && event.what == What::Acquired;
        let lost = self.scenario.kind == Kind::Contend && !self.tale.iter().any(acquired);
        let ends = matches!(self.scenario.kind, Kind::Cycle { .. }) || lost;
        let probed = self.scenario.probe().is_some_and(|probe| probe != process);
        ends && (probed || self.interpreter.holds_locks(process))
    }

    fn call(&mut self, process: ProcessId, task: i32) -> Result<Accesses, Lost> {
        let made = self.interpreter.before(&self.crowd.at(task))?;
        let (exit, returned) = self.crowd.perform(task, made, &mut *self.interpreter)?;
        let outcome = self.interpreter.after(&self.crowd.at_exit(&exit), returned)?;
        let Outcome::Performed { call, reply, accesses } = outcome else {
            return Err(lost(Again::Maybe, format!("{process} waits in a call that was free")));
        };
        let performed = accesses.clone();
        let injected = self.injection(process);
        if let Some(errno) = injected {
            exit.answer(-i64::from(errno.raw()))?;
        }
        let failed = injected.map(|errno| What::Injected {
            call: call.clone(),
            errno,
        });
        let what = What::Performed { call, reply, accesses };
        let told = [what].into_iter().chain(failed);
        self.tale.extend(told.map(|what| Event { process, what }));
        self.contenders[process.index()].calls += 1;
        self.crowd.go_on(exit);
        self.settle(process)?;
        Ok(performed)
    }

    /// A process of a contender ends; the last thing that the first one does.
    fn exit(&mut self, process: ProcessId, task: i32) -> Result<Accesses, Lost> {
        let (call, accesses) = self.interpreter.exit(&self.crowd.at(task));
        self.tell_made(process, call, &accesses);
        self.crowd.end(task, &mut *self.interpreter)?;
        let Some(how) = self.crowd.take_end(process) else {
            self.settle(process)?;
            return Ok(accesses);
        };
        // What it left running may still act.
        self.crowd.quiet(process, &mut *self.interpreter)?;
        self.hear(process)?;
        let mut heard = Vec::new();
        let again = self.voice.gone(process, how, &mut heard);
        self.tale.extend(heard.into_iter().map(|what| Event { process, what }));
        if again.map_err(|error| self.with_complaint(process, error.reason))? {
            self.start(process)?;
            self.settle(process)?;
        } else {
            self.contenders[process.index()].ended = true;
        }
        Ok(accesses)
    }

    fn made(&mut self, process: ProcessId, call: Call) -> Result<Accesses, Lost> {
        let accesses = self.interpreter.made(process, &call);
        let dies = call == Call::Die;
        self.tell_made(process, call, &accesses);
        if dies {
            self.crowd.slay(Some(process), &mut *self.interpreter)?;
            let _killed = self.crowd.take_end(process);
            self.contenders[process.index()].ended = true;
        } else {
            self.contenders[process.index()].awaits = false;
            self.start(process)?;
            self.settle(process)?;
        }
        Ok(accesses)
    }

    fn tell_made(&mut self, process: ProcessId, call: Call, accesses: &Accesses) {
        let what = What::Performed {
            call,
            reply: Ok(Value::Done),
            accesses: accesses.clone(),
        };
        self.tale.push(Event { process, what });
    }

    /// Lets contenders go on that sleep while something has happened, or while nothing else can.
    fn wake(&mut self) -> Result<(), Lost> {
        loop {
            let sleeper = |process: &ProcessId| {
                let asleep = |(_, at): &(i32, At)| *at == At::Sleep;
                let spins = self.contenders[process.index()].looks >= MOST_LOOKS;
                (spins || self.crowd.standing(*process).iter().any(asleep)) && self.next(*process).is_none()
            };
            let sleepers: Vec<ProcessId> = ProcessId::first(self.contenders.len()).filter(sleeper).collect();
            let news = sleepers.iter().find(|process| self.contenders[process.index()].news);
            let idle = || ProcessId::first(self.contenders.len()).all(|process| self.next(process).is_none());
            let Some(&process) = news.or_else(|| sleepers.first().filter(|_| idle())) else {
                return Ok(());
            };
            let contender = &mut self.contenders[process.index()];
            contender.news = false;
            contender.looks = 0;
            contender.wakes += 1;
            if contender.wakes > MOST_WAKES {
                let reason = format!("{process} sleeps and looks again for ever: {MOST_WAKES} times");
                return Err(lost(Again::Never, reason));
            }
            for (task, at) in self.crowd.standing(process) {
                if at == At::Sleep {
                    // The sleep is over.
                    self.crowd.answer(task, 0)?;
                }
            }
            self.settle(process)?;
        }
    }

    fn look(&mut self) {
        let Some(shadow) = self.interpreter.shadow() else {
            return;
        };
        let seen = sim::snapshot(&self.scenario, shadow, self.tale.len());
        self.snapshots.extend(seen);
    }

    /// The lock of a holder that is dead, its files aged.
    fn leave_behind(&mut self) -> Result<(), Lost> {
        let Start::Stale { age_s } = self.scenario.start else {
            return Ok(());
        };
        match &self.leave_behind {
            Some(build) => build(&self.directory(ProcessId(0))),
            None => self.acquire_and_die()?,
        }
        let aged = age(&self.directory(ProcessId(0)), Duration::from_secs(age_s));
        aged.map_err(|error| lost(Again::Never, format!("a stale lock cannot be made older: {error}")))
    }

    /// The first contender acquires, undisturbed, and is killed while it holds.
    fn acquire_and_die(&mut self) -> Result<(), Lost> {
        let process = ProcessId(0);
        self.begin()?;
        self.start(process)?;
        self.settle(process)?;
        let acquired = |world: &Self| world.tale.iter().any(|event| event.what == What::Acquired);
        while !acquired(self) {
            if self.next(process).is_none() {
                return Err(lost(
                    Again::Never,
                    "nobody can leave a stale lock behind: an attempt alone does not acquire".to_owned(),
                ));
            }
            self.take(process)?;
            self.wake()?;
        }
        self.crowd.slay(None, &mut *self.interpreter)?;
        self.voice.end();
        self.tale.clear();
        Ok(())
    }

    fn take(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let next = self.next(process).expect("the search takes steps of enabled processes");
        self.begins(process);
        let accesses = match next {
            Next::Call(task) => self.call(process, task),
            Next::Exit(task) => self.exit(process, task),
            Next::Made(call) => self.made(process, call),
        }?;
        let stores = accesses.stores().next().is_some();
        for (position, contender) in self.contenders.iter_mut().enumerate() {
            if position == process.index() {
                contender.taken += 1;
                contender.looks = if stores { 0 } else { contender.looks + 1 };
            } else if stores {
                contender.news = true;
                contender.looks = 0;
            }
        }
        Ok(accesses)
    }

    /// What was not seen so far, or not done as it was asked for.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.iter().cloned().chain(self.interpreter.notes()).collect()
    }

    pub(super) fn take_history(&mut self) -> History {
        self.look();
        let mut history = self.blank.clone();
        history.events = std::mem::take(&mut self.tale);
        history.snapshots = std::mem::take(&mut self.snapshots);
        history
    }
}

/// Sets back the times of all that stands in a directory.
fn age(directory: &Path, by: Duration) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            age(&entry.path(), by)?;
        }
        // The times of a symbolic link are nobody's measure.
        if kind.is_dir() || kind.is_file() {
            let file = fs::File::open(entry.path())?;
            let then = file.metadata()?.modified()?.checked_sub(by);
            let then = then.ok_or_else(|| io::Error::other("there was no such time"))?;
            file.set_times(fs::FileTimes::new().set_accessed(then).set_modified(then))?;
        }
    }
    Ok(())
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
        self.crowd.slay(None, &mut *self.interpreter)?;
        self.voice.end();
        self.keep_time()?;
        self.tale.clear();
        self.snapshots.clear();
        self.fresh_directories().map_err(|error| {
            let root = &self.roots[0];
            lost(Again::Never, format!("no fresh directory below {root:?}: {error}"))
        })?;
        self.leave_behind()?;
        self.begin()?;
        for process in ProcessId::first(self.contenders.len()) {
            if self.scenario.probe() == Some(process) {
                self.contenders[process.index()].awaits = true;
                self.interpreter.awaits(process, &self.waits_for_all());
            } else {
                self.start(process)?;
                self.settle(process)?;
            }
        }
        self.look();
        self.wake()
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        processes.extend(ProcessId::first(self.contenders.len()).filter(|process| self.next(*process).is_some()));
        // The second attempt of a fault begins when the first is over.
        if matches!(self.scenario.kind, Kind::Fault { .. }) {
            processes.truncate(1);
        }
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        match self.next(process).expect("the search asks about enabled processes") {
            Next::Call(task) => self.interpreter.forecast(&self.crowd.at(task)),
            Next::Exit(_) => self.interpreter.would(process, &Call::Exit),
            Next::Made(call) => self.interpreter.would(process, &call),
        }
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let accesses = self.take(process)?;
        // Who judges an attempt with an error looks right after it.
        let waits = self.crowd.standing(process).iter().any(|(_, at)| *at == At::Call);
        if !waits && self.next(process).is_none() && matches!(self.scenario.kind, Kind::Fault { .. }) {
            self.look();
        }
        self.wake()?;
        Ok(accesses)
    }
}
