//! What must be true of a history; one file per property, one line in [`ALL`].
//!
//! A property is decided from the history alone and cannot tell which backend made it. The ids M1 to M23 are those of the
//! book's reference of properties.

mod at_least_one_winner;
mod at_most_one_winner;
mod case;
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

use std::fmt;

use crate::history::{Attempt, History};

pub use case::Case;

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

/// Something that must be true of every history of a sound lock.
///
/// `check` calls [`judge`](Self::judge) for every execution of every backend, often and in any order.
///
/// Duties of an implementer:
///
/// 1. Decide from the history alone, and alike for equal histories.
/// 2. Judge instants by happens-before, [`Case::before`]: another order of the same class must get the same finding. A
///    class breaks a property if any of its orders does, because a search may run but one of them.
/// 3. Panic at no list of events, however odd.
/// 4. Say [`Finding::NotApplicable`] where the history cannot show a violation, rather than that it holds.
pub trait Property: Sync {
    /// The name, in kebab case.
    fn name(&self) -> &'static str;

    /// What a violation means for the users of the lock.
    fn class(&self) -> PropertyClass;

    /// What must be true, in one sentence.
    fn statement(&self) -> &'static str;

    /// Decides one history.
    fn judge(&self, case: &Case<'_>) -> Finding;
}

/// What a violation means for the users of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyClass {
    /// Two processes hold the lock at the same time, or the data under it shows that they did.
    Exclusion,
    /// Nobody gets a lock that is free, or an attempt fails with an error instead of *busy*.
    Progress,
    /// The lock still excludes, but damages something: files, other locks, or its own promise on fork or nested attempts.
    Tidiness,
}

/// The finding of one property on one history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is true of this history.
    Holds,
    /// It is not.
    Violated(Violation),
    /// This history cannot show it.
    NotApplicable,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// In one sentence, for a person.
    pub sentence: String,
    /// The events that show it.
    pub events: Vec<usize>,
}

impl Violation {
    fn found(sentence: String, events: impl IntoIterator<Item = usize>) -> Finding {
        Finding::Violated(Self {
            sentence,
            events: events.into_iter().collect(),
        })
    }
}

/// The property of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Property> {
    ALL.iter().find(|property| property.name() == name).copied()
}

/// Which properties are judged.
#[derive(Clone, Copy, Debug, Default)]
pub enum Judging {
    /// All of them.
    #[default]
    All,
    /// That one: violations of others neither count nor hide one of it.
    Only(&'static dyn Property),
}

/// What one history shows of the properties that are judged.
#[derive(Debug)]
pub struct Shown {
    /// The first that is violated.
    pub violated: Option<(&'static dyn Property, Violation)>,
    /// Whether any of them could be violated in this history: without that nothing was tested.
    pub applies: bool,
}

impl Judging {
    /// Judges one history.
    pub fn judge(self, history: &History) -> Shown {
        let only = match &self {
            Self::All => ALL,
            Self::Only(property) => std::slice::from_ref(property),
        };
        let (case, mut applies) = (Case::new(history), false);
        for property in only {
            match property.judge(&case) {
                Finding::NotApplicable => {}
                Finding::Holds => applies = true,
                Finding::Violated(violation) => {
                    return Shown {
                        violated: Some((*property, violation)),
                        applies: true,
                    };
                }
            }
        }
        Shown {
            violated: None,
            applies,
        }
    }
}

impl fmt::Debug for dyn Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The first violated property of a history.
pub fn first_violation(history: &History) -> Option<(&'static dyn Property, Violation)> {
    Judging::All.judge(history).violated
}

/// "P0, P1 and P2"; of more than a handful "P0, P1, P2 and 13 more".
fn enumerate<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> String {
    /// As many as a reader takes in.
    const NAMED: usize = 5;
    let mut names: Vec<_> = attempts
        .into_iter()
        .map(|attempt| attempt.process.to_string())
        .collect();
    if names.len() > NAMED {
        let more = names.split_off(NAMED - 2).len();
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests;
