//! The result for one lock on one file system, as plain data.

use serde::{Deserialize, Serialize};

use onewinner_check::sampled::Sample;
use onewinner_core::primitive::Expectation;

/// The result for one lock in one directory, or through several mounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The name of the lock.
    pub lock: String,
    /// What the lock declares.
    pub claim: Expectation,
    /// Whether it holds.
    #[serde(flatten)]
    pub answer: Answer,
    /// The results of the races.
    pub races: Vec<Raced>,
    /// The results of attempts by a second process while a first one held the lock.
    pub in_turn: Vec<InTurn>,
    /// The cost of an acquisition.
    pub cost: Option<Cost>,
    /// Cost measures that are missing, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unmeasured: Vec<String>,
}

/// Whether a lock holds in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// No two processes held it at the same time, and the broken control was caught in the same directory.
    Holds,
    /// Two processes held it at the same time, in a race or in turn.
    Violated,
    /// The file system does not support a call that the lock needs.
    Unsupported {
        /// The call.
        operation: String,
        /// The kernel's error.
        errno: String,
    },
    /// There is no result.
    Missing {
        /// Why.
        reason: String,
    },
}

/// A race.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raced {
    /// How the contenders raced.
    pub manner: Manner,
    /// Its result.
    #[serde(flatten)]
    pub sample: Sample,
}

/// How the contenders of a race meet and release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// Unaligned; winners hold until all have answered.
    Natural,
    /// Aligned call by call; winners hold until all have answered.
    Aligned,
    /// Unaligned; winners release immediately.
    Cycle,
}

/// One process holds the lock, another one attempts, and attempts again after the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InTurn {
    /// The numbers of the mounts that the two processes use.
    pub ways: [usize; 2],
    /// The result of the first process.
    pub holder: AttemptOutcome,
    /// The result of the second process while the first one held.
    pub other: AttemptOutcome,
    /// The result of the second process after the release.
    pub after: AttemptOutcome,
}

/// The result of an attempt or a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptOutcome {
    /// It acquired the lock.
    Won,
    /// It returned busy.
    Busy,
    /// It failed with this error.
    Failed(String),
    /// There was no attempt.
    Nothing,
}

/// The cost of an acquisition, a summary of the rows of `bench`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The number of measured acquisitions with their release, without contention.
    pub acquisitions: usize,
    /// Their median time.
    pub median_ns: u64,
    /// Their 99th percentile.
    pub p99_ns: u64,
    /// The throughput under contention.
    pub throughput: Vec<Throughput>,
}

/// The throughput when several processes acquire and release as often as they can.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// The number of processes.
    pub processes: usize,
    /// Acquisitions per second, of all processes.
    pub per_second: f64,
}

impl Cell {
    /// A cell without a result.
    pub fn missing(lock: &str, claim: Expectation, reason: impl Into<String>) -> Self {
        Self {
            lock: lock.to_owned(),
            claim,
            answer: Answer::Missing { reason: reason.into() },
            races: Vec::new(),
            in_turn: Vec::new(),
            cost: None,
            unmeasured: Vec::new(),
        }
    }

    /// The race of this manner.
    pub fn race(&self, manner: Manner) -> Option<&Sample> {
        let race = self.races.iter().find(|race| race.manner == manner)?;
        Some(&race.sample)
    }

    /// The races in which two processes held the lock at the same time.
    pub fn violated(&self) -> impl Iterator<Item = &Raced> {
        self.races.iter().filter(|race| race.sample.violations > 0)
    }

    /// Whether a second process acquired the lock while a first one held it.
    pub fn lets_two_in_turn(&self) -> bool {
        self.in_turn.iter().any(InTurn::lets_two_in)
    }

    /// The fault in turn, in words.
    pub fn fault_in_turn(&self) -> Option<String> {
        self.in_turn.iter().find_map(InTurn::fault)
    }

    /// The number of rounds with an error, without a winner, or with an unseen release, in which no two processes held the
    /// lock at the same time.
    pub fn flaws(&self) -> u64 {
        self.races.iter().map(|race| race.sample.flaws).sum()
    }

    /// Whether the lock declares exactly one winner and fails that. An answer that is missing is not a failure.
    pub fn fails(&self) -> bool {
        let has_no_winner = self.races.iter().any(|race| race.sample.without_winner > 0);
        let broken = self.answer == Answer::Violated || self.answer == Answer::Holds && has_no_winner;
        self.claim == Expectation::ExactlyOneWinner && broken
    }

    /// The answer from all results; `missed_control` says why a pass would mean nothing, if so.
    pub(super) fn concluded(&self, missed_control: Option<&str>) -> Answer {
        if self.violated().next().is_some() || self.lets_two_in_turn() {
            return Answer::Violated;
        }
        let doubt = self.races.iter().find_map(|race| race.sample.doubt.as_deref());
        doubt
            .or(missed_control)
            .map_or(Answer::Holds, |reason| Answer::Missing {
                reason: reason.to_owned(),
            })
    }
}

impl InTurn {
    /// Whether both processes held the lock at the same time.
    pub fn lets_two_in(&self) -> bool {
        (&self.holder, &self.other) == (&AttemptOutcome::Won, &AttemptOutcome::Won)
    }

    /// The fault in words.
    pub fn fault(&self) -> Option<String> {
        match (&self.holder, &self.other, &self.after) {
            (AttemptOutcome::Failed(errno), ..) => Some(format!("the first process failed with {errno}")),
            (AttemptOutcome::Won, AttemptOutcome::Won, _) => {
                Some("a second process acquired the lock while the first one held it".to_owned())
            }
            (AttemptOutcome::Won, AttemptOutcome::Failed(errno), _) => Some(format!(
                "a second process failed with {errno} while the first one held the lock"
            )),
            (AttemptOutcome::Won, _, AttemptOutcome::Busy) => {
                Some("a second process got busy after the release".to_owned())
            }
            (AttemptOutcome::Won, _, AttemptOutcome::Failed(errno)) => {
                Some(format!("a second process failed with {errno} after the release"))
            }
            (AttemptOutcome::Busy | AttemptOutcome::Nothing, ..) => {
                Some("the first process did not acquire the free lock".to_owned())
            }
            (
                AttemptOutcome::Won,
                AttemptOutcome::Busy | AttemptOutcome::Nothing,
                AttemptOutcome::Won | AttemptOutcome::Nothing,
            ) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use onewinner_check::sampled::{Shown, Winners};
    use onewinner_core::statistics::rate_bounds;

    fn raced(violations: u64, doubt: Option<&str>) -> Raced {
        Raced {
            manner: Manner::Natural,
            sample: Sample {
                rounds: 10,
                violations,
                rate: rate_bounds(violations, 10),
                shown: None,
                flaws: 1,
                flaw: Some(Shown {
                    property: "losers-result".to_owned(),
                    sentence: "P0 met EIO".to_owned(),
                }),
                winners: vec![Winners { winners: 1, rounds: 10 }],
                without_winner: 0,
                attempt_errors: BTreeMap::new(),
                release_errors: BTreeMap::new(),
                seconds: 1.0,
                doubt: doubt.map(str::to_owned),
            },
        }
    }

    fn in_turn(other: AttemptOutcome) -> InTurn {
        InTurn {
            ways: [0, 0],
            holder: AttemptOutcome::Won,
            other,
            after: AttemptOutcome::Won,
        }
    }

    #[test]
    fn a_pass_needs_a_caught_control_and_a_full_disk_is_not_a_violation() {
        let full = Some("no space");
        let missing = |reason: &str| Answer::Missing {
            reason: reason.to_owned(),
        };
        for (race, other, missed_control, answer) in [
            (raced(0, None), AttemptOutcome::Busy, None, Answer::Holds),
            (
                raced(0, None),
                AttemptOutcome::Failed("EIO".to_owned()),
                None,
                Answer::Holds,
            ),
            (raced(0, None), AttemptOutcome::Busy, Some("missed"), missing("missed")),
            (raced(0, None), AttemptOutcome::Won, None, Answer::Violated),
            (raced(3, None), AttemptOutcome::Busy, Some("missed"), Answer::Violated),
            (raced(3, full), AttemptOutcome::Busy, None, Answer::Violated),
            (raced(0, full), AttemptOutcome::Busy, None, missing("no space")),
        ] {
            let mut cell = Cell::missing("lock", Expectation::ExactlyOneWinner, "");
            cell.races.push(race);
            cell.in_turn.push(in_turn(other));
            assert_eq!(cell.concluded(missed_control), answer, "{cell:?}");
        }
    }

    #[test]
    fn a_cell_is_read_back_from_its_json() {
        let mut cell = Cell::missing("lock", Expectation::SeveralWinners, "it hangs");
        cell.races.push(raced(1, None));
        cell.in_turn.push(in_turn(AttemptOutcome::Failed("EIO".to_owned())));
        cell.cost = Some(Cost {
            acquisitions: 1,
            median_ns: 2,
            p99_ns: 3,
            throughput: vec![Throughput {
                processes: 2,
                per_second: 0.5,
            }],
        });
        let text = serde_json::to_string(&cell).unwrap();
        assert_eq!(serde_json::from_str::<Cell>(&text).unwrap(), cell);
    }
}
