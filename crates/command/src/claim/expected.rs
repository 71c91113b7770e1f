//! What a claim expects, and whether a verdict matches it.

use std::fmt;

use onewinner_check::judging;
use onewinner_core::primitive::Expectation;
use onewinner_core::property::{self, Judging, Property};
use onewinner_core::scenario::Subject;
use onewinner_core::verdict::{Exit, Extent, Judged, Verdict};

/// What a claim expects.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// No property is violated.
    ExactlyOneWinner,
    /// Some schedule lets two or more processes hold the lock.
    SeveralWinners,
    /// Some schedule violates this property.
    Violates(&'static dyn Property),
    /// No schedule violates this property. Other properties are not judged.
    Keeps(&'static dyn Property),
}

impl Expected {
    /// Parses the value of `expect`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let property = |name: &str| {
            property::by_name(name).ok_or_else(|| {
                let names: Vec<_> = property::ALL.iter().map(|property| property.name()).collect();
                format!("unknown property `{name}`; use one of {}", names.join(", "))
            })
        };
        match text.split_once(' ') {
            None if text == "exactly-one-winner" => Ok(Self::ExactlyOneWinner),
            None if text == "several-winners" => Ok(Self::SeveralWinners),
            Some(("violates", name)) => property(name).map(Self::Violates),
            Some(("keeps", name)) => property(name).map(Self::Keeps),
            _ => Err(format!(
                "unknown expectation `{text}`; use `exactly-one-winner`, `several-winners`, `violates PROPERTY` or `keeps PROPERTY`"
            )),
        }
    }

    /// The properties that decide the claim.
    pub fn judging(self, subject: &Subject) -> Judging {
        match self {
            Self::ExactlyOneWinner | Self::SeveralWinners => judging(subject),
            Self::Violates(property) | Self::Keeps(property) => Judging::Only(property),
        }
    }

    /// Whether the claim says that the lock is broken.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::SeveralWinners | Self::Violates(_))
    }

    /// Whether the verdict matches the claim.
    pub fn exit(self, judged: &Judged) -> Exit {
        let exit = match self {
            Self::SeveralWinners => {
                return onewinner_check::exit(&judged.verdict, &judged.coverage, Expectation::SeveralWinners);
            }
            _ => onewinner_check::exit(&judged.verdict, &judged.coverage, Expectation::ExactlyOneWinner),
        };
        match (self, exit) {
            (Self::Violates(property), Exit::NotAsClaimed) => match &judged.verdict {
                Verdict::Violated(found) if found.property == property.name() => Exit::AsClaimed,
                _ => Exit::NotAsClaimed,
            },
            // A sample without a violation does not refute the claim.
            (Self::Violates(_), Exit::AsClaimed) => match judged.coverage.extent {
                Extent::Sampled { .. } => Exit::Inconclusive,
                _ => Exit::NotAsClaimed,
            },
            (_, exit) => exit,
        }
    }
}

/// As a spec file writes it.
impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExactlyOneWinner => f.write_str("exactly-one-winner"),
            Self::SeveralWinners => f.write_str("several-winners"),
            Self::Violates(property) => write!(f, "violates {}", property.name()),
            Self::Keeps(property) => write!(f, "keeps {}", property.name()),
        }
    }
}
