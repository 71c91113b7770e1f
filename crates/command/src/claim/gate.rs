//! Running the evidence on a claim, and what becomes of it: a row for each piece.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::baseline::Baseline;
use super::evidence_plan::{Asked, Depth, Piece, within};
use super::expected::Expected;
use super::row::{Came, Row};
use super::spec::{Claim, Spec};
use onewinner_check::{self, CheckError, EventSink, Plan};
use onewinner_core::verdict::{Exit, Extent, Judged, Verdict};

/// Why the gate cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {source}", path.display())]
pub struct RunError {
    path: PathBuf,
    line: usize,
    #[source]
    source: CheckError,
}

/// How claims are run.
pub struct Gate<'a> {
    /// How much of each.
    pub depth: Depth,
    /// The seed of every random choice.
    pub seed: u64,
    /// When all must be over.
    pub deadline: Option<Instant>,
    /// What was covered before.
    pub baseline: Option<&'a Baseline>,
    /// Whether the user has had enough.
    pub interrupted: &'a Arc<AtomicBool>,
    /// Who is told.
    pub tell: &'a EventSink,
}

impl Gate<'_> {
    /// Gathers the evidence on a claim; of an interrupted run, what there is of it.
    ///
    /// # Errors
    ///
    /// When a world cannot be made: a directory that is missing or not writable.
    pub fn run(&self, spec: &Spec, claim: &Claim) -> Result<Vec<Row>, RunError> {
        let mut rows = Vec::new();
        for piece in claim.pieces(spec, self.depth, self.seed) {
            if self.interrupted.load(Ordering::Relaxed) {
                break;
            }
            let row = self.piece(spec, claim, piece);
            rows.push(row.map_err(|source| RunError {
                path: spec.path.clone(),
                line: claim.line,
                source,
            })?);
        }
        Ok(rows)
    }

    fn piece(&self, spec: &Spec, claim: &Claim, piece: Piece) -> Result<Row, CheckError> {
        let begun = Instant::now();
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(begun));
        let asked = piece.plan.as_ref().ok().map(Asked::of);
        let came = match piece.plan {
            Err(why) => Err(why),
            Ok(_) if left == Some(Duration::ZERO) => {
                Err("the time was over before it was its turn; give more with --time")
            }
            Ok(plan) => Ok(self.judged(plan, left)?),
        };
        let (own, told, came) = match came {
            Err(why) => {
                let reason = why.to_owned();
                (
                    Exit::Inconclusive,
                    Some(reason.clone()),
                    Came::NotRun(Verdict::Inconclusive { reason }),
                )
            }
            Ok(judged) => {
                let judged = with_all_rounds(judged, asked);
                let own = claim.expected.exit(&judged);
                (own, told(claim.expected, &judged, own), Came::Judged(Box::new(judged)))
            }
        };
        let mut row = Row {
            spec: spec.name.clone(),
            file: spec.path.clone(),
            line: claim.line,
            lock: spec.subject.name().to_owned(),
            expected: claim.expected.to_string(),
            configuration: claim.configuration(),
            evidence: piece.title,
            exit: own,
            told,
            lost_ground: Vec::new(),
            seconds: begun.elapsed().as_secs_f64(),
            came,
            key: claim.key(),
            own,
            asked,
        };
        // How far a search came by a certain time is no ground.
        let cut = self.interrupted.load(Ordering::Relaxed)
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        row.lost_ground = match self.baseline {
            Some(baseline) if !cut => baseline.lost(&row),
            _ => Vec::new(),
        };
        if !row.lost_ground.is_empty() {
            row.exit = row.exit.and(Exit::NotAsClaimed);
        }
        Ok(row)
    }

    fn judged(&self, plan: Plan, left: Option<Duration>) -> Result<Judged, CheckError> {
        let plan = match left {
            Some(left) => within(plan, left),
            None => plan,
        };
        onewinner_check::check(&plan, self.interrupted, self.tell)
    }
}

/// A race that had fewer rounds than asked for is no pass, however few were left.
fn with_all_rounds(mut judged: Judged, asked: Option<Asked>) -> Judged {
    let rounds = asked.and_then(|asked| asked.rounds);
    let run = judged.coverage.executions;
    let sampled = matches!(judged.coverage.extent, Extent::Sampled { .. });
    if let (Some(rounds), true, Verdict::Holds) = (rounds, sampled && Some(run) < rounds, &judged.verdict) {
        let reason = format!("the time was over after {run} of {rounds} rounds; give more with --time");
        judged.verdict = Verdict::Inconclusive { reason };
    }
    judged
}

/// Why a verdict is not what is claimed.
fn told(expected: Expected, judged: &Judged, own: Exit) -> Option<String> {
    match (&judged.verdict, own) {
        (_, Exit::AsClaimed) => None,
        (Verdict::Inconclusive { reason }, _) => Some(reason.clone()),
        (Verdict::Violated(shown), _) if expected.is_broken() => Some(format!(
            "`{expected}` was not shown, but another fault: {}: {}",
            shown.property, shown.sentence
        )),
        (Verdict::Violated(shown), _) => Some(format!("violated: {}: {}", shown.property, shown.sentence)),
        (Verdict::Holds, Exit::Inconclusive) => Some(format!(
            "no round showed `{expected}`, and chance may have missed it; give more rounds"
        )),
        (Verdict::Holds, _) => Some(format!(
            "not caught: `{expected}` is claimed, and no schedule shows it; the claim is wrong, or the harness has lost its teeth"
        )),
    }
}
