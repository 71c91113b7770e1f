//! The search over schedules.
//!
//! ```text
//!  World ──enabled──▶ Scheduler ──a process──▶ World::step ──Accesses──▶ Scheduler
//! ```
//!
//! The search is stateless: each execution starts afresh and follows its choices. Deliberately names no system call: a
//! [`System`] offers processes that can take a step, and tells the footprint of each step taken.

mod bounded;
mod conflicts;
mod dpor;
mod estimated;
mod exhaustive;
mod lead;
mod linearise;
mod minimise;
mod pct;
mod prefer;
mod prefix;
#[cfg(test)]
mod programs;
mod random;
mod relinearise;
mod replay;
mod rounds;
mod search;
mod strategy;
mod widths;

use serde::{Deserialize, Serialize};

use crate::access::Accesses;
use crate::happens_before::Step;
use crate::id::ProcessId;

pub use bounded::Bounded;
pub use dpor::{Came, Dpor, Task};
pub use estimated::Estimated;
pub use exhaustive::Exhaustive;
pub use lead::Lead;
pub use linearise::{fewest_preemptions, preemptions};
pub use minimise::minimise;
pub use pct::Pct;
pub use random::Random;
pub use relinearise::relinearise;
pub use replay::Replay;
pub use rounds::{HeardWork, Heed, Rounds, Split, Work, in_rounds, in_rounds_heard};
pub use search::{Ended, Limits, RETRIES, Searched, Stop, search};
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
pub trait System: Model {
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
    pub again: Retry,
}

/// Whether to try once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
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
/// 2. It leaves the state of the [`System`] as it is.
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

/// What a scheduler may look at when it chooses.
pub struct Now<'a> {
    /// The processes that can take a step, in ascending order; at least one.
    pub enabled: &'a [ProcessId],
    /// Who took the last step.
    pub last: Option<ProcessId>,
    forecast: &'a dyn Fn(ProcessId) -> Accesses,
}

impl Now<'_> {
    /// See [`System::forecast`].
    pub fn forecast(&self, process: ProcessId) -> Accesses {
        (self.forecast)(process)
    }

    /// Whether the next step of an enabled process may store something.
    pub fn may_store(&self, process: ProcessId) -> bool {
        self.forecast(process).stores().next().is_some()
    }
}

/// Who chooses the next step.
///
/// For each execution the search calls [`begin`](Self::begin) once; then, while processes are enabled,
/// [`choose`](Self::choose) and [`performed`](Self::performed) in turn; and [`completed`](Self::completed) if none is enabled
/// any more. An execution that fails is begun [`again`](Self::again) a few times, and in the end
/// [`unfinished`](Self::unfinished). A scheduler keeps what it needs between executions.
///
/// Duties of an implementer:
///
/// 1. `choose` picks among the enabled processes.
/// 2. After `again` it makes the same choices as before, as far as they were made, unless they cannot be made.
/// 3. `begin` says [`Begin::Exhausted`] only if every schedule was run that it stands for, but for what `unfinished` left out.
/// 4. `covered` claims nothing that `unfinished` left out.
pub trait Scheduler {
    /// Whether there is another execution to run.
    fn begin(&mut self) -> Begin;

    /// The execution goes back to its first step: the world lost it, or it diverged.
    fn again(&mut self);

    /// The next step.
    fn choose(&mut self, now: &Now<'_>) -> Choice;

    /// Tells the step that was taken, with its footprint.
    ///
    /// # Errors
    ///
    /// When the same steps had another footprint before.
    fn performed(&mut self, _step: &Step) -> Result<(), Diverged> {
        Ok(())
    }

    /// Tells that no process can take another step; `model` knows the steps that were taken.
    ///
    /// # Errors
    ///
    /// When the model contradicts the execution, so that nothing follows from it.
    fn completed(&mut self, _model: &mut dyn Model) -> Result<(), Mismatch> {
        Ok(())
    }

    /// Tells that the execution ended too early, lost, diverged, or at the limit on steps: what follows stays unknown.
    fn unfinished(&mut self) {}

    /// What has been covered so far.
    fn covered(&self) -> Covered;

    /// Which share of the search is behind it, between 0 and 1, as far as can be told from the tree so far (Knuth, "Estimating
    /// the Efficiency of Backtrack Programs", Mathematics of Computation 1975): at each node every choice that is known weighs
    /// the same. Executions behind it, divided by this, are the executions to expect.
    ///
    /// Nothing rests on it: choices that come to light later make it fall. `None` if there is no end.
    fn estimate(&self) -> Option<f64> {
        None
    }
}

/// How much of all schedules a search has run, itself or by way of one that differs in the order of commuting steps only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covered {
    /// All.
    Everything,
    /// All with at most so many preemptions: the highest level that was run to its end, also when a limit cut a higher one.
    Preemptions(u32),
    /// No part that has a name.
    Some,
}

/// The same steps led elsewhere than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diverged {
    /// What was expected, and what was there.
    pub reason: String,
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
