//! What a claim expects, and whether a verdict is that. A pure function of the two.

use std::fmt;

use onewinner_core::primitive::Expectation;
use onewinner_core::property::{self, Judging, Property};
use onewinner_core::verdict::{Exit, Extent, Judged, Verdict};

/// What a claim expects.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// No property is violated.
    ExactlyOneWinner,
    /// Some schedule lets two or more in.
    SeveralWinners,
    /// Some schedule violates that property.
    Violates(&'static dyn Property),
    /// No schedule violates that property; of others nothing is said.
    Keeps(&'static dyn Property),
}

impl Expected {
    /// Reads it as it stands in a spec.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let property = |name: &str| {
            property::by_name(name).ok_or_else(|| {
                let names: Vec<_> = property::ALL.iter().map(|property| property.name()).collect();
                format!("no property is called `{name}`; there are {}", names.join(", "))
            })
        };
        match text.split_once(' ') {
            None if text == "exactly-one-winner" => Ok(Self::ExactlyOneWinner),
            None if text == "several-winners" => Ok(Self::SeveralWinners),
            Some(("violates", name)) => property(name).map(Self::Violates),
            Some(("keeps", name)) => property(name).map(Self::Keeps),
            _ => Err(format!(
                "`{text}` is no claim; expect `exactly-one-winner`, `several-winners`, `violates PROPERTY` or `keeps PROPERTY`"
            )),
        }
    }

    /// Which properties are judged to decide it.
    pub fn judging(self) -> Judging {
        match self {
            Self::ExactlyOneWinner | Self::SeveralWinners => Judging::All,
            Self::Violates(property) | Self::Keeps(property) => Judging::Only(property),
        }
    }

    /// Whether the lock is claimed to be broken, so that it has to be caught.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::SeveralWinners | Self::Violates(_))
    }

    /// Whether the verdict is what is claimed.
    pub fn exit(self, judged: &Judged) -> Exit {
        let one = match self {
            Self::SeveralWinners => {
                return onewinner_check::exit(&judged.verdict, &judged.coverage, Expectation::SeveralWinners);
            }
            _ => onewinner_check::exit(&judged.verdict, &judged.coverage, Expectation::ExactlyOneWinner),
        };
        match (self, one) {
            (Self::Violates(property), Exit::NotAsClaimed) => match &judged.verdict {
                Verdict::Violated(shown) if shown.property == property.name() => Exit::AsClaimed,
                _ => Exit::NotAsClaimed,
            },
            // None seen in a sample: that there is one is neither shown nor refuted.
            (Self::Violates(_), Exit::AsClaimed) => match judged.coverage.extent {
                Extent::Sampled { .. } => Exit::Inconclusive,
                _ => Exit::NotAsClaimed,
            },
            (_, one) => one,
        }
    }
}

/// As it stands in a spec.
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
