//! From a plan to a verdict: runs a backend, judges what it shows, and tells it as events.
//!
//! ```text
//!  Plan ─▶ backend ─▶ Execution ─▶ Tally (properties, outcomes) ─▶ Judged{Verdict, Coverage} ─▶ Event
//! ```
//!
//! It prints nothing, and knows no terminal and no exit.

pub mod confirm;
pub mod counterexample;
mod jobs;
mod modelled;
pub mod preset;
#[cfg(feature = "kernel")]
mod raced;
mod replay;
mod searches;
mod shown;
mod tally;
mod watch;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::backend::loom;
#[cfg(feature = "kernel")]
use crate::backend::race;
use crate::explore::{Limits, Strategy};
use crate::primitive::{Expectation, LockPrimitive};
use crate::scenario::{Scenario, Subject, Vary};
use crate::verdict::{Coverage, Exit, Extent, Judged, Verdict};

pub use jobs::check_all;
use searches::{Gathered, Part};
use tally::Tally;
use watch::Watch;

/// One run: whose lock, doing what, in which world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose lock.
    pub subject: Subject,
    /// What is run.
    pub scenario: Scenario,
    /// What is added to it, in a search for each way.
    pub vary: Vary,
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
        /// What is run, in words.
        scenario: String,
    },
    /// It goes on.
    Progress {
        /// Executions or rounds so far, of all plans that run at once.
        executions: u64,
        /// Of how many, if that is known.
        of: Option<u64>,
        /// Steps in the last execution.
        depth: Option<usize>,
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
        scenario: plan.configuration(),
    });
    let judged = match &plan.world {
        World::Loom(bounds) => modelled::modelled(plan, *bounds, interrupted, tell)?,
        World::Sim { strategy, limits } => {
            let watch = Watch::new(interrupted, tell);
            let deadline = Instant::now() + limits.time;
            let mut gathered = Vec::new();
            for part in Part::of(plan.vary) {
                gathered.push(part.run(plan, strategy, *limits, deadline, &watch)?);
            }
            together(plan, gathered)
        }
        #[cfg(feature = "kernel")]
        World::Race(options) => raced::raced(plan, options, interrupted, tell)?,
    };
    tell(Event::Judged(Box::new(judged.clone())));
    Ok(judged)
}

/// The verdict on all parts of a plan, of which there is at least one.
fn together(plan: &Plan, gathered: impl IntoIterator<Item = Gathered>) -> Judged {
    let gathered = gathered.into_iter().reduce(Gathered::and);
    let Gathered { tally, extent } = gathered.expect("a plan has a part");
    conclude(plan, tally, extent, None)
}

impl Plan {
    /// What is run, in words.
    fn configuration(&self) -> String {
        format!("{}{}", self.scenario, self.vary)
    }

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

/// The verdict on what was counted.
fn conclude(plan: &Plan, mut tally: Tally, extent: Extent, doubt: Option<String>) -> Judged {
    let verdict = match tally.best.take() {
        Some(found) => Verdict::Violated(Box::new(shown::shown(plan, found))),
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
            vary: plan.vary,
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
