//! The report of an exploration, and the expectations of a test.
//!
//! Compares the verdicts with the expectation; *inconclusive* never meets one.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::platform::forbids_tracing;
use onewinner_check::exit;
use onewinner_core::primitive::Expectation;
use onewinner_core::property;
use onewinner_core::verdict::{Exit, Judged, Verdict};

/// The report of an exploration. Call one of the `expect_` methods to make the test fail if the result differs.
///
/// ```
/// use onewinner::primitive::{CreateNew, StatThenWrite};
///
/// onewinner::explore_primitive(&CreateNew).sim().processes(2).run().expect_holds();
///
/// let report = onewinner::explore_primitive(&StatThenWrite).sim().processes(2).run();
/// report.expect_several_winners();
/// assert!(report.text().contains("2 of 2 hold the lock"));
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[must_use = "a report alone fails no test: call `expect_holds`, `expect_several_winners` or `expect_violation`"]
pub struct Report {
    pub(super) state: State,
    /// The report as text, as `onewinner explore` prints it.
    pub(super) text: String,
    pub(super) saved: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum State {
    /// The verdict of each configuration, in the order in which they ran.
    Explored(Vec<Outcome>),
    /// Another process of the test explores.
    InOtherProcess,
    /// Nothing ran, and the test accepts that.
    Skipped,
}

/// The verdict on one configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Outcome {
    /// No property was violated.
    Holds,
    /// A property was violated.
    Violated {
        /// The name of the property.
        property: String,
        /// Whether several processes held the lock at the same time.
        several_winners: bool,
    },
    /// The check could not decide.
    Inconclusive {
        /// The reason, and what to change.
        reason: String,
    },
    /// A fact that no claim was made about, e.g. what happens after a crash. It decides nothing.
    Noted {
        /// The fact.
        fact: String,
    },
    /// This machine forbids tracing processes.
    Forbidden {
        /// The reason, and what to change.
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
            Verdict::Noted { fact } => Self::Noted { fact: fact.clone() },
        }
    }

    /// The outcome without a verdict, for this reason.
    pub(super) fn unknown(reason: &str, executions: u64) -> Self {
        let reason = reason.to_owned();
        if executions == 0 && forbids_tracing(&reason) {
            Self::Forbidden { reason }
        } else {
            Self::Inconclusive { reason }
        }
    }

    /// The name of the violated property, if there is one.
    fn violated(&self) -> Option<&str> {
        match self {
            Self::Violated { property, .. } => Some(property),
            _ => None,
        }
    }
}

impl Report {
    pub(super) fn explored(outcomes: Vec<Outcome>, text: String, saved: Option<PathBuf>) -> Self {
        let state = State::Explored(outcomes);
        Self { state, text, saved }
    }

    /// Returns the verdicts, one per configuration. A violation ends the series of configurations.
    ///
    /// Empty if the test is skipped, or in a process that the test started.
    pub fn outcomes(&self) -> &[Outcome] {
        match &self.state {
            State::Explored(outcomes) => outcomes,
            State::InOtherProcess | State::Skipped => &[],
        }
    }

    /// Returns the report as text, as `onewinner explore` prints it. It contains the counterexample if there is one.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the path of the saved counterexample, if there is one.
    pub fn saved(&self) -> Option<&Path> {
        self.saved.as_deref()
    }

    /// Lets the test pass if this machine forbids tracing processes; prints `skipped` and the reason on standard error.
    ///
    /// Without it, such a test fails and says what to change, so that a test that checks nothing does not pass unnoticed.
    pub fn or_skip(mut self) -> Self {
        let forbids = |outcome: &Outcome| matches!(outcome, Outcome::Forbidden { .. });
        let forbidden = self.outcomes().iter().find(|outcome| forbids(outcome));
        let none_is_known = self.outcomes().iter().all(forbids);
        if let Some(Outcome::Forbidden { reason }) = forbidden.filter(|_| none_is_known) {
            let _closed = writeln!(io::stderr(), "skipped: {reason}");
            self.state = State::Skipped;
        }
        self
    }

    /// Expects that the lock holds in every configuration.
    ///
    /// # Panics
    ///
    /// If a property was violated; the message shows the counterexample and where it was saved. If a search was inconclusive;
    /// the message gives the reason.
    #[track_caller]
    pub fn expect_holds(&self) {
        self.expect("the lock to hold", all_hold);
    }

    /// Expects that the lock is broken: several processes hold it at the same time.
    ///
    /// # Panics
    ///
    /// If the lock holds, if only another property was violated, or if the search was inconclusive.
    #[track_caller]
    pub fn expect_several_winners(&self) {
        self.expect("several processes to hold the lock at the same time", |outcomes| {
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

    /// Expects that the lock violates the named property, for example `mutual-exclusion` or `release-frees`.
    ///
    /// A configuration reports only the most serious violated property, and the first violation ends the series of
    /// configurations. So request the configuration that shows this property. Of a function, the properties of exclusion and
    /// progress are violated; violations of others are warnings in [`text`](Self::text).
    ///
    /// # Panics
    ///
    /// If the lock does not violate the property, if the search was inconclusive, or if there is no such property.
    #[track_caller]
    pub fn expect_violation(&self, property: &str) {
        let names: Vec<&str> = property::ALL.iter().map(|each| each.name()).collect();
        let known = names.contains(&property);
        assert!(
            known,
            "there is no property `{property}`; the properties are {}",
            names.join(", ")
        );
        self.expect(&format!("the lock to violate {property}"), |outcomes| {
            violates(outcomes, property)
        });
    }

    #[track_caller]
    fn expect(&self, what: &str, fulfilled: impl FnOnce(&[Outcome]) -> bool) {
        let outcomes = match &self.state {
            State::Explored(outcomes) => outcomes,
            State::InOtherProcess | State::Skipped => return,
        };
        let instead = match outcomes.iter().find_map(Outcome::violated) {
            _ if outcomes.is_empty() => "nothing ran".to_owned(),
            Some(property) => format!("it violates {property}"),
            None if all_hold(outcomes) => "it holds".to_owned(),
            None => "the check is inconclusive, which does not count as a pass".to_owned(),
        };
        let is_so = !outcomes.is_empty() && fulfilled(outcomes);
        assert!(is_so, "expected {what}, but {instead}:\n\n{}", self.text);
    }
}

/// Whether every configuration that decides holds, and one does.
fn all_hold(outcomes: &[Outcome]) -> bool {
    let mut deciding = outcomes
        .iter()
        .filter(|outcome| !matches!(outcome, Outcome::Noted { .. }));
    let holds = |outcome: &Outcome| *outcome == Outcome::Holds;
    deciding.next().is_some_and(holds) && deciding.all(holds)
}

fn violates(outcomes: &[Outcome], name: &str) -> bool {
    outcomes.iter().any(|outcome| outcome.violated() == Some(name))
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
    fn only_the_expected_verdict_passes_and_inconclusive_never_does() {
        let violated = |name: &str| Outcome::Violated {
            property: name.to_owned(),
            several_winners: name == "mutual-exclusion",
        };
        let reason = "cut".to_owned();
        let (holds, unknown) = (Outcome::Holds, Outcome::Inconclusive { reason });
        let fact = "not freed after a crash".to_owned();
        let noted = Outcome::Noted { fact };
        for (outcomes, holding, several, only_own) in [
            (&[][..], false, false, false),
            (std::slice::from_ref(&holds), true, false, false),
            (&[holds.clone(), noted.clone()], true, false, false),
            (std::slice::from_ref(&noted), false, false, false),
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
