//! The trait of a property, and what a property finds in a history.
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
/// 1. Decide from the history alone: equal histories have equal findings.
/// 2. Compare moments by happens-before, with [`Case::before`]. Every order of a class must have the same finding, because a
///    search may run only one of them. A class violates a property if any of its orders does.
/// 3. Do not panic, whatever the events are.
/// 4. Return [`Finding::NotApplicable`], not [`Finding::Holds`], if the history cannot show a violation.
pub trait Property: Sync {
    /// The name in kebab case, as users type it.
    fn name(&self) -> &'static str;

    /// What a violation means for the users of the lock.
    fn class(&self) -> PropertyClass;

    /// What must be true, in one sentence.
    fn statement(&self) -> &'static str;

    /// What a violation costs the users of a lock that still excludes, in one sentence; empty for the other classes.
    fn consequence(&self) -> &'static str {
        ""
    }

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
    /// The property is true of this history.
    Holds,
    /// The property is false.
    Violated(Violation),
    /// This history cannot show a violation.
    NotApplicable,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// One sentence for the user.
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

/// Lists processes: "P0, P1 and P2", or "P0, P1, P2 and 13 more".
pub(super) fn enumerate<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> String {
    /// The longest list that is easy to read.
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
