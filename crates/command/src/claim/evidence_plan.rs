//! From a claim to the runs that decide it: one for each piece of evidence.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::front_matter::Evidence;
use super::spec::{Claim, Spec};
use onewinner_check::{Backend, Plan, preset};
use onewinner_core::backend::loom;
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::scenario::Subject;
use onewinner_linux::race::{Alignment, RaceOptions};

/// A day: budgets are counted in executions and rounds, so that time is only the limit of whoever asks for one.
const LONGEST: Duration = Duration::from_secs(86_400);
/// The rounds of a race that has no budget of its own.
const ROUNDS: u64 = 1_000;
/// Aligned, a fault shows in every round or in none.
const ALIGNED_ROUNDS: u64 = 200;
/// The preemptions of a program, and with `--quick`: most faults need one, some two.
const PREEMPTIONS: [u32; 2] = [preset::PREEMPTIONS, 1];
/// With `--quick` a race has so many times fewer rounds.
const QUICKER: u64 = 10;

/// How much is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// All that the specs ask for.
    #[default]
    Usual,
    /// Of each claim the cheapest evidence, with fewer rounds and preemptions.
    Quick,
}

/// One piece of evidence on a claim.
#[derive(Debug)]
pub struct Piece {
    /// Where it is gathered: `sim`, `race, aligned`.
    pub title: &'static str,
    /// The run; or why there can be none in this build.
    pub plan: Result<Plan, &'static str>,
}

impl Claim {
    /// Its evidence, in the order in which it is gathered.
    pub fn pieces(&self, spec: &Spec, depth: Depth, seed: u64) -> Vec<Piece> {
        let mut evidence = self.evidence.clone();
        if depth == Depth::Quick {
            evidence.sort_by_key(|each| match each {
                Evidence::Sim => 0,
                Evidence::Loom => 1,
                Evidence::Traced => 2,
                Evidence::Race => 3,
            });
            evidence.truncate(1);
        }
        let run = Run {
            claim: self,
            subject: &spec.subject,
            depth,
        };
        let backends = evidence.into_iter().flat_map(|each| run.backends(each));
        let piece = |(title, backend): (_, Result<Backend, _>)| Piece {
            title,
            plan: backend.map(|backend| Plan {
                subject: spec.subject.clone(),
                scenario: self.scenario.clone(),
                fault_sweep: self.fault_sweep,
                backend,
                seed,
                judged: self.expected.judging(),
            }),
        };
        backends.map(piece).collect()
    }
}

/// What the worlds of one claim depend on.
struct Run<'a> {
    claim: &'a Claim,
    subject: &'a Subject,
    depth: Depth,
}

impl Run<'_> {
    fn backends(&self, evidence: Evidence) -> Vec<(&'static str, Result<Backend, &'static str>)> {
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
        let [usual, quick] = PREEMPTIONS;
        match (self.subject, self.depth) {
            (Subject::Primitive(_), _) => Strategy::Dpor,
            (Subject::Program(_), Depth::Usual) => Strategy::Bounded { preemptions: usual },
            (Subject::Program(_), Depth::Quick) => Strategy::Bounded { preemptions: quick },
        }
    }

    fn sim(&self) -> Backend {
        Backend::Sim {
            strategy: self.strategy(),
            limits: self.limits(),
        }
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "a build without real processes says why there is no such world"
    )]
    fn traced(&self) -> Result<Backend, &'static str> {
        Ok(Backend::Traced {
            strategy: self.strategy(),
            limits: self.limits(),
            directories: Vec::new(),
        })
    }

    /// Aligned, which finds what there is to find; and of what is claimed to hold one that is left to chance, which tells a
    /// rate. Of what is claimed to be broken chance may miss it, and nothing would follow.
    fn races(&self) -> Vec<(&'static str, Result<Backend, &'static str>)> {
        let rounds = self.claim.budget.rounds.unwrap_or(ROUNDS);
        let rounds = match self.depth {
            Depth::Usual => rounds,
            Depth::Quick => rounds.div_ceil(QUICKER),
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
        match self.claim.expected.is_broken() {
            true => vec![aligned],
            false => vec![natural, aligned],
        }
    }
}

/// How much one piece of evidence covers, as far as the plan says it: what a baseline remembers beside the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The most preemptions; none if they are not bounded.
    pub(super) preemptions: Option<u32>,
    /// The rounds of a race.
    pub(super) rounds: Option<u64>,
}

impl Asked {
    pub(super) fn of(plan: &Plan) -> Self {
        let (preemptions, rounds) = match &plan.backend {
            Backend::Loom(bounds) => (bounds.preemptions.and_then(|most| u32::try_from(most).ok()), None),
            Backend::Sim { strategy, .. } => (bound(strategy), None),
            Backend::Traced { strategy, .. } => (bound(strategy), None),
            Backend::Race(options) => (None, Some(options.rounds)),
        };
        Self { preemptions, rounds }
    }
}

fn bound(strategy: &Strategy) -> Option<u32> {
    match strategy {
        Strategy::Bounded { preemptions } => Some(*preemptions),
        _ => None,
    }
}

/// The plan, with no more time than that.
pub(super) fn within(mut plan: Plan, time: Duration) -> Plan {
    match &mut plan.backend {
        Backend::Loom(bounds) => bounds.time = bounds.time.min(time),
        Backend::Sim { limits, .. } => limits.time = limits.time.min(time),
        Backend::Traced { limits, .. } => limits.time = limits.time.min(time),
        Backend::Race(options) => options.time_limit = Some(options.time_limit.map_or(time, |most| most.min(time))),
    }
    plan
}
