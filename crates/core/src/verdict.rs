//! Verdicts: holds, violated or inconclusive, always with what was covered.
//!
//! Deliberately decides nothing: `check` does. Exit codes are here because they express verdicts.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::backend::BackendKind;
use crate::history::{Execution, Outcome};
use crate::primitive::{CrashClass, Expectation};
use crate::property::{self, PropertyClass};
use crate::scenario::{FaultSweep, Scenario};

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// No property was violated within the [`Coverage`].
    Holds,
    /// A property was violated.
    Violated(Box<Counterexample>),
    /// Nothing can be concluded. This does not count as a pass.
    Inconclusive {
        /// Why, and what to change.
        reason: String,
    },
    /// A fact about a program that nobody made a claim about, e.g. that a person must remove the lock after a crash. It
    /// decides nothing.
    Noted {
        /// The fact, and what follows from it.
        fact: String,
    },
}

impl Verdict {
    /// The verdict in one word, for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated(_) => "violated",
            Self::Inconclusive { .. } => "inconclusive",
            Self::Noted { .. } => "noted",
        }
    }
}

/// An execution that violates a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// The name of the violated property.
    pub property: &'static str,
    /// What went wrong, in one sentence.
    pub sentence: String,
    /// The execution that shows it.
    pub execution: Execution,
    /// What was run: the faults of a sweep included, and with fewer processes than were searched if fewer suffice.
    pub scenario: Scenario,
    /// The decisive pair, if there is one: two events. In the other order, nothing is violated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisive: Option<[usize; 2]>,
    /// How often a replay reproduced it; `None` where the kernel chose the schedule.
    pub reproduced: Option<Reproduced>,
}

impl Counterexample {
    /// Whether it shows that the lock lets several in.
    pub fn breaks_exclusion(&self) -> bool {
        property::by_name(self.property).is_some_and(|property| property.class() == PropertyClass::Exclusion)
    }
}

/// A violated property that does not decide the verdict, with the execution that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The name of the property.
    pub property: &'static str,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What it costs the users of the lock, in one sentence.
    pub consequence: &'static str,
    /// The execution that shows it.
    pub execution: Execution,
    /// What was run.
    pub scenario: Scenario,
}

/// The result of replaying a counterexample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reproduced {
    /// Replays with the same history.
    pub same: u32,
    /// All replays.
    pub of: u32,
}

/// What a verdict is based on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// The backend that ran the lock.
    pub backend: BackendKind,
    /// The lock's name, or the program's command line.
    pub lock: String,
    /// What was run.
    pub scenario: Scenario,
    /// The faults that were added to it, in one search for each.
    #[serde(rename = "vary", skip_serializing_if = "FaultSweep::is_nothing")]
    pub fault_sweep: FaultSweep,
    /// What happened after a kill; only if processes were killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<Crash>,
    /// Executions in which the stale lock was taken over; only if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<u64>,
    /// Executions, or rounds of a race, that were run to their end.
    pub executions: u64,
    /// Executions that the search gave up. A sound search gives up none.
    pub blocked: u64,
    /// Executions that were lost before their end, so that their result is unknown.
    pub lost: u64,
    /// How much of the space was covered.
    pub extent: Extent,
    /// The outcomes with their counts.
    pub outcomes: Vec<OutcomeRow>,
    /// The seed of every random choice.
    pub seed: u64,
    /// What this backend cannot see, and what else limits the verdict.
    pub blind_spots: Vec<String>,
    /// Details of a race.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub race: Option<RaceCoverage>,
}

impl Coverage {
    /// Describes the scenario with its injected faults.
    pub fn configuration(&self) -> String {
        format!("{}{}", self.scenario, self.fault_sweep)
    }
}

/// The results of attempts after a process was killed and all others had finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Crash {
    /// The class that the lock declares; programs declare none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<CrashClass>,
    /// Executions in which the attempt won.
    pub won: u64,
    /// Executions in which the attempt was busy.
    pub busy: u64,
}

impl Crash {
    /// The class that these executions show: automatic if the lock was free after every crash, else manual.
    pub fn observed(&self) -> CrashClass {
        match self.busy {
            0 => CrashClass::Auto,
            _ => CrashClass::Manual,
        }
    }
}

/// Details of a race.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RaceCoverage {
    /// The kind of contenders, and how they were aligned.
    pub conditions: Vec<String>,
    /// The duration in seconds, from the first fork to the last exit.
    pub seconds: f64,
    /// Rounds without a winner.
    pub without_winner: u64,
    /// How often attempts failed, by the name of the error.
    pub attempt_errors: BTreeMap<String, u64>,
    /// How often releases failed, by the name of the error.
    pub release_errors: BTreeMap<String, u64>,
    /// The control run: another lock under the same conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// The same lock raced without alignment; only for an aligned race.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub natural: Option<Control>,
}

/// A control run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Control {
    /// The lock.
    pub lock: &'static str,
    /// Whether the lock is known to be sound. A broken one shows that the harness detects violations.
    pub sound: bool,
    /// Rounds.
    pub rounds: u64,
    /// Rounds in which a property was violated.
    pub violations: u64,
    /// The bounds on the rate of violations.
    pub rate: RateBounds,
}

/// How much of the space was covered.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "extent", rename_all = "kebab-case")]
pub enum Extent {
    /// Every schedule within the bounds, or every schedule if there are none.
    Complete {
        /// What each execution stands for.
        each: Unit,
        /// The bounds; empty if there are none.
        bounds: Vec<Bound>,
    },
    /// The search ended before it was complete.
    Cut {
        /// What ended it.
        #[serde(rename = "limit")]
        reason: CutReason,
        /// Before the cut, every schedule with at most this many preemptions was run; `None` if that is not known.
        #[serde(skip_serializing_if = "Option::is_none")]
        preemptions: Option<u32>,
    },
    /// Rounds were sampled.
    Sampled {
        /// Rounds in which a property was violated.
        violations: u64,
        /// The nominal 95 % confidence bounds on the rate of violations.
        rate: RateBounds,
    },
}

/// A bound within which a search is complete. Its text completes the sentence "every schedule with".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At most this many preemptions.
    Preemptions(u32),
    /// At most this many fruitless polls of each process.
    Polls(u32),
}

/// What ended a search before it was complete. Its text completes the sentence "the search was cut at".
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CutReason {
    /// The user interrupted it.
    Interrupt,
    /// The limit on the number of executions.
    Executions(u64),
    /// The limit on the steps of one execution.
    Steps(usize),
    /// The limit on time.
    Time(Duration),
    /// Enough executions were run after the first violation.
    ExecutionsAfterViolation(u64),
    /// Enough time passed after the first violation.
    TimeAfterViolation(Duration),
    /// All schedules were tried, but this many executions were lost.
    Lost(u64),
    /// The backend could not start the first execution.
    NotStarted,
}

impl fmt::Display for CutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interrupt => f.write_str("an interrupt"),
            Self::Executions(most) => write!(f, "{most} executions"),
            Self::Steps(most) => write!(f, "{most} steps in an execution"),
            Self::Time(most) => write!(f, "{} seconds", most.as_secs_f64()),
            Self::ExecutionsAfterViolation(most) => write!(f, "{most} executions after the first violation"),
            Self::TimeAfterViolation(most) => {
                write!(f, "{} seconds after the first violation", most.as_secs_f64())
            }
            Self::Lost(1) => f.write_str("1 execution lost"),
            Self::Lost(lost) => write!(f, "{lost} executions lost"),
            Self::NotStarted => f.write_str("the first"),
        }
    }
}

/// Serialized as its text.
impl Serialize for CutReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preemptions(1) => f.write_str("at most 1 preemption"),
            Self::Preemptions(most) => write!(f, "at most {most} preemptions"),
            Self::Polls(1) => f.write_str("at most 1 fruitless poll of each process"),
            Self::Polls(most) => write!(f, "at most {most} fruitless polls of each process"),
        }
    }
}

/// Serialized as its text.
impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Extent {
    /// Whether every schedule was run, however often processes are preempted.
    pub fn is_complete_in_preemptions(&self) -> bool {
        let Self::Complete { bounds, .. } = self else {
            return false;
        };
        !bounds.iter().any(|bound| matches!(bound, Bound::Preemptions(_)))
    }

    /// The bounds, in words; empty if there are none.
    pub fn bounds(&self) -> String {
        let Self::Complete { bounds, .. } = self else {
            return String::new();
        };
        let bounds: Vec<String> = bounds.iter().map(Bound::to_string).collect();
        bounds.join(", ")
    }
}

/// What one execution of a search stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// One schedule.
    Schedule,
    /// A class: all schedules that differ only in the order of commuting steps.
    Class,
}

/// Confidence bounds on a rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateBounds {
    /// The lower bound; 0 when nothing was seen.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

/// One outcome, and how often it occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeRow {
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The number of executions with this outcome.
    pub count: u64,
    /// Whether the outcome is allowed.
    pub grade: Grade,
}

/// The grade of an outcome, in the terms of jcstress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// As expected.
    Acceptable,
    /// Allowed, but worth a look, because an operation failed.
    Interesting,
    /// A property is violated.
    Forbidden,
}

/// A verdict together with its coverage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What was covered.
    pub coverage: Coverage,
    /// Violated properties that do not decide, one for each property.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The exit code of the command. Of several codes, the first in this order counts: 130, 101, 2, 1, 3, 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: as claimed.
    AsClaimed,
    /// 1: not as claimed.
    NotAsClaimed,
    /// 2: the command was used wrongly, or a directory is missing or not writable.
    Usage,
    /// 3: inconclusive.
    Inconclusive,
    /// 101: a bug in onewinner; the code of a panic.
    Bug,
    /// 130: interrupted, after cleaning up.
    Interrupted,
}

impl Exit {
    /// The number for the shell.
    pub fn code(self) -> u8 {
        match self {
            Self::AsClaimed => 0,
            Self::NotAsClaimed => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::Bug => 101,
            Self::Interrupted => 130,
        }
    }

    /// The exit code of several runs together. One run with several winners is enough to show a claim of several winners.
    pub fn together(exits: &[Self], claim: Expectation) -> Self {
        if claim == Expectation::SeveralWinners && exits.contains(&Self::AsClaimed) {
            return Self::AsClaimed;
        }
        exits.iter().copied().fold(Self::AsClaimed, Self::and)
    }

    /// The code that counts of the two.
    pub fn and(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Interrupted => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::NotAsClaimed => 3,
            Self::Inconclusive => 4,
            Self::AsClaimed => 5,
        };
        if rank(other) < rank(self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_its_text_in_json() {
        let cut = |reason| {
            let preemptions = None;
            serde_json::to_value(Extent::Cut { reason, preemptions }).expect("an extent has a JSON form")
        };
        for (reason, text) in [
            (CutReason::Interrupt, "an interrupt"),
            (CutReason::Executions(1), "1 executions"),
            (CutReason::Steps(10), "10 steps in an execution"),
            (CutReason::Time(Duration::from_millis(500)), "0.5 seconds"),
            (
                CutReason::TimeAfterViolation(Duration::from_secs(5)),
                "5 seconds after the first violation",
            ),
            (CutReason::Lost(1), "1 execution lost"),
            (CutReason::Lost(2), "2 executions lost"),
        ] {
            assert_eq!(cut(reason), serde_json::json!({ "extent": "cut", "limit": text }));
        }
    }

    #[test]
    fn a_backend_has_the_same_name_in_text_and_json() {
        use BackendKind::{Loom, Race, Sim, Traced};
        for (kind, name) in [(Loom, "loom"), (Sim, "sim"), (Traced, "traced"), (Race, "race")] {
            let json = serde_json::to_value(kind).expect("a backend has a JSON form");
            assert_eq!((kind.to_string(), json), (name.to_owned(), name.into()));
        }
    }

    #[test]
    fn the_most_severe_of_several_codes_counts() {
        use Exit::{AsClaimed, Bug, Inconclusive, NotAsClaimed, Usage};
        for (a, b, both) in [
            (AsClaimed, Inconclusive, 3),
            (Inconclusive, NotAsClaimed, 1),
            (NotAsClaimed, Usage, 2),
            (Usage, Bug, 101),
            (AsClaimed, AsClaimed, 0),
        ] {
            assert_eq!((a.and(b).code(), b.and(a).code()), (both, both));
        }
    }

    #[test]
    fn one_run_with_several_winners_shows_several_winners_and_refutes_exactly_one() {
        use Exit::{AsClaimed, Inconclusive, NotAsClaimed};
        use Expectation::{ExactlyOneWinner, SeveralWinners};
        for (exits, exactly_one, several) in [
            (&[AsClaimed, NotAsClaimed][..], 1, 0),
            (&[Inconclusive, AsClaimed], 3, 0),
            (&[Inconclusive, NotAsClaimed], 1, 1),
            (&[], 0, 0),
        ] {
            assert_eq!(Exit::together(exits, ExactlyOneWinner).code(), exactly_one);
            assert_eq!(Exit::together(exits, SeveralWinners).code(), several);
        }
    }
}
