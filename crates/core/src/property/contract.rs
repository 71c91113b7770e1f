//! What a property is: the trait, and what it finds in a history.
//!
//! Knows no property.

use std::fmt;

use super::case::Case;
use crate::history::Attempt;

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
    pub(super) fn found(sentence: String, events: impl IntoIterator<Item = usize>) -> Finding {
        Finding::Violated(Self {
            sentence,
            events: events.into_iter().collect(),
        })
    }
}

impl fmt::Debug for dyn Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// "P0, P1 and P2"; of more than a handful "P0, P1, P2 and 13 more".
pub(super) fn enumerate<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> String {
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
