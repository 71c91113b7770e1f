//! Plans the runs that check a claim, one for each piece of evidence.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::front_matter::Evidence;
use super::spec::{Claim, Spec};
use onewinner_check::{Backend, Plan, preset};
use onewinner_core::backend::loom;
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::scenario::Subject;
use onewinner_linux::race::{Alignment, RaceOptions};

/// A day. Budgets count executions and rounds; only `--time` limits the time.
const LONGEST: Duration = Duration::from_secs(86_400);
/// The rounds of a race without a budget.
const RACE_ROUNDS: u64 = 1_000;
/// The most rounds of an aligned race: nearly every round shows the fault, or none does.
const ALIGNED_ROUNDS: u64 = 200;
/// `--quick` divides the rounds of a race by this.
const QUICK_DIVISOR: u64 = 10;

/// How much evidence the gate runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateDepth {
    /// All evidence in the specs.
    #[default]
    Usual,
    /// The cheapest evidence of each claim, with fewer rounds and preemptions.
    Quick,
}

/// One piece of evidence on a claim.
#[derive(Debug)]
pub struct EvidencePlan {
    /// The backend, in words: `sim`, `race, aligned`.
    pub title: &'static str,
    /// The run, or why this build cannot run it.
    pub plan: Result<Plan, &'static str>,
}

impl Claim {
    /// The runs that check the claim, in order.
    pub fn evidence_plans(&self, spec: &Spec, depth: GateDepth, seed: u64) -> Vec<EvidencePlan> {
        let mut evidence = self.evidence.clone();
        if depth == GateDepth::Quick {
            evidence.sort_by_key(|each| match each {
                Evidence::Sim => 0,
                Evidence::Loom => 1,
                Evidence::Traced => 2,
                Evidence::Race => 3,
            });
            evidence.truncate(1);
        }
        let backends = ClaimBackends {
            claim: self,
            subject: &spec.subject,
            depth,
        };
        let runs = evidence.into_iter().flat_map(|each| backends.of(each));
        let evidence_plan = |(title, backend): (_, Result<Backend, _>)| EvidencePlan {
            title,
            plan: backend.map(|backend| Plan {
                subject: spec.subject.clone(),
                scenario: self.scenario.clone(),
                fault_sweep: self.fault_sweep,
                backend,
                seed,
                judged: self.expected.judging(&spec.subject),
            }),
        };
        runs.map(evidence_plan).collect()
    }
}

/// Chooses the backends for one claim.
struct ClaimBackends<'a> {
    claim: &'a Claim,
    subject: &'a Subject,
    depth: GateDepth,
}

impl ClaimBackends<'_> {
    fn of(&self, evidence: Evidence) -> Vec<(&'static str, Result<Backend, &'static str>)> {
        match evidence {
            Evidence::Loom => vec![("loom", Ok(self.loom()))],
            Evidence::Sim => vec![("sim", Ok(self.sim()))],
            Evidence::Traced => vec![("traced", self.traced())],
            Evidence::Race => self.races(),
        }
    }

    fn executions(&self) -> u64 {
        self.claim.budget.executions.unwrap_or(Limits::default().executions)
    }

    fn limits(&self) -> Limits {
        Limits {
            executions: self.executions(),
            time: LONGEST,
            ..Limits::default()
        }
    }

    fn loom(&self) -> Backend {
        let preemptions = match self.subject {
            Subject::Primitive(primitive) => loom::default_preemptions(*primitive, &self.claim.scenario),
            Subject::Program(_) => None,
        };
        Backend::Loom(loom::Bounds {
            executions: self.executions(),
            preemptions,
            time: LONGEST,
        })
    }

    fn strategy(&self) -> Strategy {
        let (most, preemptions) = match (self.subject, self.depth) {
            (Subject::Primitive(_), _) => return Strategy::Dpor,
            (Subject::Program(_), GateDepth::Usual) => (preset::COMPLETE, preset::PREEMPTIONS),
            (Subject::Program(_), GateDepth::Quick) => (preset::COMPLETE_FIRST, 1),
        };
        Strategy::Adaptive { most, preemptions }
    }

    fn sim(&self) -> Backend {
        Backend::Sim {
            strategy: self.strategy(),
            limits: self.limits(),
        }
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "a build without real processes returns why there is no such backend"
    )]
    fn traced(&self) -> Result<Backend, &'static str> {
        Ok(Backend::Traced {
            strategy: self.strategy(),
            limits: self.limits(),
            directories: Vec::new(),
        })
    }

    /// An aligned race, which finds the most. For a lock that is claimed to hold, also a race left to chance, which gives a
    /// failure rate. For a lock that is claimed to be broken it would prove nothing: chance may miss the fault.
    fn races(&self) -> Vec<(&'static str, Result<Backend, &'static str>)> {
        let rounds = self.claim.budget.rounds.unwrap_or(RACE_ROUNDS);
        let rounds = match self.depth {
            GateDepth::Usual => rounds,
            GateDepth::Quick => rounds.div_ceil(QUICK_DIVISOR),
        };
        let race = |alignment, rounds| {
            Backend::Race(RaceOptions {
                rounds,
                alignment,
                ..RaceOptions::new(self.claim.scenario.clone())
            })
        };
        let aligned = (
            "race, aligned",
            Ok(race(Alignment::Aligned, rounds.min(ALIGNED_ROUNDS))),
        );
        let natural = ("race", Ok(race(Alignment::Natural, rounds)));
        if self.claim.expected.is_broken() {
            vec![aligned]
        } else {
            vec![natural, aligned]
        }
    }
}

/// The coverage that a plan requests. A baseline records it with the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestedCoverage {
    /// The most preemptions; `None` without a bound.
    pub(super) preemptions: Option<u32>,
    /// The rounds of a race; `None` for a search.
    pub(super) rounds: Option<u64>,
}

impl RequestedCoverage {
    pub(super) fn of(plan: &Plan) -> Self {
        let (preemptions, rounds) = match &plan.backend {
            Backend::Loom(bounds) => (bounds.preemptions.and_then(|most| u32::try_from(most).ok()), None),
            Backend::Sim { strategy, .. } => (preemption_bound(strategy), None),
            Backend::Traced { strategy, .. } => (preemption_bound(strategy), None),
            Backend::Race(options) => (None, Some(options.rounds)),
        };
        Self { preemptions, rounds }
    }
}

fn preemption_bound(strategy: &Strategy) -> Option<u32> {
    match strategy {
        Strategy::Bounded { preemptions } | Strategy::Adaptive { preemptions, .. } => Some(*preemptions),
        _ => None,
    }
}

/// Limits the time of a plan.
pub(super) fn limit_time(mut plan: Plan, time: Duration) -> Plan {
    match &mut plan.backend {
        Backend::Loom(bounds) => bounds.time = bounds.time.min(time),
        Backend::Sim { limits, .. } => limits.time = limits.time.min(time),
        Backend::Traced { limits, .. } => limits.time = limits.time.min(time),
        Backend::Race(options) => options.time_limit = Some(options.time_limit.map_or(time, |most| most.min(time))),
    }
    plan
}
