//! A measurement as data, which is printed, saved, plotted and compared.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The name in place of a lock for a `stat` of the directory. It scales the results of two machines, or of one machine at two
/// times, before they are compared.
pub const YARDSTICK: &str = "(stat)";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "measure", content = "at", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Measure {
    /// One `stat` of the directory, without a lock: the current speed of machine and file system.
    Yardstick,
    /// Acquire and release without contention.
    Uncontended,
    /// An attempt while another process holds the lock.
    Losing,
    /// The time from the first call of a release until another process, which keeps attempting, has the lock.
    HandOver,
    /// Rounds of a race between two workers that live for all rounds.
    Live,
    /// The same with workers forked anew for each round.
    Fresh,
    /// Acquisitions by this number of processes that do nothing else.
    Contenders(u32),
    /// Acquire and release without contention, with this number of files next to the lock.
    Files(u64),
    /// Acquire and release without contention, this number of directories deep.
    Depth(u32),
}

impl Measure {
    /// Its name in a document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yardstick => "yardstick",
            Self::Uncontended => "uncontended",
            Self::Losing => "losing",
            Self::HandOver => "hand-over",
            Self::Live => "live",
            Self::Fresh => "fresh",
            Self::Contenders(_) => "contenders",
            Self::Files(_) => "files",
            Self::Depth(_) => "depth",
        }
    }

    /// Its number of contenders, files or directories.
    pub fn at(self) -> Option<u64> {
        match self {
            Self::Contenders(number) | Self::Depth(number) => Some(number.into()),
            Self::Files(number) => Some(number),
            _ => None,
        }
    }

    /// The unit of its numbers.
    pub fn unit(self) -> Unit {
        match self {
            Self::Live | Self::Fresh | Self::Contenders(_) => Unit::PerSecond,
            _ => Unit::Nanoseconds,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contenders(1) => write!(f, "1 contender"),
            Self::Contenders(number) => write!(f, "{number} contenders"),
            Self::Files(1) => write!(f, "1 file next to it"),
            Self::Files(number) => write!(f, "{number} files next to it"),
            Self::Depth(1) => write!(f, "1 directory deep"),
            Self::Depth(number) => write!(f, "{number} directories deep"),
            Self::Uncontended => write!(f, "acquire and release"),
            Self::Losing => write!(f, "losing attempt"),
            Self::Live => write!(f, "rounds of live workers"),
            Self::Fresh => write!(f, "rounds of fresh workers"),
            Self::Yardstick | Self::HandOver => write!(f, "{}", self.name()),
        }
    }
}

/// The unit of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Less is better.
    Nanoseconds,
    /// More is better.
    PerSecond,
}

/// The result of one measure of one lock in one directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The lock, or [`YARDSTICK`].
    pub lock: String,
    /// The requested directory.
    pub directory: PathBuf,
    /// The type of its file system.
    pub file_system: String,
    /// The measure.
    #[serde(flatten)]
    pub measure: Measure,
    /// The unit of the numbers.
    pub unit: Unit,
    /// The median of all samples, or of all blocks if a block is one number. `None` if nothing was measured.
    pub median: Option<f64>,
    /// The 99th percentile of all samples; `None` if a block is one number.
    pub p99: Option<f64>,
    /// The number of samples, rounds or acquisitions.
    pub samples: u64,
    /// The median of each block, in the order in which they were measured.
    pub blocks: Vec<f64>,
    /// How the acquisitions were spread over the contenders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fairness: Option<Fairness>,
    /// Attempts and releases that failed under contention; they do not end a measurement.
    #[serde(default)]
    pub errors: u64,
    /// Why it could not be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// How acquisitions are spread over contenders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fairness {
    /// The share of each contender, in their order; the sum is 1.
    pub shares: Vec<f64>,
    /// Jain's index: 1 if all win equally often, 1/n if one of n always wins.
    pub jain: f64,
}

impl Fairness {
    /// The fairness of these wins; `None` if there are none.
    ///
    /// (Σx)² / (n Σx²): Jain, Chiu and Hawe, "A quantitative measure of fairness and discrimination for resource allocation in
    /// shared computer systems", DEC-TR-301, 1984.
    pub fn of(wins: &[u64]) -> Option<Self> {
        let wins: Vec<f64> = wins.iter().map(|each| *each as f64).collect();
        let sum: f64 = wins.iter().sum();
        if sum == 0.0 {
            return None;
        }
        let squares: f64 = wins.iter().map(|each| each * each).sum();
        Some(Self {
            jain: sum * sum / (wins.len() as f64 * squares),
            shares: wins.iter().map(|each| each / sum).collect(),
        })
    }
}

/// The quantile of sorted values, by the nearest rank; `None` if there are no values.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = (share * sorted.len() as f64).ceil() as usize;
    Some(sorted[rank.saturating_sub(1).min(last)])
}

/// The median. For an even number of values, the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jains_index_is_one_for_equal_shares_and_one_nth_if_one_always_wins() {
        for (wins, index) in [
            (&[5, 5, 5, 5][..], 1.0),
            (&[9, 0, 0], 1.0 / 3.0),
            (&[1, 3], 0.8),
            (&[7], 1.0),
        ] {
            let fairness = Fairness::of(wins).unwrap();
            assert!((fairness.jain - index).abs() < 1e-12, "{wins:?}: {fairness:?}");
            assert!((fairness.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        assert_eq!(Fairness::of(&[0, 0]), None);
    }

    #[test]
    fn medians_and_quantiles_are_those_of_their_definitions() {
        assert_eq!((median(&[]), median(&[3.0, 1.0, 2.0])), (None, Some(2.0)));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(
            (quantile(&hundred, 0.99), quantile(&hundred, 1.0)),
            (Some(99.0), Some(100.0))
        );
        assert_eq!((quantile(&[7.0], 0.99), quantile(&[], 0.5)), (Some(7.0), None));
    }

    #[test]
    fn a_measure_keeps_its_number_in_a_document() {
        for (measure, text) in [
            (Measure::Uncontended, r#"{"measure":"uncontended"}"#),
            (Measure::Contenders(16), r#"{"measure":"contenders","at":16}"#),
        ] {
            assert_eq!(serde_json::to_string(&measure).unwrap(), text);
            assert_eq!(serde_json::from_str::<Measure>(text).unwrap(), measure);
        }
    }
}
