//! Properties: what must be true of a history. One file per property, one line in [`ALL`].
//!
//! A property is decided from the history alone and cannot tell which backend made it. The ids M1 to M23 are those of
//! `specs/README.md`.

mod at_least_one_winner;
mod at_most_one_winner;
mod case;
mod contract;
mod crash_liveness;
mod descriptor_independence;
mod fork_independence;
mod honest_busy;
mod losers_result;
mod mutual_exclusion;
mod no_duplicates;
mod no_leak;
mod only_own;
mod place;
mod reentrancy;
mod release_frees;

use crate::history::History;

pub use case::Case;
pub use contract::{Finding, Property, PropertyClass, Violation};

/// Every property, in the order in which a violation is reported.
pub const ALL: &[&dyn Property] = &[
    &descriptor_independence::DescriptorIndependence,
    &fork_independence::ForkIndependence,
    &reentrancy::Reentrancy,
    &at_most_one_winner::AtMostOneWinner,
    &mutual_exclusion::MutualExclusion,
    &at_least_one_winner::AtLeastOneWinner,
    &only_own::OnlyOwn,
    &losers_result::LosersResult,
    &honest_busy::HonestBusy,
    &release_frees::ReleaseFrees,
    &crash_liveness::CrashLiveness,
    &no_duplicates::NoDuplicates,
    &no_leak::NoLeak,
    &place::Place,
];

/// The property with this name.
pub fn by_name(name: &str) -> Option<&'static dyn Property> {
    ALL.iter().find(|property| property.name() == name).copied()
}

/// Which properties decide a verdict.
#[derive(Clone, Copy, Debug, Default)]
pub enum Judging {
    /// All of them.
    #[default]
    All,
    /// What *exactly one winner* means: exclusion and progress. Violations of other properties are warnings. A program claims
    /// no other properties, unlike a lock over `Fs`, whose spec does.
    ExactlyOneWinner,
    /// Exclusion alone, after a crash. What else a configuration shows is a fact to report: nobody has claimed that the program
    /// survives crashes.
    ExclusionAfterCrash,
    /// One: violations of others neither count nor hide one of it.
    Only(&'static dyn Property),
}

/// What one history shows about the properties to judge.
#[derive(Debug)]
pub struct Judgement {
    /// The first violated property among those that decide.
    pub violated: Option<(&'static dyn Property, Violation)>,
    /// The other violated properties, if none of those that decide is violated.
    pub warnings: Vec<(&'static dyn Property, Violation)>,
    /// Whether this history could violate any of them. If not, it tests nothing.
    pub applies: bool,
}

impl Judging {
    /// Whether a violation of this property decides.
    fn is_decided_by(self, property: &dyn Property) -> bool {
        match self {
            Self::All | Self::Only(_) => true,
            Self::ExactlyOneWinner => property.class() != PropertyClass::Tidiness,
            Self::ExclusionAfterCrash => property.class() == PropertyClass::Exclusion,
        }
    }

    /// Judges one history.
    pub fn judge(self, history: &History) -> Judgement {
        let judged = match &self {
            Self::All | Self::ExactlyOneWinner | Self::ExclusionAfterCrash => ALL,
            Self::Only(property) => std::slice::from_ref(property),
        };
        let (case, mut applies, mut warnings) = (Case::new(history), false, Vec::new());
        for property in judged {
            let decides = self.is_decided_by(*property);
            match property.judge(&case) {
                Finding::Holds => applies |= decides,
                Finding::Violated(violation) if decides => {
                    return Judgement {
                        violated: Some((*property, violation)),
                        warnings: Vec::new(),
                        applies: true,
                    };
                }
                Finding::Violated(violation) => warnings.push((*property, violation)),
                Finding::NotApplicable => {}
            }
        }
        Judgement {
            violated: None,
            warnings,
            applies,
        }
    }
}

/// The first violated property of a history.
pub fn first_violation(history: &History) -> Option<(&'static dyn Property, Violation)> {
    Judging::All.judge(history).violated
}

#[cfg(test)]
mod tests;
