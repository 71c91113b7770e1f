//! The search over schedules.
//!
//! ```text
//!  World ──enabled──▶ Scheduler ──a process──▶ World::step ──Accesses──▶ Scheduler
//! ```
//!
//! The search is stateless: each execution starts afresh and follows its choices. Deliberately names no system call: a
//! [`World`] offers processes that can take a step, and tells the footprint of each step taken.

mod dpor;
mod exhaustive;
mod random;
mod replay;
mod strategy;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::access::Accesses;
use crate::happens_before::Step;
use crate::id::ProcessId;
use crate::schedule::Schedule;

pub use dpor::Dpor;
pub use exhaustive::Exhaustive;
pub use random::Random;
pub use replay::Replay;
pub use strategy::Strategy;

/// What is explored: processes that take one step at a time.
///
/// The search calls [`reset`](Self::reset) before each execution, then [`enabled`](Self::enabled) and
/// [`step`](Self::step) in turn until no process is enabled or the scheduler stops.
///
/// Duties of an implementer:
///
/// 1. After `reset`, the same steps lead to the same state, footprints and enabled processes.
/// 2. `step` takes exactly one step of a process that was enabled, and tells all that it touched.
/// 3. A process that can take no step until another one has is not enabled.
/// 4. After an error, `reset` can be called again: the search may try the same schedule once more.
pub trait World: Model {
    /// Goes back to the first state.
    ///
    /// # Errors
    ///
    /// When no execution can begin: a real process was lost. The simulated world never fails.
    fn reset(&mut self) -> Result<(), Lost>;

    /// Adds the processes that can take a step, in ascending order, to the empty `processes`.
    fn enabled(&self, processes: &mut Vec<ProcessId>);

    /// What the next step of an enabled process may touch, as far as that is known before it is taken.
    ///
    /// It may tell more than [`step`](Self::step) then does, and never less. It serves to choose what to try first, and
    /// where to preempt; nothing is concluded from it alone.
    fn forecast(&self, process: ProcessId) -> Accesses;

    /// Takes one step of an enabled process.
    ///
    /// # Errors
    ///
    /// When the execution cannot go on, so that nothing follows from it.
    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost>;
}

/// An execution that the world could not carry on: a real process died, did not become quiet, or did what is not controlled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Lost {
    /// What happened, naming process and call where it can.
    pub reason: String,
    /// Whether the same schedule may go well another time.
    pub again: Again,
}

/// Whether to try once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// A matter of timing: try again.
    Maybe,
    /// It will happen again: a call that is not controlled, a model that answers otherwise.
    Never,
}

/// What recorded steps would touch in another order.
///
/// A scheduler asks it between two executions, as often as it likes, about the execution that has just ended. No code of a
/// process runs: a step is taken again with the arguments that it was taken with.
///
/// Duties of an implementer:
///
/// 1. Asked about the order in which the steps were taken, it tells the footprints that they had.
/// 2. It leaves the state of the [`World`] as it is.
pub trait Model {
    /// Takes the first `kept` steps as they were taken, then the steps `then`, in that order, and tells the footprints of
    /// the latter. It ends before the first step that could not be taken there.
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses>;

    /// The processes that have a step left which they cannot take in the last state, in ascending order, each with what that
    /// step would touch if it could be taken: the load and store of a lock's table, the load of what it waits for.
    fn waiting(&mut self) -> Vec<Step> {
        Vec::new()
    }
}

/// A step that is taken again elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The step that was taken at this position, counted from 0.
    Taken(usize),
    /// The step that this process waits to take at the end: see [`Model::waiting`].
    Waiting(ProcessId),
}

/// Who chooses the next step.
///
/// For each execution the search calls [`begin`](Self::begin) once; then, while processes are enabled,
/// [`choose`](Self::choose) and [`performed`](Self::performed) in turn; and [`completed`](Self::completed) if none is enabled
/// any more. A scheduler keeps what it needs between executions.
///
/// Duties of an implementer:
///
/// 1. `choose` picks among the enabled processes, of which there is at least one.
/// 2. `begin` says [`Begin::Exhausted`] only if every schedule was run that it stands for.
pub trait Scheduler {
    /// Whether there is another execution to run.
    fn begin(&mut self) -> Begin;

    /// The next step.
    fn choose(&mut self, enabled: &[ProcessId]) -> Choice;

    /// Tells the step that was taken, with its footprint.
    fn performed(&mut self, _step: &Step) {}

    /// Tells that no process can take another step; `model` knows the steps that were taken.
    ///
    /// # Errors
    ///
    /// When the model contradicts the execution, so that nothing follows from it.
    fn completed(&mut self, _model: &mut dyn Model) -> Result<(), Mismatch> {
        Ok(())
    }
}

/// A model that does not do what the world did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The step that it tells otherwise, counted from 0.
    pub step: usize,
}

/// Whether a scheduler has another execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It has.
    Another,
    /// Every schedule that it stands for was run.
    Exhausted,
}

/// What a scheduler wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A step of this process.
    Step(ProcessId),
    /// No more of this execution.
    Cut,
    /// Every step that is left leads to what other executions have shown.
    Blocked,
    /// The schedule that is followed asks for what is not there.
    Diverged {
        /// What was expected, and what was there.
        reason: String,
    },
}

/// How far a search may go; each limit that is reached makes it incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most executions.
    pub executions: u64,
    /// The most steps of one execution: a lock that spins for ever ends here.
    pub steps: usize,
    /// The most time for the whole search.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            executions: 10_000_000,
            steps: 10_000,
            time: Duration::from_secs(60),
        }
    }
}

/// How one execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No process can take another step.
    Completed,
    /// The scheduler, or the limit on steps, stopped it.
    Cut,
    /// See [`Choice::Blocked`].
    Blocked,
    /// The world could not carry it on: see [`Lost`].
    Lost {
        /// The step, counted from 0.
        step: usize,
        /// What happened.
        reason: String,
    },
    /// See [`Choice::Diverged`], and [`Scheduler::completed`].
    Diverged {
        /// The step, counted from 0.
        step: usize,
        /// What was expected, and what was there.
        reason: String,
    },
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The scheduler has nothing left.
    Exhausted,
    /// The limit on executions was reached, and there was more.
    Executions,
    /// The limit on steps was reached in some execution.
    Steps,
    /// The limit on time was reached.
    Time,
    /// Whoever watches the executions asked for it.
    Asked,
}

/// What a search did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Executions run.
    pub executions: u64,
    /// Those among them that ended as [`Ended::Blocked`].
    pub blocked: u64,
    /// Steps taken in all of them.
    pub steps: u64,
    /// Why it ended.
    pub stop: Stop,
}

/// Runs executions until the scheduler has no more, a limit is reached, or `watch` breaks.
pub fn search<W: World>(
    world: &mut W,
    scheduler: &mut dyn Scheduler,
    limits: Limits,
    watch: &mut dyn FnMut(&mut W, Schedule, Ended) -> ControlFlow<()>,
) -> Searched {
    let deadline = Instant::now() + limits.time;
    let mut searched = Searched {
        executions: 0,
        blocked: 0,
        steps: 0,
        stop: Stop::Exhausted,
    };
    let mut too_long = false;
    while scheduler.begin() == Begin::Another {
        if searched.executions == limits.executions {
            searched.stop = Stop::Executions;
            return searched;
        }
        if Instant::now() >= deadline {
            searched.stop = Stop::Time;
            return searched;
        }
        let (schedule, ended) = execute(world, scheduler, limits.steps);
        searched.executions += 1;
        searched.blocked += u64::from(ended == Ended::Blocked);
        searched.steps += schedule.len() as u64;
        too_long |= ended == Ended::Cut && schedule.len() == limits.steps;
        if watch(world, schedule, ended).is_break() {
            searched.stop = Stop::Asked;
            return searched;
        }
    }
    if too_long {
        searched.stop = Stop::Steps;
    }
    searched
}

/// Runs one execution from its first step.
fn execute<W: World>(world: &mut W, scheduler: &mut dyn Scheduler, most_steps: usize) -> (Schedule, Ended) {
    let mut schedule = Schedule::default();
    if let Err(Lost { reason, .. }) = world.reset() {
        return (schedule, Ended::Lost { step: 0, reason });
    }
    let mut enabled = Vec::new();
    loop {
        enabled.clear();
        world.enabled(&mut enabled);
        if enabled.is_empty() {
            let ended = match scheduler.completed(world) {
                Ok(()) => Ended::Completed,
                Err(Mismatch { step }) => {
                    let reason = "the model tells another footprint than the world".to_owned();
                    Ended::Diverged { step, reason }
                }
            };
            return (schedule, ended);
        }
        if schedule.len() == most_steps {
            return (schedule, Ended::Cut);
        }
        match scheduler.choose(&enabled) {
            Choice::Step(process) => {
                debug_assert!(enabled.contains(&process), "{process} is not enabled");
                let accesses = match world.step(process) {
                    Ok(accesses) => accesses,
                    Err(Lost { reason, .. }) => {
                        let step = schedule.len();
                        return (schedule, Ended::Lost { step, reason });
                    }
                };
                schedule.push(process);
                scheduler.performed(&Step { process, accesses });
            }
            Choice::Cut => return (schedule, Ended::Cut),
            Choice::Blocked => return (schedule, Ended::Blocked),
            Choice::Diverged { reason } => {
                let step = schedule.len();
                return (schedule, Ended::Diverged { step, reason });
            }
        }
    }
}
