//! All that the run of a plan showed, before the verdict.

use super::results::Results;
use onewinner_core::verdict::{Extent, RaceCoverage};

/// The results of a plan, and how far its run went.
pub(crate) struct PlanResults {
    pub(crate) results: Results,
    pub(crate) extent: Extent,
    /// Why a run without a violation does not count as a pass, if the backend knows a reason.
    pub(crate) why_no_pass: Option<String>,
    /// Why the run decides nothing, even if it shows a violation.
    pub(crate) why_unreliable: Option<String>,
    /// What the backend could not see in this run.
    pub(crate) blind_spots: Vec<String>,
    /// Only of a race.
    pub(crate) race: Option<RaceCoverage>,
}

impl PlanResults {
    pub(crate) fn new(results: Results, extent: Extent) -> Self {
        Self {
            results,
            extent,
            why_no_pass: None,
            why_unreliable: None,
            blind_spots: Vec::new(),
            race: None,
        }
    }

    /// The results of both searches together; complete if both are.
    pub(crate) fn merge(self, other: Self) -> Self {
        let extent = match (self.extent, other.extent) {
            (Extent::Complete { each, mut bounds }, Extent::Complete { bounds: more, .. }) => {
                let new: Vec<_> = more.into_iter().filter(|bound| !bounds.contains(bound)).collect();
                bounds.extend(new);
                Extent::Complete { each, bounds }
            }
            (Extent::Complete { .. }, cut) | (cut, Extent::Complete { .. }) => cut,
            (
                Extent::Cut {
                    reason,
                    preemptions: one,
                },
                Extent::Cut { preemptions: other, .. },
            ) => Extent::Cut {
                reason,
                preemptions: one.zip(other).map(|(one, other)| one.min(other)),
            },
            (sampled, _) => sampled,
        };
        Self {
            extent,
            results: self.results.merge(other.results),
            ..self
        }
    }
}
