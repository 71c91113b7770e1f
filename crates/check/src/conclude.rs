//! The verdict on the results of a plan. Runs nothing.

use super::plan::Plan;
use super::plan_results::PlanResults;
use super::results::{Results, StaleLock};
use super::shrink::Unrepeatable;
use super::violation::FoundViolation;
use onewinner_core::property::Judging;
use onewinner_core::verdict::{Counterexample, Coverage, Extent, Judged, Verdict, Warning};

/// The verdict with its coverage. `shown` is the shrunk violation, if the results have one, or why it cannot be shown.
pub(crate) fn conclude(plan: &Plan, found: PlanResults, shown: Option<Result<Counterexample, Unrepeatable>>) -> Judged {
    let PlanResults {
        mut results, extent, ..
    } = found;
    let verdict = match (found.why_unreliable, shown) {
        (Some(reason), _) => Verdict::Inconclusive { reason },
        (None, Some(Ok(counterexample))) => Verdict::Violated(Box::new(counterexample)),
        (None, Some(Err(unrepeatable))) => Verdict::Inconclusive {
            reason: unrepeatable.to_string(),
        },
        (None, None) => {
            let why_no_pass = found.why_no_pass;
            match why_no_pass.or_else(|| results.why_no_pass(&extent, StaleLock::of(plan))) {
                Some(reason) if matches!(plan.judged, Judging::ExclusionAfterCrash) => Verdict::Noted {
                    fact: fact_of(plan, &results, &extent, &reason),
                },
                Some(reason) => Verdict::Inconclusive { reason },
                None => Verdict::Holds,
            }
        }
    };
    let warnings = std::mem::take(&mut results.warnings);
    let outcomes = results.outcome_rows();
    let blind_spots = plan.backend.blind_spots().into_iter();
    Judged {
        verdict,
        warnings: warnings.into_values().map(warning).collect(),
        coverage: Coverage {
            backend: plan.backend.kind(),
            lock: plan.subject.name().to_owned(),
            scenario: plan.scenario.clone(),
            fault_sweep: plan.fault_sweep,
            crash: results.crash(),
            stale: plan.scenario.start.is_stale().then_some(results.took_stale),
            executions: results.executions,
            blocked: results.blocked,
            lost: results.lost,
            extent,
            outcomes,
            seed: plan.seed,
            blind_spots: blind_spots.chain(results.notes).chain(found.blind_spots).collect(),
            race: found.race,
        },
    }
}

/// What a configuration shows that nobody asked for, if nothing can be concluded from it.
fn fact_of(plan: &Plan, results: &Results, extent: &Extent, reason: &str) -> String {
    let complete = matches!(extent, Extent::Complete { .. }) && results.lost == 0 && results.executions > 0;
    if complete && plan.scenario.start.is_stale() && results.took_stale == 0 {
        "the lock is not freed after a crash, because no process got past the lock of a dead holder; remove the file by hand"
            .to_owned()
    } else {
        format!("not known what happens after a crash: {reason}")
    }
}

fn warning(found: FoundViolation) -> Warning {
    Warning {
        property: found.property.name(),
        sentence: found.violation.sentence,
        consequence: found.property.consequence(),
        execution: found.execution,
        scenario: found.scenario,
    }
}
