//! Runs the evidence on a claim, and makes a row of each result.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::baseline::Baseline;
use super::evidence_plan::{EvidencePlan, GateDepth, RequestedCoverage, limit_time};
use super::expected::Expected;
use super::row::{EvidenceResult, GateRow};
use super::spec::{Claim, Spec};
use onewinner_check::{self, CheckError, EventSink, Plan};
use onewinner_core::verdict::{Exit, Extent, Judged, Verdict};

/// Why a claim could not be checked.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {source}", path.display())]
pub struct RunError {
    path: PathBuf,
    line: usize,
    #[source]
    source: CheckError,
}

/// Runs claims.
pub struct Gate<'a> {
    /// How much evidence to run.
    pub depth: GateDepth,
    /// The seed of every random choice.
    pub seed: u64,
    /// The end of the time for all claims.
    pub deadline: Option<Instant>,
    /// The coverage of an earlier run.
    pub baseline: Option<&'a Baseline>,
    /// Set when the user interrupts.
    pub interrupted: &'a Arc<AtomicBool>,
    /// Receives the events.
    pub events: &'a EventSink,
}

impl Gate<'_> {
    /// Runs the evidence on a claim. When interrupted, returns the rows so far.
    ///
    /// # Errors
    ///
    /// If a backend cannot start, e.g. because a directory is missing or not writable.
    pub fn run(&self, spec: &Spec, claim: &Claim) -> Result<Vec<GateRow>, RunError> {
        let mut rows = Vec::new();
        for evidence in claim.evidence_plans(spec, self.depth, self.seed) {
            if self.interrupted.load(Ordering::Relaxed) {
                break;
            }
            let row = self.run_evidence(spec, claim, evidence);
            rows.push(row.map_err(|source| RunError {
                path: spec.path.clone(),
                line: claim.line,
                source,
            })?);
        }
        Ok(rows)
    }

    fn run_evidence(&self, spec: &Spec, claim: &Claim, evidence: EvidencePlan) -> Result<GateRow, CheckError> {
        let begun = Instant::now();
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(begun));
        let requested = evidence.plan.as_ref().ok().map(RequestedCoverage::of);
        let judged = match evidence.plan {
            Err(why) => Err(why),
            Ok(_) if left == Some(Duration::ZERO) => Err("the time ran out before this run started; raise --time"),
            Ok(plan) => Ok(self.check(plan, left)?),
        };
        let (exit, reason, result) = match judged {
            Err(why) => {
                let reason = why.to_owned();
                (
                    Exit::Inconclusive,
                    Some(reason.clone()),
                    EvidenceResult::NotRun(Verdict::Inconclusive { reason }),
                )
            }
            Ok(judged) => {
                let judged = require_all_rounds(judged, requested);
                let exit = claim.expected.exit(&judged);
                let reason = mismatch(claim.expected, &judged, exit);
                (exit, reason, EvidenceResult::Judged(Box::new(judged)))
            }
        };
        let mut row = GateRow {
            spec: spec.name.clone(),
            file: spec.path.clone(),
            line: claim.line,
            lock: spec.subject.name().to_owned(),
            expected: claim.expected.to_string(),
            configuration: claim.configuration(),
            evidence: evidence.title,
            exit,
            reason,
            lost_ground: Vec::new(),
            seconds: begun.elapsed().as_secs_f64(),
            result,
            key: claim.key(),
            exit_without_baseline: exit,
            requested,
        };
        // The coverage of a run that time cut depends on the machine.
        let cut = self.interrupted.load(Ordering::Relaxed)
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        row.lost_ground = match self.baseline {
            Some(baseline) if !cut => baseline.coverage_lost_by(&row),
            _ => Vec::new(),
        };
        if !row.lost_ground.is_empty() {
            row.exit = row.exit.and(Exit::NotAsClaimed);
        }
        Ok(row)
    }

    fn check(&self, plan: Plan, left: Option<Duration>) -> Result<Judged, CheckError> {
        let plan = match left {
            Some(left) => limit_time(plan, left),
            None => plan,
        };
        onewinner_check::check(&plan, self.interrupted, self.events)
    }
}

/// A race with fewer rounds than requested does not count as a pass.
fn require_all_rounds(mut judged: Judged, requested: Option<RequestedCoverage>) -> Judged {
    let rounds = requested.and_then(|requested| requested.rounds);
    let run = judged.coverage.executions;
    let sampled = matches!(judged.coverage.extent, Extent::Sampled { .. });
    if let (Some(rounds), true, Verdict::Holds) = (rounds, sampled && Some(run) < rounds, &judged.verdict) {
        let reason = format!("the time ran out after {run} of {rounds} rounds; raise --time");
        judged.verdict = Verdict::Inconclusive { reason };
    }
    judged
}

/// Why a verdict does not match the claim.
fn mismatch(expected: Expected, judged: &Judged, exit: Exit) -> Option<String> {
    match (&judged.verdict, exit) {
        (_, Exit::AsClaimed) => None,
        (Verdict::Inconclusive { reason } | Verdict::Noted { fact: reason }, _) => Some(reason.clone()),
        (Verdict::Violated(found), _) if expected.is_broken() => Some(format!(
            "the run showed another fault than `{expected}`: {}: {}",
            found.property, found.sentence
        )),
        (Verdict::Violated(found), _) => Some(format!("violated: {}: {}", found.property, found.sentence)),
        (Verdict::Holds, Exit::Inconclusive) => Some(format!(
            "no round showed `{expected}`, but chance may have missed it; raise `rounds`"
        )),
        (Verdict::Holds, _) => Some(format!(
            "not caught: no schedule shows `{expected}`; either the claim is wrong, or the check can no longer find this bug"
        )),
    }
}
