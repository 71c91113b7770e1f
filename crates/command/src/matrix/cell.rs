//! One lock on one file system, as plain data.

use serde::{Deserialize, Serialize};

use onewinner_check::sampled::Sample;
use onewinner_core::primitive::Expectation;

/// One lock in one directory, or by way of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The lock.
    pub lock: String,
    /// What it declares.
    pub claim: Expectation,
    /// What is known.
    #[serde(flatten)]
    pub answer: Answer,
    /// What the races showed.
    pub races: Vec<Raced>,
    /// What a second process was told while a first one held.
    pub in_turn: Vec<InTurn>,
    /// What it costs.
    pub cost: Option<Cost>,
    /// What of that could not be measured, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unmeasured: Vec<String>,
}

/// What is known of a lock in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// No two were in at once, and the broken control was caught in the same directory.
    Holds,
    /// Two were in at once, in a race or in turn.
    Violated,
    /// The file system does not know a call that the lock needs.
    Unsupported {
        /// What was attempted.
        operation: String,
        /// What the kernel says.
        errno: String,
    },
    /// Nothing is known.
    Missing {
        /// Why.
        reason: String,
    },
}

/// A race.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raced {
    /// How.
    pub manner: Manner,
    /// What it showed.
    #[serde(flatten)]
    pub sample: Sample,
}

/// How contenders race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// Left to chance; winners hold until all have answered.
    Natural,
    /// In step, call by call; winners hold until all have answered.
    Aligned,
    /// Left to chance; winners release at once.
    Cycle,
}

/// One process holds, another one tries, and tries again after the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InTurn {
    /// The numbers of the directories by way of which the two work.
    pub ways: [usize; 2],
    /// What the first one got.
    pub holder: Got,
    /// What the second one got while the first one held.
    pub other: Got,
    /// What it got after the release.
    pub after: Got,
}

/// What an attempt, or a release, came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Got {
    /// The lock.
    Won,
    /// Nothing, because another one has it.
    Busy,
    /// An error.
    Failed(String),
    /// It was not made.
    Nothing,
}

/// What an acquisition costs: times and rates are those of `bench`, whose rows say more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// How many acquisitions with their release were measured without contention.
    pub acquisitions: usize,
    /// Half of them took no longer.
    pub median_ns: u64,
    /// All but one in a hundred took no longer.
    pub p99_ns: u64,
    /// With contention.
    pub throughput: Vec<Throughput>,
}

/// How often somebody wins when several acquire and release as often as they can.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// How many there are.
    pub processes: usize,
    /// Acquisitions in a second, of all together.
    pub per_second: f64,
}

impl Cell {
    /// A cell of which nothing is known.
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

    /// The races in which two were in at once.
    pub fn violated(&self) -> impl Iterator<Item = &Raced> {
        self.races.iter().filter(|race| race.sample.violations > 0)
    }

    /// Whether a second process got in while a first one held.
    pub fn lets_two_in_turn(&self) -> bool {
        self.in_turn.iter().any(InTurn::lets_two_in)
    }

    /// What went wrong in turn.
    pub fn fault_in_turn(&self) -> Option<String> {
        self.in_turn.iter().find_map(InTurn::fault)
    }

    /// Whether somebody met an error, nobody won, or a release was not seen, although no two were in at once.
    pub fn flaws(&self) -> u64 {
        self.races.iter().map(|race| race.sample.flaws).sum()
    }

    /// Whether it shows that the lock does not do what it declares: exactly one winner. That a broken lock was not caught shows
    /// nothing.
    pub fn fails(&self) -> bool {
        let nobody = self.races.iter().any(|race| race.sample.without_winner > 0);
        let broken = self.answer == Answer::Violated || self.answer == Answer::Holds && nobody;
        self.claim == Expectation::ExactlyOneWinner && broken
    }

    /// What its parts come to; `toothless` tells why a pass would say nothing, if so.
    pub(super) fn concluded(&self, toothless: Option<&str>) -> Answer {
        if self.violated().next().is_some() || self.lets_two_in_turn() {
            return Answer::Violated;
        }
        let doubt = self.races.iter().find_map(|race| race.sample.doubt.as_deref());
        doubt.or(toothless).map_or(Answer::Holds, |reason| Answer::Missing {
            reason: reason.to_owned(),
        })
    }
}

impl InTurn {
    /// Whether both were in at once.
    pub fn lets_two_in(&self) -> bool {
        (&self.holder, &self.other) == (&Got::Won, &Got::Won)
    }

    /// What went wrong, in words.
    pub fn fault(&self) -> Option<String> {
        match (&self.holder, &self.other, &self.after) {
            (Got::Failed(errno), ..) => Some(format!("the first process met {errno}")),
            (Got::Won, Got::Won, _) => Some("a second process got in while the first one held".to_owned()),
            (Got::Won, Got::Failed(errno), _) => Some(format!("a second process met {errno} while the first one held")),
            (Got::Won, _, Got::Busy) => Some("a second process was told busy after the release".to_owned()),
            (Got::Won, _, Got::Failed(errno)) => Some(format!("a second process met {errno} after the release")),
            (Got::Busy | Got::Nothing, ..) => Some("the first process did not get a lock that was free".to_owned()),
            (Got::Won, Got::Busy | Got::Nothing, Got::Won | Got::Nothing) => None,
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

    fn in_turn(other: Got) -> InTurn {
        InTurn {
            ways: [0, 0],
            holder: Got::Won,
            other,
            after: Got::Won,
        }
    }

    #[test]
    fn a_pass_needs_a_control_that_was_caught_and_a_full_disk_is_no_violation() {
        let full = Some("no space");
        let missing = |reason: &str| Answer::Missing {
            reason: reason.to_owned(),
        };
        for (race, other, toothless, answer) in [
            (raced(0, None), Got::Busy, None, Answer::Holds),
            (raced(0, None), Got::Failed("EIO".to_owned()), None, Answer::Holds),
            (raced(0, None), Got::Busy, Some("no teeth"), missing("no teeth")),
            (raced(0, None), Got::Won, None, Answer::Violated),
            (raced(3, None), Got::Busy, Some("no teeth"), Answer::Violated),
            (raced(3, full), Got::Busy, None, Answer::Violated),
            (raced(0, full), Got::Busy, None, missing("no space")),
        ] {
            let mut cell = Cell::missing("lock", Expectation::ExactlyOneWinner, "");
            cell.races.push(race);
            cell.in_turn.push(in_turn(other));
            assert_eq!(cell.concluded(toothless), answer, "{cell:?}");
        }
    }

    #[test]
    fn a_line_of_json_gives_the_cell_again() {
        let mut cell = Cell::missing("lock", Expectation::SeveralWinners, "it hangs");
        cell.races.push(raced(1, None));
        cell.in_turn.push(in_turn(Got::Failed("EIO".to_owned())));
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
