//! What is known after an exploration, and what a test expects of it.
//!
//! Decides nothing but whether that is what was expected: *inconclusive* never is.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::platform::forbids_tracing;
use onewinner_check::exit;
use onewinner_core::primitive::Expectation;
use onewinner_core::property;
use onewinner_core::verdict::{Exit, Judged, Verdict};

/// What is known at the end of an exploration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "nothing is expected of it yet: call `expect_holds`, or one of its like"]
pub struct Report {
    pub(super) state: State,
    /// All of it, as `onewinner explore` prints it.
    pub(super) text: String,
    pub(super) saved: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum State {
    /// Each configuration that was run, in its order.
    Explored(Vec<Outcome>),
    /// Another process of the test does that.
    InOtherProcess,
    /// Nothing was run, and the test wants that to pass.
    Skipped,
}

/// The verdict on one configuration, in one word and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Outcome {
    /// No property was violated.
    Holds,
    /// This one was.
    Violated {
        /// The name of the property.
        property: String,
        /// Whether several won where one should have.
        several_winners: bool,
    },
    /// Nothing can be concluded.
    Inconclusive {
        /// Why, and what to change.
        reason: String,
    },
    /// This machine does not let processes be traced.
    Forbidden {
        /// Why, and what to change.
        reason: String,
    },
}

impl Outcome {
    pub(super) fn of(judged: &Judged) -> Self {
        match &judged.verdict {
            Verdict::Holds => Self::Holds,
            Verdict::Violated(shown) => Self::Violated {
                property: shown.property.to_owned(),
                several_winners: exit(&judged.verdict, &judged.coverage, Expectation::SeveralWinners)
                    == Exit::AsClaimed,
            },
            Verdict::Inconclusive { reason } => Self::unknown(reason, judged.coverage.executions),
        }
    }

    /// Nothing is known, for this reason.
    pub(super) fn unknown(reason: &str, executions: u64) -> Self {
        let reason = reason.to_owned();
        if executions == 0 && forbids_tracing(&reason) {
            Self::Forbidden { reason }
        } else {
            Self::Inconclusive { reason }
        }
    }

    fn is_violated(&self) -> bool {
        matches!(self, Self::Violated { .. })
    }
}

impl Report {
    pub(super) fn explored(outcomes: Vec<Outcome>, text: String, saved: Option<PathBuf>) -> Self {
        let state = State::Explored(outcomes);
        Self { state, text, saved }
    }

    /// The verdicts, one for each configuration that was run; a violation ends a ladder. None where another process of the
    /// test explores, and none where it is skipped.
    pub fn outcomes(&self) -> &[Outcome] {
        match &self.state {
            State::Explored(outcomes) => outcomes,
            State::InOtherProcess | State::Skipped => &[],
        }
    }

    /// All that is known, as `onewinner explore` prints it: with the interleaving, if a property was violated.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the counterexample was saved, if there is one.
    pub fn saved(&self) -> Option<&Path> {
        self.saved.as_deref()
    }

    /// Lets the test pass where this machine forbids to trace processes, which is said on standard error. Without it, such a
    /// test fails, with what to change: a test that checks nothing should not look like one that does.
    pub fn or_skip(mut self) -> Self {
        let forbids = |outcome: &Outcome| matches!(outcome, Outcome::Forbidden { .. });
        let forbidden = self.outcomes().iter().find(|outcome| forbids(outcome));
        let none_is_known = self.outcomes().iter().all(forbids);
        if let Some(Outcome::Forbidden { reason }) = forbidden.filter(|_| none_is_known) {
            // If nobody reads it, nobody wonders.
            let _unread = writeln!(io::stderr(), "skipped: {reason}");
            self.state = State::Skipped;
        }
        self
    }

    /// The lock holds, in every configuration.
    ///
    /// # Panics
    ///
    /// When a property was violated, with the interleaving and where it was saved; and when the search was inconclusive, with
    /// the reason.
    #[track_caller]
    pub fn expect_holds(&self) {
        let all_hold = |outcomes: &[Outcome]| outcomes.iter().all(|outcome| *outcome == Outcome::Holds);
        self.expect("the lock holds", all_hold);
    }

    /// The lock is broken: several hold it at once.
    ///
    /// # Panics
    ///
    /// When it holds, when another property was violated, and when the search was inconclusive.
    #[track_caller]
    pub fn expect_several_winners(&self) {
        self.expect("the lock lets several in", |outcomes| {
            let is_it = |outcome: &Outcome| {
                matches!(
                    outcome,
                    Outcome::Violated {
                        several_winners: true,
                        ..
                    }
                )
            };
            outcomes.iter().any(is_it)
        });
    }

    /// The lock violates the property of that name: `mutual-exclusion`, `release-frees` or another one, as `onewinner explore`
    /// calls them. Of several, the gravest is told, and a ladder ends with the first configuration that violates one: ask for
    /// the configuration that shows it.
    ///
    /// # Panics
    ///
    /// When it does not, when the search was inconclusive, and when there is no such property.
    #[track_caller]
    pub fn expect_violation(&self, property: &str) {
        let names: Vec<&str> = property::ALL.iter().map(|each| each.name()).collect();
        let known = names.contains(&property);
        assert!(
            known,
            "there is no property {property:?}; there are {}",
            names.join(", ")
        );
        self.expect(&format!("the lock violates {property}"), |outcomes| {
            violates(outcomes, property)
        });
    }

    #[track_caller]
    fn expect(&self, what: &str, fulfilled: impl FnOnce(&[Outcome]) -> bool) {
        let outcomes = match &self.state {
            State::Explored(outcomes) => outcomes,
            State::InOtherProcess | State::Skipped => return,
        };
        let unclear = !outcomes.iter().any(Outcome::is_violated) && outcomes.iter().any(|each| *each != Outcome::Holds);
        let instead = if outcomes.is_empty() {
            "nothing was explored"
        } else if unclear {
            "the exploration is inconclusive, which is no pass"
        } else {
            "it is otherwise"
        };
        let is_so = !outcomes.is_empty() && fulfilled(outcomes);
        assert!(is_so, "expected that {what}, but {instead}:\n\n{}", self.text);
    }
}

fn violates(outcomes: &[Outcome], name: &str) -> bool {
    let is_it = |outcome: &Outcome| matches!(outcome, Outcome::Violated { property, .. } if property == name);
    outcomes.iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: &[Outcome]) -> Report {
        Report {
            state: State::Explored(outcomes.to_vec()),
            text: String::new(),
            saved: None,
        }
    }

    fn passes(expects: impl FnOnce() + std::panic::UnwindSafe) -> bool {
        std::panic::catch_unwind(expects).is_ok()
    }

    #[test]
    fn only_what_was_expected_passes_and_what_is_not_known_never_does() {
        let violated = |name: &str| Outcome::Violated {
            property: name.to_owned(),
            several_winners: name == "mutual-exclusion",
        };
        let reason = "cut".to_owned();
        let (holds, unknown) = (Outcome::Holds, Outcome::Inconclusive { reason });
        for (outcomes, holding, several, only_own) in [
            (&[][..], false, false, false),
            (std::slice::from_ref(&holds), true, false, false),
            (&[holds.clone(), unknown.clone()], false, false, false),
            (&[unknown.clone(), violated("mutual-exclusion")], false, true, false),
            (&[holds.clone(), violated("only-own")], false, false, true),
        ] {
            let report = report(outcomes);
            assert_eq!(passes(|| report.expect_holds()), holding, "{outcomes:?}");
            assert_eq!(passes(|| report.expect_several_winners()), several, "{outcomes:?}");
            assert_eq!(passes(|| report.expect_violation("only-own")), only_own, "{outcomes:?}");
        }
    }
}
