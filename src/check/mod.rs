//! From a plan to a verdict: runs a backend, judges what it shows, and tells it as events.
//!
//! ```text
//!  Plan ─▶ backend ─▶ Execution ─▶ Tally (properties, outcomes) ─▶ Judged{Verdict, Coverage} ─▶ Event
//! ```
//!
//! It prints nothing, and knows no terminal and no exit.

pub mod confirm;
pub mod counterexample;
pub mod preset;
#[cfg(feature = "kernel")]
mod raced;
mod replay;
mod tally;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "kernel")]
use crate::backend::race;
use crate::backend::{loom, sim};
use crate::explore::{Limits, Searched, Stop, Strategy};
use crate::primitive::{Expectation, LockPrimitive};
use crate::scenario::{Scenario, Subject};
use crate::verdict::{Counterexample, Coverage, Exit, Extent, Judged, Unit, Verdict};

use tally::Tally;

/// One run: whose lock, doing what, in which world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose lock.
    pub subject: Subject,
    /// What is run.
    pub scenario: Scenario,
    /// The world, and how far to go in it.
    pub world: World,
    /// The seed of every random choice.
    pub seed: u64,
}

/// A backend with its bounds.
#[derive(Clone, Debug)]
pub enum World {
    /// Under loom.
    Loom(loom::Bounds),
    /// On the simulated file system.
    Sim {
        /// How schedules are chosen.
        strategy: Strategy,
        /// How far to go.
        limits: Limits,
    },
    /// Real processes on the kernel's file system; scenario and seed are the plan's.
    #[cfg(feature = "kernel")]
    Race(race::RaceOptions),
}

/// What happens during a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A plan begins.
    Began {
        /// The world.
        backend: &'static str,
        /// The lock's name, or the program's command line.
        lock: String,
        /// What is run.
        scenario: Scenario,
    },
    /// It goes on.
    Progress {
        /// Executions or rounds so far.
        executions: u64,
        /// Of how many, if that is known.
        of: Option<u64>,
    },
    /// It is decided.
    Judged(Box<Judged>),
}

/// Who is told; loom calls from inside a model, so it may be called from anywhere.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// For whoever wants the verdict alone.
pub fn nobody() -> Tell {
    Arc::new(|_| {})
}

/// The limit of a search that the user ended.
const INTERRUPTED: &str = "an interrupt";

/// Executions between two [`Event::Progress`].
const PROGRESS_EVERY: u64 = 1_000;

/// Whether what was found is what was claimed.
pub fn exit(verdict: &Verdict, coverage: &Coverage, claim: Expectation) -> Exit {
    match (verdict, claim) {
        (Verdict::Inconclusive { .. }, _) => Exit::Inconclusive,
        (Verdict::Holds, Expectation::ExactlyOneWinner) => Exit::AsClaimed,
        (Verdict::Violated(_), Expectation::ExactlyOneWinner) => Exit::NotAsClaimed,
        // None seen in a sample: the claim that there is one is neither shown nor refuted.
        (Verdict::Holds, Expectation::SeveralWinners) if matches!(coverage.extent, Extent::Sampled { .. }) => {
            Exit::Inconclusive
        }
        (Verdict::Holds, Expectation::SeveralWinners) => Exit::NotAsClaimed,
        (Verdict::Violated(shown), Expectation::SeveralWinners) => match shown.property {
            "at-most-one-winner" | "mutual-exclusion" | "no-duplicates" => Exit::AsClaimed,
            _ => Exit::NotAsClaimed,
        },
    }
}

/// Why a plan could not be run at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// A program was to run in a world that has no processes.
    #[error(
        "failed to run {line:?} in {backend}: only a lock written over `Fs` runs there; use `onewinner explore --backend traced`"
    )]
    NeedsProcesses {
        /// The command line.
        line: String,
        /// The world.
        backend: &'static str,
    },
    /// There was no race.
    #[cfg(feature = "kernel")]
    #[error(transparent)]
    Race(#[from] race::RaceError),
}

/// Runs a plan to its verdict; `interrupted` ends it early with what was seen.
///
/// # Errors
///
/// When the world cannot be made: a directory that is missing or not writable.
pub fn check(plan: &Plan, interrupted: &Arc<AtomicBool>, tell: &Tell) -> Result<Judged, CheckError> {
    tell(Event::Began {
        backend: plan.world.backend(),
        lock: plan.subject.name().to_owned(),
        scenario: plan.scenario.clone(),
    });
    let judged = match &plan.world {
        World::Loom(bounds) => under_loom(plan, *bounds, interrupted, tell)?,
        World::Sim { strategy, limits } => simulated(plan, strategy, *limits, interrupted, tell)?,
        #[cfg(feature = "kernel")]
        World::Race(options) => raced::raced(plan, options, interrupted, tell)?,
    };
    tell(Event::Judged(Box::new(judged.clone())));
    Ok(judged)
}

impl Plan {
    /// The lock over `Fs`, for the worlds that have no processes to run a program.
    fn primitive(&self) -> Result<&'static dyn LockPrimitive, CheckError> {
        match &self.subject {
            Subject::Primitive(primitive) => Ok(*primitive),
            Subject::Program(program) => Err(CheckError::NeedsProcesses {
                line: program.line.clone(),
                backend: self.world.backend(),
            }),
        }
    }
}

impl World {
    /// The name of the backend.
    pub fn backend(&self) -> &'static str {
        match self {
            Self::Loom(_) => "loom",
            Self::Sim { .. } => "sim",
            #[cfg(feature = "kernel")]
            Self::Race(_) => "race",
        }
    }

    /// What a pass in this world does not show.
    fn blind_spots(&self) -> Vec<String> {
        let texts: &[&str] = match self {
            Self::Loom(_) | Self::Sim { .. } => {
                &["trusts the modelled file system, which the conformance tests hold against the kernel"]
            }
            #[cfg(feature = "kernel")]
            Self::Race(_) => {
                &["samples: what was not seen may still happen; rounds are correlated, so the bound is nominal"]
            }
        };
        texts.iter().map(ToString::to_string).collect()
    }
}

fn simulated(
    plan: &Plan,
    strategy: &Strategy,
    limits: Limits,
    interrupted: &AtomicBool,
    tell: &Tell,
) -> Result<Judged, CheckError> {
    let mut tally = Tally::default();
    let searched = sim::explore(
        plan.primitive()?,
        &plan.scenario,
        &mut *strategy.scheduler(),
        limits,
        &mut |execution| {
            tally.take(execution, 1);
            progress(&tally, tell);
            match interrupted.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        },
    );
    tally.blocked = searched.blocked;
    let each = match strategy {
        Strategy::Dpor => Unit::Class,
        Strategy::Exhaustive | Strategy::Random { .. } | Strategy::Replay { .. } => Unit::Schedule,
    };
    let failed = searched.lost + searched.diverged;
    let doubt = searched
        .failure
        .as_ref()
        .map(|first| format!("{failed} executions could not be followed to their end; the first: {first}"));
    Ok(conclude(plan, tally, extent(&searched, limits, each), doubt))
}

fn progress(tally: &Tally, tell: &Tell) {
    if tally.executions.is_multiple_of(PROGRESS_EVERY) {
        let (executions, of) = (tally.executions, None);
        tell(Event::Progress { executions, of });
    }
}

fn extent(searched: &Searched, limits: Limits, each: Unit) -> Extent {
    let limit = match searched.stop {
        Stop::Exhausted => {
            let bounds = Vec::new();
            return Extent::Complete { each, bounds };
        }
        Stop::Executions => format!("{} executions", limits.executions),
        Stop::Steps => format!("{} steps in an execution", limits.steps),
        Stop::Time => format!("{} seconds", limits.time.as_secs_f64()),
        Stop::Asked => INTERRUPTED.to_owned(),
    };
    Extent::Cut { limit }
}

fn under_loom(
    plan: &Plan,
    bounds: loom::Bounds,
    interrupted: &Arc<AtomicBool>,
    tell: &Tell,
) -> Result<Judged, CheckError> {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let (taking, tell) = (Arc::clone(&tally), Arc::clone(tell));
    let modeled = loom::model(
        plan.primitive()?,
        &plan.scenario,
        bounds,
        interrupted,
        move |execution| {
            let mut tally = taking.lock().unwrap_or_else(PoisonError::into_inner);
            tally.take(execution, 1);
            progress(&tally, &tell);
        },
    );
    let tally = std::mem::take(&mut *tally.lock().unwrap_or_else(PoisonError::into_inner));
    let mut extent = extent(
        &modeled.searched,
        Limits {
            executions: bounds.executions,
            steps: loom::MOST_BRANCHES,
            time: bounds.time,
        },
        Unit::Schedule,
    );
    if let (Extent::Complete { bounds: named, .. }, Some(preemptions)) = (&mut extent, bounds.preemptions) {
        named.push(format!("at most {preemptions} preemptions"));
    }
    let crossed = "a call touched files in a way that no execution had shown before, so that loom may have missed an order; \
                   this is a limit of the loom backend, use `explore --backend sim`";
    let doubt = modeled.crossed.then(|| crossed.to_owned());
    Ok(conclude(plan, tally, extent, doubt))
}

/// The verdict on what was counted.
fn conclude(plan: &Plan, mut tally: Tally, extent: Extent, doubt: Option<String>) -> Judged {
    let verdict = match tally.first.take() {
        Some(found) => Verdict::Violated(Box::new(Counterexample {
            property: found.property.name(),
            sentence: found.violation.sentence,
            reproduced: replay::reproduce(plan, &found.execution, found.property.name()),
            execution: found.execution,
        })),
        None => match doubt.or_else(|| tally.doubt(&extent)) {
            Some(reason) => Verdict::Inconclusive { reason },
            None => Verdict::Holds,
        },
    };
    Judged {
        verdict,
        coverage: Coverage {
            backend: plan.world.backend(),
            lock: plan.subject.name().to_owned(),
            scenario: plan.scenario.clone(),
            executions: tally.executions,
            blocked: tally.blocked,
            extent,
            outcomes: tally.rows(),
            seed: plan.seed,
            blind_spots: plan.world.blind_spots(),
            race: None,
        },
    }
}
