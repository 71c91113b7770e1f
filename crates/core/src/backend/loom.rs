//! The loom backend: the same contenders as loom threads, with every schedule chosen by loom.
//!
//! It cross-checks `explore` with an independent search (Norris and Demsky, CDSChecker, OOPSLA 2013). Both trust the simulated
//! file system. `sim` can replay what loom finds, because an execution carries the order of its calls as a schedule.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::contender::Contender;
use super::sim;
use crate::explore::{Exhaustive, Limits, Random, Searched, Stop};
use crate::fs::loom::{Domains, Modelled};
use crate::happens_before::Step;
use crate::history::{End, Event, Execution, What};
use crate::id::ProcessId;
use crate::primitive::LockPrimitive;
use crate::scenario::Scenario;
use crate::schedule::Schedule;

/// The largest number of contenders: loom's limit on threads, including the spawning one.
pub const MOST_PROCESSES: usize = loom::MAX_THREADS;

/// The largest number of thread switches in one execution before loom gives up.
pub const MOST_BRANCHES: usize = 100_000;

/// The panic message of loom at that limit (`loom::rt::path`).
const BRANCHES_EXCEEDED: &str = "maximum number of branches";

/// Limits of a loom search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The number of executions.
    pub executions: u64,
    /// The number of preemptions in one execution; `None` for no bound.
    pub preemptions: Option<usize>,
    /// The time.
    pub time: Duration,
}

/// A bound on preemptions with which loom finishes: none for few contenders with few calls, otherwise 2.
///
/// Measured: two contenders finish in seconds even with a workload of ten calls. `create-new`, with one call that others
/// notice, finishes with four contenders; `stat-then-write`, with three such calls, finishes with three.
pub fn default_preemptions(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> Option<usize> {
    /// The largest product of contenders and calls that others notice.
    const MOST_CALLS: usize = 9;
    const BOUND: usize = 2;
    let mut calls = 0;
    let limits = Limits {
        executions: 1,
        ..Limits::default()
    };
    sim::explore(primitive, scenario, &mut Exhaustive::new(), limits, &mut |execution| {
        let first = execution.history.steps();
        let noticed = |step: &&Step| step.process == ProcessId(0) && !step.accesses.is_empty();
        calls = first.iter().filter(noticed).count();
        ControlFlow::Break(())
    });
    let finishes = scenario.processes <= 2 || (scenario.processes <= 4 && scenario.processes * calls <= MOST_CALLS);
    if finishes { None } else { Some(BOUND) }
}

/// The result of a loom search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modeled {
    /// The executions, up to the limit, and why the search ended.
    pub searched: Searched,
    /// Whether some call touched objects of two domains, so that loom may have missed a conflict.
    pub crossed: bool,
}

/// Runs `scenario` under loom and hands each execution to `watch`, until `interrupted` is set.
///
/// # Panics
///
/// When the scenario has more than [`MOST_PROCESSES`] processes, one of them is to be killed, or loom finds
/// a fault in the harness.
pub fn model(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    bounds: Bounds,
    interrupted: &Arc<AtomicBool>,
    watch: impl FnMut(Execution) + Send + 'static,
) -> Modeled {
    assert!(
        scenario.processes <= MOST_PROCESSES,
        "loom takes {MOST_PROCESSES} threads"
    );
    assert!(scenario.kills.is_empty(), "loom kills no thread");
    let domains = Arc::new(learn(primitive, scenario));
    let run = Arc::new(Mutex::new(Run {
        executions: 0,
        steps: 0,
        domains: Domains::clone(&domains),
        crossed: false,
        watch,
    }));
    let execution = {
        let (run, scenario) = (Arc::clone(&run), scenario.clone());
        let contenders = sim::contenders(primitive, &scenario);
        let interrupted = Arc::clone(interrupted);
        move || {
            // Only a panic can stop loom. No lock is held here, and the panic needs no message.
            if interrupted.load(Ordering::Relaxed) {
                resume_unwind(Box::new(Interrupted));
            }
            let execution = execute(primitive, &contenders, &scenario, &domains);
            lock(&run).take(execution, bounds.executions);
        }
    };
    let begun = Instant::now();
    let ended = catch_unwind(AssertUnwindSafe(|| builder(bounds).check(execution)));
    let run = lock(&run);
    let stop = match ended {
        Err(payload) if payload.is::<Interrupted>() => Stop::Requested,
        Err(payload) if !sim::panic_message(&*payload).contains(BRANCHES_EXCEEDED) => resume_unwind(payload),
        Err(_) => Stop::Steps,
        Ok(()) if run.executions > bounds.executions => Stop::Executions,
        Ok(()) if begun.elapsed() >= bounds.time => Stop::Time,
        Ok(()) => Stop::Exhausted,
    };
    Modeled {
        searched: Searched {
            executions: run.executions.min(bounds.executions),
            steps: run.steps,
            stop,
            ..Searched::nothing()
        },
        crossed: run.crossed,
    }
}

/// The payload of the panic that stops loom when the user interrupts it.
struct Interrupted;

struct Run<W> {
    executions: u64,
    steps: u64,
    domains: Domains,
    crossed: bool,
    watch: W,
}

impl<W: FnMut(Execution)> Run<W> {
    /// Counts an execution, and passes it on unless it is beyond the limit.
    fn take(&mut self, execution: Execution, most: u64) {
        self.executions += 1;
        self.steps += execution.schedule.len() as u64;
        for (_, _, _, _, accesses) in execution.history.calls() {
            self.crossed |= self.domains.learn(accesses);
        }
        if self.executions <= most {
            (self.watch)(execution);
        }
    }
}

/// Sets every field, because loom's defaults come from environment variables.
fn builder(bounds: Bounds) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.max_threads = MOST_PROCESSES;
    builder.max_branches = MOST_BRANCHES;
    // At a limit loom returns as if it had finished. It stops before execution number `max_permutations`, so one execution
    // beyond the limit is allowed. If that one occurs, the limit cut the search.
    builder.max_permutations = usize::try_from(bounds.executions)
        .ok()
        .and_then(|most| most.checked_add(2));
    builder.max_duration = Some(bounds.time);
    builder.preemption_bound = bounds.preemptions;
    builder.checkpoint_file = None;
    builder.checkpoint_interval = 1;
    builder.expect_explicit_explore = false;
    builder.location = false;
    builder.log = false;
    builder
}

/// Learns which objects the calls of the scenario touch together, from schedules on the simulated file system.
fn learn(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> Domains {
    /// Enough for the few calls of a lock. A missed footprint is detected and makes the model inconclusive.
    const EXECUTIONS: u64 = 500;
    let limits = Limits {
        executions: EXECUTIONS,
        ..Limits::default()
    };
    let mut domains = Domains::default();
    let mut watch = |execution: Execution| {
        for (_, _, _, _, accesses) in execution.history.calls() {
            domains.learn(accesses);
        }
        ControlFlow::Continue(())
    };
    sim::explore(primitive, scenario, &mut Exhaustive::new(), limits, &mut watch);
    sim::explore(primitive, scenario, &mut Random::new(0), limits, &mut watch);
    domains
}

/// Runs one execution inside loom.
fn execute(
    primitive: &'static dyn LockPrimitive,
    contenders: &[Contender],
    scenario: &Scenario,
    domains: &Arc<Domains>,
) -> Execution {
    let fs = Arc::new(Modelled::new(Arc::clone(domains), sim::prepared(primitive, scenario)));
    let events = Arc::new(Mutex::new(Vec::new()));
    let run = |contender: Contender| {
        let (fs, events) = (Arc::clone(&fs), Arc::clone(&events));
        move || contend(&contender, &fs, &events)
    };
    let (own, others) = contenders.split_first().expect("a scenario has processes");
    let threads: Vec<_> = others
        .iter()
        .map(|contender| loom::thread::spawn(run(contender.clone())))
        .collect();
    run(own.clone())();
    for thread in threads {
        thread.join().expect("contenders catch their panics");
    }
    let state = fs.state();
    let mut history = sim::blank_history(primitive, scenario);
    history.events = std::mem::take(&mut *lock(&events));
    history
        .snapshots
        .extend(sim::snapshot(scenario, &state, history.events.len()));
    Execution {
        schedule: history.calls().map(|(_, process, ..)| process).collect::<Schedule>(),
        history,
        end: End::Completed,
    }
}

fn contend(contender: &Contender, fs: &Modelled, events: &Mutex<Vec<Event>>) {
    let process = contender.process();
    let tell = |what| lock(events).push(Event { process, what });
    let fs = fs.of(process, |done| {
        tell(What::Performed {
            call: done.call,
            reply: done.reply,
            accesses: done.accesses,
        });
    });
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| contender.run(&fs, &mut |what| tell(what)))) {
        let message = sim::panic_message(&*payload);
        if message.contains(BRANCHES_EXCEEDED) {
            resume_unwind(payload);
        }
        tell(What::Panicked { message });
    }
}

/// No loom operation happens under these locks, so no other thread of the model can run while one is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
