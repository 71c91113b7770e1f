//! The search over schedules.
//!
//! ```text
//!  System ──enabled──▶ Scheduler ──a process──▶ System::step ──Accesses──▶ Scheduler
//! ```
//!
//! The search is stateless: each execution starts from the first state and follows its choices. Deliberately names no system
//! call: a [`System`] offers processes that can take a step, and reports the footprint of each step taken.

mod adaptive;
mod bounded;
mod branching;
mod conflicts;
mod dpor;
mod estimated;
mod exhaustive;
mod linearise;
mod minimise;
mod parallel;
mod pct;
mod preference;
mod prefix;
#[cfg(test)]
mod programs;
mod random;
mod relinearise;
mod replay;
mod search;
mod sleep_sets;
mod strategy;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::{Accesses, Object};
use crate::happens_before::Step;
use crate::id::ProcessId;

pub use adaptive::Adaptive;
pub use bounded::Bounded;
pub use dpor::{Dpor, Task, TaskResult};
pub use estimated::Estimated;
pub use exhaustive::Exhaustive;
pub use linearise::{fewest_preemptions, preemptions};
pub use minimise::minimise;
pub use parallel::{
    AfterRound, ObservedTaskSearch, ParallelSearch, Split, TaskSearch, search_in_parallel, search_in_parallel_observed,
};
pub use pct::Pct;
pub use random::Random;
pub use relinearise::relinearise;
pub use replay::Replay;
pub use search::{Ended, Limits, RETRIES, Searched, Stop, search};
pub use sleep_sets::SleepSets;
pub use strategy::Strategy;

/// What is explored: processes that take one step at a time.
///
/// The search calls [`reset`](Self::reset) before each execution, then [`enabled`](Self::enabled) and
/// [`step`](Self::step) in turn until no process is enabled or the scheduler stops.
///
/// Duties of an implementer:
///
/// 1. After `reset`, the same steps lead to the same state, footprints and enabled processes.
/// 2. `step` takes exactly one step of an enabled process, and reports everything that it touched.
/// 3. A process that can take no step until another one has is not enabled.
/// 4. After an error, `reset` can be called again: the search may try the same schedule once more.
pub trait System: Model {
    /// Goes back to the first state.
    ///
    /// # Errors
    ///
    /// When no execution can begin because a real process was lost. The simulated file system never fails.
    fn reset(&mut self) -> Result<(), Lost>;

    /// Adds the processes that can take a step, in ascending order, to the empty `processes`.
    fn enabled(&self, processes: &mut Vec<ProcessId>);

    /// Adds the processes that have a step to take and are not enabled only because they repeat themselves without progress, to
    /// the empty `processes`. A scheduler may let one go on all the same: it may give up after a few more tries.
    fn polling(&self, _processes: &mut Vec<ProcessId>) {}

    /// What the next step of an enabled process may touch, as far as that is known in advance.
    ///
    /// It may name more than [`step`](Self::step) then touches, and never less. Schedulers use it to choose what to try first
    /// and where to preempt. No verdict depends on it alone.
    fn forecast(&self, process: ProcessId) -> Accesses;

    /// The moment on the execution's clock at which an enabled process wakes, if its next step is the end of a sleep or a
    /// time-out. Leaving a process that sleeps is no preemption; waking it before a process that wakes earlier is one.
    fn wakes_at(&self, _process: ProcessId) -> Option<Duration> {
        None
    }

    /// Takes one step of an enabled process.
    ///
    /// # Errors
    ///
    /// When the execution cannot continue, so that nothing follows from it.
    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost>;

    /// How many fruitless polls each process may make, if a process had to stop because of that limit in an execution so far.
    /// A poll is fruitless if it repeats the calls of the last one, with the same results.
    fn poll_limit(&self) -> Option<u32> {
        None
    }

    /// Why schedules are left out that no bound describes, if there are such: then the search is not complete.
    fn left_out(&self) -> Option<String> {
        None
    }
}

/// An execution that the system could not continue: a real process died, did not stop in time, or made a call that is not
/// controlled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Lost {
    /// What happened, naming process and call where it can.
    pub reason: String,
    /// Whether another run of the same schedule may succeed.
    pub again: Retry,
}

/// Whether to run the same schedule once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The failure may be one of timing: retry.
    Maybe,
    /// The failure will repeat: an uncontrolled call, or a model that replies differently.
    Never,
    /// No schedule can be run any more: this execution is lost, and the search ends.
    SystemFailed,
    /// The time of the search is over, or its caller wants it to end: the execution was left where it was and does not count,
    /// and the search ends.
    Abandoned,
}

/// Predicts what recorded steps would touch in another order.
///
/// A scheduler asks it between two executions, as often as it likes, about the execution that has just ended. No code of a
/// process runs: each step is repeated with its recorded arguments.
///
/// Duties of an implementer:
///
/// 1. In the order that was run, each step has the footprint that it had.
/// 2. The state of the [`System`] does not change.
pub trait Model {
    /// Repeats the first `kept` steps, then takes the steps `then` in that order. Returns the footprints of the latter, up to
    /// the first step that could not be taken there.
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses>;

    /// The processes that wait in the last state, in ascending order. Each comes with what its next step would touch if it
    /// could be taken: the lock table that it would load and store, or the object that it waits for.
    fn waiting(&mut self) -> Vec<Step> {
        Vec::new()
    }
}

/// A recorded step to repeat at another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The step that was taken at this position, counted from 0.
    Taken(usize),
    /// The step that this process waits to take in the last state: see [`Model::waiting`].
    Waiting(ProcessId),
}

/// What a scheduler sees when it chooses the next step.
pub struct ChoicePoint<'a> {
    /// The processes that can take a step, in ascending order; at least one.
    pub enabled: &'a [ProcessId],
    /// The processes that could go on polling: see [`System::polling`].
    pub polling: &'a [ProcessId],
    /// The process that took the last step.
    pub last: Option<ProcessId>,
    forecast: &'a dyn Fn(ProcessId) -> Accesses,
    wakes_at: &'a dyn Fn(ProcessId) -> Option<Duration>,
}

impl ChoicePoint<'_> {
    /// See [`System::forecast`].
    pub fn forecast(&self, process: ProcessId) -> Accesses {
        (self.forecast)(process)
    }

    /// See [`System::wakes_at`].
    pub fn wakes_at(&self, process: ProcessId) -> Option<Duration> {
        (self.wakes_at)(process)
    }

    /// Whether a step of this process is the end of a sleep while another process wakes earlier.
    pub fn wakes_out_of_turn(&self, process: ProcessId) -> bool {
        let others = || self.enabled.iter().filter_map(|other| self.wakes_at(*other));
        self.wakes_at(process)
            .is_some_and(|mine| others().any(|other| other < mine))
    }

    /// Whether a process can take a step, if only to go on polling.
    pub fn can_step(&self, process: ProcessId) -> bool {
        self.enabled.contains(&process) || self.polling.contains(&process)
    }

    /// Whether the next step of a process may store something besides the time that it has reached.
    pub fn may_store_more_than_time(&self, process: ProcessId) -> bool {
        let forecast = self.forecast(process);
        forecast.stores().any(|object| !matches!(object, Object::Clock(_)))
    }

    /// Whether the next step of an enabled process may store something.
    pub fn may_store(&self, process: ProcessId) -> bool {
        self.forecast(process).stores().next().is_some()
    }
}

/// Chooses the next step.
///
/// For each execution the search calls [`begin`](Self::begin) once. While processes are enabled, it calls
/// [`choose`](Self::choose) and [`performed`](Self::performed) in turn. When none is enabled, it calls
/// [`completed`](Self::completed). If an execution fails, the search calls [`again`](Self::again) and repeats it a few times,
/// and calls [`unfinished`](Self::unfinished) if all attempts fail. A scheduler keeps what it needs between executions.
///
/// Duties of an implementer:
///
/// 1. `choose` picks one of the enabled processes, or of those that poll.
/// 2. After `again`, it repeats the choices that it has made, as long as they can be made.
/// 3. `begin` returns [`Begin::Exhausted`] only when every schedule was run, apart from what `unfinished` left out.
/// 4. `covered` does not include what `unfinished` left out.
pub trait Scheduler {
    /// Whether there is another execution to run.
    fn begin(&mut self) -> Begin;

    /// The execution restarts at its first step, because it was lost or diverged.
    fn again(&mut self);

    /// Chooses the next step.
    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice;

    /// Takes note of the step that was taken, with its footprint.
    ///
    /// # Errors
    ///
    /// When the same steps had another footprint before.
    fn performed(&mut self, _step: &Step) -> Result<(), Diverged> {
        Ok(())
    }

    /// No process can take another step. `model` knows the steps that were taken.
    ///
    /// # Errors
    ///
    /// When the model contradicts the execution, so that nothing follows from it.
    fn completed(&mut self, _model: &mut dyn Model) -> Result<(), Mismatch> {
        Ok(())
    }

    /// The execution ended too early: lost, diverged, or at the limit on steps. What would have followed is unknown.
    fn unfinished(&mut self) {}

    /// What has been covered so far.
    fn covered(&self) -> Covered;

    /// The completed share of the search, between 0 and 1, estimated from the tree so far: at each node every known choice
    /// weighs the same (Knuth, "Estimating the Efficiency of Backtrack Programs", Mathematics of Computation 1975). The
    /// executions so far, divided by this share, are the expected total.
    ///
    /// For progress display only: it falls when new choices are found. `None` if the search has no end.
    fn estimate(&self) -> Option<f64> {
        None
    }
}

/// How much of all schedules a search has covered. A schedule is also covered by one that differs only in the order of
/// commuting steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covered {
    /// Every schedule.
    Everything,
    /// Every schedule with at most this many preemptions: the highest level that was completed.
    Preemptions(u32),
    /// Some schedules, without a bound that describes them.
    Some,
}

/// The same steps led to a different state than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diverged {
    /// What was expected and what was found.
    pub reason: String,
}

impl Diverged {
    /// A step that touched something else in an earlier execution.
    fn between(before: &Step, now: &Step) -> Self {
        let (process, before, now) = (now.process, &before.accesses, &now.accesses);
        let reason = format!(
            "the step of {process} is not the same in each execution: it touched {before} before, and {now} now"
        );
        Self { reason }
    }
}

impl Choice {
    /// A step of this process, which was taken here before; or a divergence, if it is not enabled any more.
    fn repeated(process: ProcessId, enabled: &[ProcessId]) -> Self {
        if enabled.contains(&process) {
            return Self::Step(process);
        }
        let reason = format!("{process} had a step to take before, and {enabled:?} are enabled now");
        Self::Diverged { reason }
    }
}

/// A model that contradicts the execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The step whose footprint differs, counted from 0.
    pub step: usize,
}

/// Whether a scheduler has another execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Another execution follows.
    Another,
    /// No schedule is left.
    Exhausted,
}

/// What happens next in an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A step of this process.
    Step(ProcessId),
    /// The execution ends here.
    Cut,
    /// Every possible step leads to an execution that is equivalent to another one. A search that promises to begin no such
    /// execution has lost something.
    Blocked,
    /// The same, in a search that begins such executions.
    Redundant,
    /// The schedule to follow contains a step that cannot be taken.
    Diverged {
        /// What was expected and what was found.
        reason: String,
    },
}
