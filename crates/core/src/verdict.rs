//! What is known at the end: holds, violated or inconclusive, and never without what was covered.
//!
//! Deliberately decides nothing: `check` does. Exit codes are here because they are the meaning of a verdict.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::backend::BackendKind;
use crate::history::{Execution, Outcome};
use crate::primitive::{CrashClass, Expectation};
use crate::property::{self, PropertyClass};
use crate::scenario::{FaultSweep, Scenario};

/// The answer to "is it as claimed?".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// No property was violated in what [`Coverage`] tells.
    Holds,
    /// A property was violated.
    Violated(Box<Counterexample>),
    /// Nothing can be concluded.
    Inconclusive {
        /// Why, and what to change.
        reason: String,
    },
}

impl Verdict {
    /// One word for a table.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated(_) => "violated",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

/// How a property was violated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// The property.
    pub property: &'static str,
    /// What went wrong, in one sentence.
    pub sentence: String,
    /// The execution that shows it.
    pub execution: Execution,
    /// What was run; with fewer processes than were searched, if fewer suffice, and of a varied scenario the variant.
    pub scenario: Scenario,
    /// The two events whose order decides, if there are two: the other way round, nothing is violated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisive: Option<[usize; 2]>,
    /// How often it was replayed and showed the same; `None` where the kernel chose the schedule.
    pub reproduced: Option<Reproduced>,
}

impl Counterexample {
    /// Whether it shows that the lock lets several in.
    pub fn breaks_exclusion(&self) -> bool {
        property::by_name(self.property).is_some_and(|property| property.class() == PropertyClass::Exclusion)
    }
}

/// The result of replaying a counterexample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reproduced {
    /// Replays that led to the same history.
    pub same: u32,
    /// Replays.
    pub of: u32,
}

/// What a verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// The backend that ran the lock.
    pub backend: BackendKind,
    /// The lock's name, or the program's command line.
    pub lock: String,
    /// What was run.
    pub scenario: Scenario,
    /// What was added to it, in a search for each way.
    #[serde(rename = "vary", skip_serializing_if = "FaultSweep::is_nothing")]
    pub fault_sweep: FaultSweep,
    /// What killed processes left behind; only where some were killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<Crash>,
    /// Executions in which somebody got past the stale lock; only where one stood there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<u64>,
    /// Executions, or rounds of a race, that were run to their end.
    pub executions: u64,
    /// Executions that the search had to give up, which a sound search never does.
    pub blocked: u64,
    /// Executions that could not be followed to their end: what they would have shown is not known.
    pub lost: u64,
    /// How much of the space was seen.
    pub extent: Extent,
    /// What came out, how often.
    pub outcomes: Vec<OutcomeRow>,
    /// The seed of every random choice.
    pub seed: u64,
    /// What this backend cannot see, and what else limits the verdict.
    pub blind_spots: Vec<String>,
    /// What belongs to a race alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub race: Option<RaceCoverage>,
}

/// What an attempt met after a process was killed and all others were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Crash {
    /// What the lock declares, if it declares anything: a program does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<CrashClass>,
    /// Executions in which the attempt won.
    pub won: u64,
    /// Executions in which it was told busy.
    pub busy: u64,
}

impl Crash {
    /// The class that these executions show: that of a lock that is free after every crash, or not.
    pub fn observed(&self) -> CrashClass {
        match self.busy {
            0 => CrashClass::Auto,
            _ => CrashClass::Manual,
        }
    }
}

/// What a race was like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RaceCoverage {
    /// What the contenders were, and what brought them together.
    pub conditions: Vec<String>,
    /// How long it took, from the first fork to the last end.
    pub seconds: f64,
    /// Rounds in which nobody won.
    pub without_winner: u64,
    /// How often attempts failed, by the name of the error.
    pub attempt_errors: BTreeMap<String, u64>,
    /// How often releases failed, by the name of the error.
    pub release_errors: BTreeMap<String, u64>,
    /// What another lock did under the same conditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// What the same lock did when left to chance; beside an aligned race.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub natural: Option<Control>,
}

/// A lock raced beside the one in question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Control {
    /// The lock.
    pub lock: &'static str,
    /// Whether it is taken to be sound; a broken one shows that the harness can catch.
    pub sound: bool,
    /// Rounds.
    pub rounds: u64,
    /// Rounds in which a property was violated.
    pub violations: u64,
    /// The bounds on the rate of violations.
    pub rate: RateBounds,
}

/// How much of the space was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "extent", rename_all = "kebab-case")]
pub enum Extent {
    /// Every schedule within the bounds; without a bound: every schedule.
    Complete {
        /// What each execution stands for.
        each: Unit,
        /// The bounds, in words; none if there is none.
        bounds: Vec<String>,
    },
    /// The search ended before it was complete.
    Cut {
        /// What ended it.
        #[serde(rename = "limit")]
        reason: CutReason,
        /// Every schedule with at most so many preemptions was run before that; absent where no such part is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        preemptions: Option<u32>,
    },
    /// Rounds were sampled.
    Sampled {
        /// Rounds in which a property was violated.
        violations: u64,
        /// The bounds on the rate of violations, at 95 %, nominal.
        rate: RateBounds,
    },
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

/// A bound on preemptions, in words.
pub fn at_most<N: fmt::Display + PartialEq + From<u8>>(most: N) -> String {
    let plural = if most == N::from(1) { "" } else { "s" };
    format!("at most {most} preemption{plural}")
}

/// What one execution of a search stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Itself.
    Schedule,
    /// All schedules that differ from it in the order of commuting steps only.
    Class,
}

/// Confidence bounds on a rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateBounds {
    /// Not below this; 0 when nothing was seen.
    pub lower: f64,
    /// Not above this.
    pub upper: f64,
}

/// One outcome, and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeRow {
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Executions that ended so.
    pub count: u64,
    /// Whether it may be.
    pub grade: Grade,
}

/// The grade of an outcome, in the terms of jcstress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// As it should be.
    Acceptable,
    /// Allowed, but worth a look.
    Interesting,
    /// A property is violated.
    Forbidden,
}

/// A verdict with what it rests on: the two never part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What was covered.
    pub coverage: Coverage,
}

/// What the command's exit code means. Of several, the first in this order counts: 101, 2, 1, 3, 0.
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
    /// The number given to the shell.
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

    /// Whether several runs together show what was claimed: that several win is shown by one run in which they do.
    pub fn together(exits: &[Self], claim: Expectation) -> Self {
        if claim == Expectation::SeveralWinners && exits.contains(&Self::AsClaimed) {
            return Self::AsClaimed;
        }
        exits.iter().copied().fold(Self::AsClaimed, Self::and)
    }

    /// The one of the two that counts.
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
    fn of_several_codes_the_gravest_counts() {
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
    fn one_run_in_which_several_win_is_enough_and_one_in_which_two_do_is_too_many() {
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
