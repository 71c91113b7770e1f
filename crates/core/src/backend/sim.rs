//! The `sim` backend: contenders are coroutines, the kernel is a value, and `explore` chooses every step.
//!
//! A contender runs until it makes a call, and waits there until the scheduler takes its step. The simulated file system is
//! trusted here; the conformance tests compare it with the kernel.

use std::any::Any;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};

use super::contender::Contender;
use crate::access::Accesses;
use crate::explore::{Dpor, Ended, Limits, Lost, Model, Move, Scheduler, Searched, Stop, System, search};
use crate::fs::call::{ByCall, Call, Reply, Value};
use crate::fs::sim::Node;
use crate::fs::{FileKind, InodeWatch, Mode, OLD_S, sim};
use crate::happens_before::Step;
use crate::history::{End, Event, Execution, History, SeenFile, Snapshot, What};
use crate::id::ProcessId;
use crate::primitive::LockPrimitive;
use crate::scenario::{Scenario, ScenarioKind, Start, Work};
use crate::workload::hub_sync;

/// The directory of the simulated file system in which scenarios run.
const DIRECTORY: &str = "/";

/// The stack of a coroutine, in bytes. Lock primitives need little, but a panic formats its message there.
const STACK_BYTES: usize = 128 * 1024;

/// A contender: it waits at a call, gets the reply, and runs to the next call.
type Process = Coroutine<Reply, Call, (), DefaultStack>;

/// The call at which a process waits.
struct Pending {
    call: Call,
    /// The process; `None` if it has returned and the call is its exit.
    process: Option<Process>,
}

/// The events that contenders report, in order.
type EventLog = Rc<RefCell<Vec<Event>>>;

/// Searches the schedules of `scenario` and passes each execution to `watch`, until that breaks.
pub fn explore(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    scheduler: &mut dyn Scheduler,
    limits: Limits,
    watch: &mut dyn FnMut(Execution) -> ControlFlow<()>,
) -> Searched {
    let mut simulation = Simulation::new(primitive, scenario);
    let searched = search(
        &mut simulation,
        scheduler,
        limits,
        &mut |simulation: &mut Simulation, schedule, ended| {
            watch(Execution {
                schedule,
                history: simulation.take_history(),
                end: match ended {
                    Ended::Completed => End::Completed,
                    Ended::Cut | Ended::Blocked | Ended::Redundant => End::Cut,
                    Ended::Lost { step, reason } | Ended::Diverged { step, reason } => End::Diverged { step, reason },
                },
            })
        },
    );
    debug_assert_eq!(searched.blocked, 0, "a footprint or the scheduler is wrong");
    searched
}

/// Whether the lock reads an inode number in some schedule of `scenario`. Also `true` if a limit cuts the search.
pub fn reads_inode_numbers(primitive: &'static dyn LockPrimitive, scenario: &Scenario, limits: Limits) -> bool {
    let asked = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&asked);
    let watch = InodeWatch::new(move || flag.store(true, Ordering::Relaxed));
    let mut simulation = Simulation::watched(primitive, scenario, watch);
    let searched = search(
        &mut simulation,
        &mut Dpor::new(),
        limits,
        &mut |simulation: &mut Simulation, _, _| {
            drop(simulation.take_history());
            if asked.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    );
    searched.stop != Stop::Exhausted
}

/// The state of the file system before the first step of `scenario`.
///
/// # Panics
///
/// When the model refuses a directory in an empty file system, which is a bug in it.
pub fn prepared(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> sim::State {
    prepared_watched(primitive, scenario, InodeWatch::default())
}

fn prepared_watched(primitive: &'static dyn LockPrimitive, scenario: &Scenario, watch: InodeWatch) -> sim::State {
    let mut state = sim::State::new(scenario.participants()).watched_by(watch);
    if scenario.reuse_inodes {
        state = state.reusing_numbers();
    }
    for path in scenario.directories(Path::new(DIRECTORY)) {
        let mode = Mode::DIRECTORY;
        let made = state.prepare(&Call::Mkdir { path, mode });
        made.expect("an empty file system takes a directory");
    }
    match scenario.start {
        Start::Free => state,
        Start::Stale { age_s } => left_behind(primitive, scenario, state, age_s),
    }
}

/// The state in which a process acquired the lock and was killed `age_s` seconds ago.
fn left_behind(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    state: sim::State,
    age_s: u64,
) -> sim::State {
    let state = RefCell::new(state);
    let fs = ByCall::new(ProcessId::GONE, |call: Call| state.borrow_mut().prepare(&call));
    let held = primitive.try_acquire(&fs, &scenario.lock(Path::new(DIRECTORY)));
    let _ = held.expect("a lock that was never taken is free");
    let mut state = state.into_inner();
    state.prepare(&Call::Die).expect("every process can be killed");
    let files = state.tree().into_iter().filter(|node| node.kind == FileKind::File);
    for Node { path, .. } in files.take_while(|_| age_s > OLD_S) {
        let expired = state.prepare(&Call::Expire { path });
        expired.expect("the file exists");
    }
    state
}

/// The contenders of `scenario` on the simulated file system, the probe last.
pub fn contenders(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> Vec<Contender> {
    ProcessId::first(scenario.participants())
        .map(|process| Contender::new(primitive, scenario, Path::new(DIRECTORY), process))
        .collect()
}

/// An empty history of `scenario` on the simulated file system.
pub fn blank_history(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> History {
    let mut history = History::new(scenario.participants(), scenario.lock(Path::new(DIRECTORY)));
    history.disturbed = scenario.disturbed();
    history.stale = scenario.start != Start::Free;
    history.probe = scenario.probe();
    history.clock = scenario.clock();
    history.crash_class = scenario.probe().or(scenario.clock()).map(|_| primitive.crash_class());
    history
}

/// A snapshot of the simulated file system, for the scenarios that need one, because it costs a copy.
pub fn snapshot(scenario: &Scenario, state: &sim::State, position: usize) -> Option<Snapshot> {
    if scenario.work != Work::HubSync && !matches!(scenario.kind, ScenarioKind::Fault { .. }) {
        return None;
    }
    let tree = state.tree();
    let markdown: PathBuf = hub_sync::entries_path(Path::new(DIRECTORY));
    let duplicates = (scenario.work == Work::HubSync).then(|| {
        let written = tree.iter().find(|node| node.path == markdown);
        written.map_or(0, |node| hub_sync::duplicates(&node.content))
    });
    Some(Snapshot {
        position,
        files: tree
            .into_iter()
            .map(|node| SeenFile {
                path: node.path,
                kind: node.kind,
                content: node.content,
            })
            .collect(),
        descriptors: ProcessId::first(scenario.processes)
            .map(|process| state.open_descriptors(process))
            .collect(),
        duplicates,
    })
}

/// The message of a panic.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

struct Simulation {
    primitive: &'static dyn LockPrimitive,
    scenario: Scenario,
    contenders: Vec<Rc<Contender>>,
    first: sim::State,
    state: sim::State,
    /// The next call of each process; `None` when it has finished.
    processes: Vec<Option<Pending>>,
    /// Processes that were killed in the middle of their code. Reset unwinds them, when their events do not matter any more.
    killed: Vec<Process>,
    events: EventLog,
    /// The positions of the steps in `events`.
    steps: Vec<usize>,
    /// The states after the first 0, 1, … steps, as far as replays needed them.
    prefixes: Vec<sim::State>,
    snapshots: Vec<Snapshot>,
    /// Stacks for reuse: allocating one costs more than an execution.
    stacks: Vec<DefaultStack>,
}

impl Simulation {
    fn new(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> Self {
        Self::watched(primitive, scenario, InodeWatch::default())
    }

    fn watched(primitive: &'static dyn LockPrimitive, scenario: &Scenario, watch: InodeWatch) -> Self {
        let first = prepared_watched(primitive, scenario, watch);
        Self {
            primitive,
            scenario: scenario.clone(),
            contenders: contenders(primitive, scenario).into_iter().map(Rc::new).collect(),
            state: first.clone(),
            first,
            processes: Vec::new(),
            killed: Vec::new(),
            events: EventLog::default(),
            steps: Vec::new(),
            prefixes: Vec::new(),
            snapshots: Vec::new(),
            stacks: Vec::new(),
        }
    }

    /// The history since the last reset.
    fn take_history(&mut self) -> History {
        self.take_snapshot();
        let mut history = blank_history(self.primitive, &self.scenario);
        // The next execution is about as long as this one.
        let next = Vec::with_capacity(self.events.borrow().len());
        history.events = self.events.replace(next);
        history.snapshots = std::mem::take(&mut self.snapshots);
        history
    }

    fn take_snapshot(&mut self) {
        let position = self.events.borrow().len();
        self.snapshots.extend(snapshot(&self.scenario, &self.state, position));
    }

    /// Whether a process may take a step after `before`. The second attempt of a fault scenario begins after the first one.
    fn may_begin(&self, process: ProcessId, before: impl Iterator<Item = ProcessId>) -> bool {
        if process == ProcessId(0) || !matches!(self.scenario.kind, ScenarioKind::Fault { .. }) {
            return true;
        }
        let of_first = |step: &&usize| self.events.borrow()[**step].process == ProcessId(0);
        self.steps.iter().filter(of_first).count() == before.filter(|process| *process == ProcessId(0)).count()
    }

    fn start(&mut self, contender: Rc<Contender>) -> Process {
        let stack = self
            .stacks
            .pop()
            .unwrap_or_else(|| DefaultStack::new(STACK_BYTES).expect("the machine has memory for a few stacks"));
        let events = Rc::clone(&self.events);
        let awaited = (self.scenario.probe() == Some(contender.process())).then(|| Call::Await {
            processes: ProcessId::first(self.scenario.processes).collect(),
        });
        Coroutine::with_stack(stack, move |yielder, _: Reply| {
            let process = contender.process();
            if let Some(call) = awaited {
                let _ = yielder.suspend(call);
            }
            let fs = ByCall::new(process, |call| yielder.suspend(call));
            contender.run(&fs, &mut |what| events.borrow_mut().push(Event { process, what }));
        })
    }

    /// Runs the coroutine to its next call; `None` when it has finished.
    fn resume(&mut self, id: ProcessId, mut process: Process, reply: Reply) -> Option<Pending> {
        match catch_unwind(AssertUnwindSafe(|| process.resume(reply))) {
            Ok(CoroutineResult::Yield(call)) => {
                let call = if self.dies(id) { Call::Die } else { call };
                let process = Some(process);
                return Some(Pending { call, process });
            }
            Ok(CoroutineResult::Return(())) => {}
            Err(payload) => self.events.borrow_mut().push(Event {
                process: id,
                what: What::Panicked {
                    message: panic_message(&*payload),
                },
            }),
        }
        self.stacks.push(process.into_stack());
        self.exit(id)
    }

    /// The exit of a process that has returned. It is a step only if another process can observe it: if it frees a kernel lock,
    /// or if a probe waits for it.
    ///
    /// Winners of *contend* do not exit, because they hold until all attempts have a result.
    fn exit(&self, id: ProcessId) -> Option<Pending> {
        let ends = matches!(self.scenario.kind, ScenarioKind::Cycle { .. }) || self.lost(id);
        let seen = self.state.holds_locks(id) || self.scenario.probe().is_some_and(|probe| probe != id);
        (ends && seen).then_some(Pending {
            call: Call::Exit,
            process: None,
        })
    }

    /// Whether the process is killed in place of its next step.
    fn dies(&self, id: ProcessId) -> bool {
        let events = self.events.borrow();
        let taken = || self.steps.iter().filter(|step| events[**step].process == id).count();
        let kill = self.scenario.kills.iter().find(|kill| kill.victim == id);
        kill.is_some_and(|kill| kill.step as usize == taken())
    }

    fn lost(&self, id: ProcessId) -> bool {
        let events = self.events.borrow();
        let acquired = |event: &Event| event.process == id && event.what == What::Acquired;
        self.scenario.kind == ScenarioKind::Contend && !events.iter().any(acquired)
    }
}

impl Model for Simulation {
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        let events = self.events.borrow();
        let performed = |step: usize| {
            let Event { process, what } = &events[self.steps[step]];
            let What::Performed { call, .. } = what else {
                unreachable!("a step was recorded as {what:?}");
            };
            (*process, call)
        };
        let call_of = |step: &Move| match step {
            Move::Taken(position) => performed(*position),
            Move::Waiting(process) => {
                let next = self.processes[process.index()].as_ref();
                (*process, &next.expect("it waits at a call").call)
            }
        };
        for step in self.prefixes.len()..=kept {
            let mut state = self.prefixes.last().unwrap_or(&self.first).clone();
            if let Some((process, call)) = step.checked_sub(1).map(performed) {
                let _ = state.step(process, call);
            }
            self.prefixes.push(state);
        }
        let mut state = self.prefixes[kept].clone();
        let mut footprints = Vec::with_capacity(then.len());
        for (taken, step) in then.iter().enumerate() {
            let (process, call) = call_of(step);
            let before = (0..kept).map(performed).chain(then[..taken].iter().map(call_of));
            if state.waits(process, call).is_some() || !self.may_begin(process, before.map(|(process, _)| process)) {
                break;
            }
            footprints.push(state.step(process, call).1);
        }
        footprints
    }

    fn waiting(&mut self) -> Vec<Step> {
        let contenders = self.contenders.iter().zip(&self.processes);
        let waits = contenders.filter_map(|(contender, next)| {
            let process = contender.process();
            let accesses = self.state.waits(process, &next.as_ref()?.call)?;
            Some(Step { process, accesses })
        });
        waits.collect()
    }
}

impl System for Simulation {
    fn reset(&mut self) -> Result<(), Lost> {
        let left = self.processes.drain(..).flatten().filter_map(|next| next.process);
        for mut process in left.chain(std::mem::take(&mut self.killed)) {
            process.force_unwind();
            self.stacks.push(process.into_stack());
        }
        self.state = self.first.clone();
        self.events.borrow_mut().clear();
        self.steps.clear();
        self.prefixes.clear();
        self.snapshots.clear();
        for position in 0..self.contenders.len() {
            let contender = Rc::clone(&self.contenders[position]);
            let id = contender.process();
            let process = self.start(contender);
            let waiting = self.resume(id, process, Ok(Value::Done));
            self.processes.push(waiting);
        }
        self.take_snapshot();
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        let contenders = self.contenders.iter().zip(&self.processes);
        processes.extend(contenders.filter_map(|(contender, next)| {
            let (process, next) = (contender.process(), next.as_ref()?);
            self.state.waits(process, &next.call).is_none().then_some(process)
        }));
        // The second attempt of a fault scenario begins after the first one.
        if matches!(self.scenario.kind, ScenarioKind::Fault { .. }) {
            processes.truncate(1);
        }
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        let next = self.processes[process.index()].as_ref();
        let next = next.expect("the search asks about enabled processes");
        self.state.clone().step(process, &next.call).1
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let next = self.processes[process.index()].take();
        let Pending { call, process: running } = next.expect("the search takes steps of enabled processes");
        let (reply, accesses) = self.state.step(process, &call);
        let dies = call == Call::Die;
        self.steps.push(self.events.borrow().len());
        self.events.borrow_mut().push(Event {
            process,
            what: What::Performed {
                call,
                reply: reply.clone(),
                accesses: accesses.clone(),
            },
        });
        if dies {
            self.killed.extend(running);
            return Ok(accesses);
        }
        self.processes[process.index()] = running.and_then(|running| self.resume(process, running, reply));
        // An attempt with an injected error is judged by a snapshot right after it.
        if self.processes[process.index()].is_none() && matches!(self.scenario.kind, ScenarioKind::Fault { .. }) {
            self.take_snapshot();
        }
        Ok(accesses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Errno;
    use crate::fs::inject::Injection;
    use crate::primitive::{CreateNew, FlockChecked};

    #[test]
    fn reading_inode_numbers_is_detected() {
        let injection = Injection {
            call: 100,
            errno: Errno::EIO,
        };
        // The second scenario has a decorator between the lock and the file system.
        for scenario in [Scenario::contend(2), Scenario::fault(injection)] {
            let asks = |lock| reads_inode_numbers(lock, &scenario, Limits::default());
            assert!(asks(&FlockChecked::SameInode), "{scenario:?}");
            assert!(!asks(&FlockChecked::LinkCount), "{scenario:?}");
            assert!(!asks(&CreateNew), "{scenario:?}");
        }
    }

    #[test]
    fn a_cut_search_counts_as_reading_inode_numbers() {
        let limits = Limits {
            executions: 1,
            ..Limits::default()
        };
        assert!(reads_inode_numbers(&CreateNew, &Scenario::contend(2), limits));
    }
}
