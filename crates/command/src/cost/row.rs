//! A measurement as data: what is printed, saved, plotted and compared.
//!
//! Deliberately knows nothing of how it came about.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What stands in place of a lock where none is measured: a `stat` of the directory, by which two machines, or one machine
/// at two times, are held against each other.
pub const YARDSTICK: &str = "(stat)";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "measure", content = "at", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Measure {
    /// One `stat` of the directory, with no lock at all: how fast machine and file system are just now.
    Yardstick,
    /// Acquire and release, alone.
    Uncontended,
    /// An attempt while another process has the lock.
    Losing,
    /// From the first call of a release until another process, which attempts again and again, has the lock.
    HandOver,
    /// Rounds of a race between two workers that live for all of them.
    Live,
    /// The same with workers forked anew for each round.
    Fresh,
    /// Acquisitions by so many processes that do nothing else.
    Contenders(u32),
    /// Acquire and release, alone, with so many files beside the lock.
    Files(u64),
    /// Acquire and release, alone, so many directories deep.
    Depth(u32),
}

impl Measure {
    /// Its name, as in a document.
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

    /// The number that belongs to it: contenders, files, or directories.
    pub fn at(self) -> Option<u64> {
        match self {
            Self::Contenders(number) | Self::Depth(number) => Some(number.into()),
            Self::Files(number) => Some(number),
            _ => None,
        }
    }

    /// In what it is measured.
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
            Self::Files(1) => write!(f, "1 file beside it"),
            Self::Files(number) => write!(f, "{number} files beside it"),
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

/// In what something is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Less is better.
    Nanoseconds,
    /// More is better.
    PerSecond,
}

/// What one measurement of one lock in one directory gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The lock, or [`YARDSTICK`].
    pub lock: String,
    /// The directory that was asked for.
    pub directory: PathBuf,
    /// The type of its file system.
    pub file_system: String,
    /// What was measured.
    #[serde(flatten)]
    pub measure: Measure,
    /// In what the numbers are.
    pub unit: Unit,
    /// The median of all samples, or of all blocks where a block is one number. `None` where nothing could be measured.
    pub median: Option<f64>,
    /// Of all samples; `None` where a block is one number.
    pub p99: Option<f64>,
    /// Samples, or acquisitions.
    pub samples: u64,
    /// The median of each block, in the order in which they were measured.
    pub blocks: Vec<f64>,
    /// How the acquisitions were spread over the contenders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fairness: Option<Fairness>,
    /// Attempts and releases that failed while contenders met; they do not end a measurement.
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
    /// Jain's index: 1 where all win equally often, 1/n where one wins always.
    pub jain: f64,
}

impl Fairness {
    /// Of so many wins each; `None` where nobody won.
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

/// The quantile of sorted values, by the nearest rank; `None` of nothing.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = (share * sorted.len() as f64).ceil() as usize;
    Some(sorted[rank.saturating_sub(1).min(last)])
}

/// The median; of an even number of values the mean of the two in the middle.
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
    fn jains_index_is_one_for_equals_and_one_nth_for_a_tyrant() {
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
    fn medians_and_quantiles_are_those_of_the_book() {
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
