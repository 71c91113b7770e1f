//! From a plan to a verdict: runs a backend, judges what it shows, and tells it as events.
//!
//! ```text
//!  Plan ─▶ backend ─▶ Execution ─▶ Tally (properties, outcomes) ─▶ Judged{Verdict, Coverage} ─▶ Event
//! ```
//!
//! It prints nothing, and knows no terminal and no exit.

pub mod confirm;
pub mod counterexample;
mod decisive_pair;
mod fault_sweep;
mod jobs;
mod loom_run;
mod parallel_search;
mod plan;
mod plan_searches;
pub mod preset;
mod progress;
#[cfg(target_os = "linux")]
mod race_run;
mod replay;
mod replayer;
mod results;
#[cfg(target_os = "linux")]
pub mod sampled;
mod shrink;
pub mod text;
pub mod verdicts;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use onewinner_core::backend::BackendKind;
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::primitive::Expectation;
use onewinner_core::scenario::Subject;
#[cfg(target_os = "linux")]
use onewinner_core::statistics::rate_bounds;
use onewinner_core::verdict::{Coverage, CutReason, Exit, Extent, Judged, Verdict};
#[cfg(target_os = "linux")]
use onewinner_linux::{blame::Blame, race, tracer};

use fault_sweep::Part;
pub use jobs::{Allowance, check_all};
pub use plan::{Backend, Plan};
use plan_searches::Gathered;
use progress::Watch;
use results::Tally;

/// What happens during a run.
#[derive(Clone, Debug)]
pub enum Event {
    /// A plan begins.
    Began {
        /// The backend.
        backend: BackendKind,
        /// The lock's name, or the program's command line.
        lock: String,
        /// What is run, in words.
        scenario: String,
    },
    /// It goes on.
    Progress {
        /// Executions or rounds so far, of all plans that run at once.
        executions: u64,
        /// Which share of the search or race is behind it, as far as can be told.
        share: Option<f64>,
        /// Steps in the last execution.
        depth: Option<usize>,
    },
    /// It is decided.
    Judged(Box<Judged>),
}

/// Who is told; loom calls from inside a model, so it may be called from anywhere.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// For whoever wants the verdict alone.
pub fn ignore_events() -> EventSink {
    Arc::new(|_| {})
}

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
        (Verdict::Violated(shown), Expectation::SeveralWinners) if shown.breaks_exclusion() => Exit::AsClaimed,
        (Verdict::Violated(_), Expectation::SeveralWinners) => Exit::NotAsClaimed,
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
        /// The backend.
        backend: BackendKind,
    },
    /// A world cannot do what the scenario asks for.
    #[error("failed to run {what} in {backend}: only the simulated file system does that; use `--backend sim`")]
    NeedsSimulation {
        /// What.
        what: &'static str,
        /// The backend.
        backend: BackendKind,
    },
    /// Real processes could not be traced here.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Traced(#[from] tracer::TracerError),
    /// There was no race.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Race(#[from] race::RaceError),
}

impl CheckError {
    /// Why nothing is known, if it is no wrong use.
    #[cfg(target_os = "linux")]
    fn reason(&self, subject: &Subject) -> Option<String> {
        match self {
            Self::Traced(hung @ (tracer::TracerError::RunDirectory(_) | tracer::TracerError::Hung { .. }))
                if hung.blame() == Blame::Machine =>
            {
                Some(hung.to_string())
            }
            Self::Race(hung) if hung.blame() == Blame::Machine => Some(hung.to_string()),
            Self::Traced(refused) if refused.blame() == Blame::Machine => Some(match subject {
                Subject::Primitive(_) => format!("{refused}; `--backend sim` needs no tracing"),
                Subject::Program(_) => refused.to_string(),
            }),
            Self::Traced(refused @ tracer::TracerError::Unsupported { .. }) => Some(refused.to_string()),
            _ => None,
        }
    }

    /// Why nothing is known: without real processes, every error is a wrong use.
    #[cfg(not(target_os = "linux"))]
    fn reason(&self, _: &Subject) -> Option<String> {
        None
    }
}

/// Runs a plan to its verdict; `interrupted` ends it early with what was seen.
///
/// # Errors
///
/// When the world cannot be made: a directory that is missing or not writable.
pub fn check(plan: &Plan, interrupted: &Arc<AtomicBool>, tell: &EventSink) -> Result<Judged, CheckError> {
    check_until(plan, None, interrupted, tell)
}

/// The same, and a search ends at `latest` if it is not over before.
fn check_until(
    plan: &Plan,
    latest: Option<Instant>,
    interrupted: &Arc<AtomicBool>,
    tell: &EventSink,
) -> Result<Judged, CheckError> {
    tell(Event::Began {
        backend: plan.backend.kind(),
        lock: plan.subject.name().to_owned(),
        scenario: plan.configuration(),
    });
    plan.refuse()?;
    let judged = match &plan.backend {
        Backend::Loom(bounds) => loom_run::modelled(plan, *bounds, interrupted, tell)?,
        Backend::Sim { strategy, limits } => searched(plan, strategy, *limits, latest, interrupted, tell)?,
        #[cfg(target_os = "linux")]
        Backend::Traced { strategy, limits, .. } => {
            searched(plan, strategy, *limits, latest, interrupted, tell).or_else(|error| forbidden(plan, error))?
        }
        #[cfg(target_os = "linux")]
        Backend::Race(options) => {
            race_run::raced(plan, options, interrupted, tell).or_else(|error| forbidden(plan, error))?
        }
    };
    tell(Event::Judged(Box::new(judged.clone())));
    Ok(judged)
}

fn searched(
    plan: &Plan,
    strategy: &Strategy,
    limits: Limits,
    latest: Option<Instant>,
    interrupted: &Arc<AtomicBool>,
    tell: &EventSink,
) -> Result<Judged, CheckError> {
    let watch = Watch::new(interrupted, tell);
    let deadline = Instant::now() + limits.time;
    let deadline = latest.map_or(deadline, |latest| latest.min(deadline));
    let mut gathered = Vec::new();
    for part in Part::of(plan.fault_sweep, &plan.scenario) {
        gathered.push(part.run(plan, strategy, limits, deadline, &watch, &|| 1)?);
    }
    Ok(together(plan, gathered))
}

/// Nothing is known where the machine does not let us trace, the file system hangs, or the world does not do what is asked.
fn forbidden(plan: &Plan, error: CheckError) -> Result<Judged, CheckError> {
    let reason = error.reason(&plan.subject).ok_or(error)?;
    let extent = match plan.backend {
        #[cfg(target_os = "linux")]
        Backend::Race(_) => Extent::Sampled {
            violations: 0,
            rate: rate_bounds(0, 0),
        },
        _ => Extent::Cut {
            reason: CutReason::NotStarted,
            preemptions: None,
        },
    };
    Ok(conclude(plan, Tally::default(), extent, Some(reason)))
}

/// The verdict on all parts of a plan, of which there is at least one.
fn together(plan: &Plan, gathered: impl IntoIterator<Item = Gathered>) -> Judged {
    let gathered = gathered.into_iter().reduce(Gathered::and);
    let Gathered { tally, extent } = gathered.expect("a plan has a part");
    conclude(plan, tally, extent, None)
}

/// The verdict on what was counted.
fn conclude(plan: &Plan, mut tally: Tally, extent: Extent, doubt: Option<String>) -> Judged {
    let verdict = match tally.best.take() {
        Some(found) => Verdict::Violated(Box::new(shrink::shown(plan, found))),
        None => match doubt.or_else(|| tally.doubt(&extent, plan.left_behind())) {
            Some(reason) => Verdict::Inconclusive { reason },
            None => Verdict::Holds,
        },
    };
    Judged {
        verdict,
        coverage: Coverage {
            backend: plan.backend.kind(),
            lock: plan.subject.name().to_owned(),
            scenario: plan.scenario.clone(),
            fault_sweep: plan.fault_sweep,
            crash: tally.crash(),
            stale: plan.scenario.start.is_stale().then_some(tally.took_stale),
            executions: tally.executions,
            blocked: tally.blocked,
            lost: tally.lost,
            extent,
            outcomes: tally.rows(),
            seed: plan.seed,
            blind_spots: plan.backend.blind_spots().into_iter().chain(tally.notes).collect(),
            race: None,
        },
    }
}
