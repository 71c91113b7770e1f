//! The verdict on the results of a plan. Runs nothing.

use super::plan::Plan;
use super::plan_results::PlanResults;
use super::results::StaleLock;
use onewinner_core::verdict::{Counterexample, Coverage, Judged, Verdict};

/// The verdict with its coverage. `counterexample` is the shrunk violation, if the results have one.
pub(crate) fn conclude(plan: &Plan, found: PlanResults, counterexample: Option<Counterexample>) -> Judged {
    let PlanResults { results, extent, .. } = found;
    let verdict = match (found.why_unreliable, counterexample) {
        (Some(reason), _) => Verdict::Inconclusive { reason },
        (None, Some(counterexample)) => Verdict::Violated(Box::new(counterexample)),
        (None, None) => {
            let why_no_pass = found.why_no_pass;
            match why_no_pass.or_else(|| results.why_no_pass(&extent, StaleLock::of(plan))) {
                Some(reason) => Verdict::Inconclusive { reason },
                None => Verdict::Holds,
            }
        }
    };
    let outcomes = results.outcome_rows();
    let blind_spots = plan.backend.blind_spots().into_iter();
    Judged {
        verdict,
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
