//! Compares two results: whether they differ by more than noise.
//!
//! A difference is reported only if the intervals of the two medians do not overlap, both as measured and after the earlier
//! result is scaled by the yardstick, the cost of a `stat` in the same directory. So a machine that is slower today does not
//! look like a slower lock.

use std::path::{Path, PathBuf};

use serde::Serialize;
use statrs::distribution::{Binomial, DiscreteCDF};
use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

use super::row::{Measure, Row, Unit, median};

/// The probability that an interval does not contain the median.
const ERROR: f64 = 0.05;
/// The fewest blocks for which there is such an interval.
pub const LEAST_BLOCKS: usize = 6;
/// The largest p-value of the Mann-Whitney test at which a difference is reported.
const CHANCE: f64 = 0.01;

/// A median with its 95 % confidence interval, if blocks are independent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The median of the blocks.
    pub median: f64,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
}

impl Estimate {
    /// The interval between two of the sorted blocks, without an assumption about their distribution (Thompson, "On confidence ranges for the
    /// median", Annals of Mathematical Statistics 1936). `None` for fewer than [`LEAST_BLOCKS`].
    fn of(blocks: &[f64]) -> Option<Self> {
        if blocks.len() < LEAST_BLOCKS {
            return None;
        }
        let mut sorted = blocks.to_vec();
        sorted.sort_by(f64::total_cmp);
        let below = Binomial::new(0.5, sorted.len() as u64).ok()?;
        let outside = |rank: &usize| below.cdf(*rank as u64) <= ERROR / 2.0;
        let rank = (0..sorted.len() / 2).take_while(outside).last()?;
        Some(Self {
            median: median(&sorted)?,
            lower: sorted[rank],
            upper: sorted[sorted.len() - 1 - rank],
        })
    }

    fn times(self, factor: f64) -> Self {
        Self {
            median: self.median * factor,
            lower: self.lower * factor,
            upper: self.upper * factor,
        }
    }
}

/// The result of comparing two measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// The intervals overlap: any difference is not larger than the noise.
    NoDifference,
    /// The later one costs less.
    Cheaper,
    /// The later one costs more.
    Dearer,
    /// There are too few blocks for a result.
    TooFew,
}

/// A measurement and the same measurement at an earlier time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The lock.
    pub lock: String,
    /// The directory of the later one.
    pub directory: PathBuf,
    /// The measure.
    #[serde(flatten)]
    pub measure: Measure,
    /// The unit.
    pub unit: Unit,
    /// The earlier median.
    pub before: f64,
    /// The later one.
    pub after: f64,
    /// The later divided by the earlier one.
    pub ratio: f64,
    /// The two-sided p-value of the Mann-Whitney test; `None` for too few blocks.
    pub chance: Option<f64>,
    /// The result.
    pub found: Found,
}

/// Two results side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// What was measured both times, in the order of the later result.
    pub changes: Vec<Change>,
    /// What was measured only once, in words.
    pub alone: Vec<String>,
}

/// Compares a result with an earlier one.
pub fn compare(before: &[Row], after: &[Row]) -> Comparison {
    let mut comparison = Comparison::default();
    let measured = |row: &&Row| row.median.is_some();
    for row in after.iter().filter(measured) {
        match before.iter().filter(measured).find(|earlier| is_same(earlier, row)) {
            Some(earlier) => {
                let factor = yardstick(after, &row.directory).zip(yardstick(before, &row.directory));
                let factor = factor.map_or(1.0, |(after, before)| after / before);
                comparison.changes.push(change(earlier, row, factor));
            }
            None => comparison.alone.push(format!("{}: only now", name(row))),
        }
    }
    for row in before.iter().filter(measured) {
        if !after.iter().filter(measured).any(|later| is_same(row, later)) {
            comparison.alone.push(format!("{}: only then", name(row)));
        }
    }
    comparison
}

fn is_same(one: &Row, other: &Row) -> bool {
    (&one.lock, &one.directory, one.measure) == (&other.lock, &other.directory, other.measure)
}

fn name(row: &Row) -> String {
    format!("{} in {}, {}", row.lock, row.directory.display(), row.measure)
}

fn yardstick(rows: &[Row], directory: &Path) -> Option<f64> {
    let is_yardstick = |row: &&Row| row.measure == Measure::Yardstick && row.directory == directory;
    rows.iter().find(is_yardstick)?.median
}

fn change(before: &Row, after: &Row, factor: f64) -> Change {
    let medians = (median(&before.blocks), median(&after.blocks));
    let (earlier, later) = (medians.0.unwrap_or(f64::NAN), medians.1.unwrap_or(f64::NAN));
    let chance = mannwhitneyu(
        &before.blocks,
        &after.blocks,
        MannWhitneyUMethod::Automatic,
        Alternative::TwoSided,
    );
    let chance = chance.ok().map(|(_, probability)| probability);
    let found = match (Estimate::of(&before.blocks), Estimate::of(&after.blocks), chance) {
        (Some(then), Some(now), Some(chance)) => {
            let scaled = match (after.measure, after.unit) {
                (Measure::Yardstick, _) => then,
                (_, Unit::Nanoseconds) => then.times(factor),
                (_, Unit::PerSecond) => then.times(1.0 / factor),
            };
            let apart = |then: Estimate| match (now.lower > then.upper, now.upper < then.lower) {
                (true, _) => 1,
                (_, true) => -1,
                _ => 0,
            };
            match (apart(then), apart(scaled), after.unit) {
                _ if chance > CHANCE => Found::NoDifference,
                (1, 1, Unit::Nanoseconds) | (-1, -1, Unit::PerSecond) => Found::Dearer,
                (-1, -1, Unit::Nanoseconds) | (1, 1, Unit::PerSecond) => Found::Cheaper,
                _ => Found::NoDifference,
            }
        }
        _ => Found::TooFew,
    };
    Change {
        lock: after.lock.clone(),
        directory: after.directory.clone(),
        measure: after.measure,
        unit: after.unit,
        before: earlier,
        after: later,
        ratio: later / earlier,
        chance,
        found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measure: Measure, blocks: &[f64]) -> Row {
        let lock = if measure == Measure::Yardstick { "(stat)" } else { "a" };
        Row {
            lock: lock.to_owned(),
            directory: "/d".into(),
            file_system: "tmpfs".to_owned(),
            measure,
            unit: measure.unit(),
            median: median(blocks),
            p99: None,
            samples: 100,
            blocks: blocks.to_vec(),
            fairness: None,
            errors: 0,
            missing: None,
        }
    }

    fn spread(around: f64) -> Vec<f64> {
        (0..10)
            .map(|number| around * (0.95 + 0.01 * f64::from(number)))
            .collect()
    }

    #[test]
    fn a_difference_is_reported_only_if_the_intervals_do_not_overlap() {
        for (measure, before, after, found) in [
            (Measure::Uncontended, 100.0, 101.0, Found::NoDifference),
            (Measure::Uncontended, 100.0, 150.0, Found::Dearer),
            (Measure::Uncontended, 150.0, 100.0, Found::Cheaper),
            (Measure::Contenders(2), 150.0, 100.0, Found::Dearer),
            (Measure::Contenders(2), 100.0, 150.0, Found::Cheaper),
        ] {
            let comparison = compare(&[row(measure, &spread(before))], &[row(measure, &spread(after))]);
            assert_eq!(comparison.changes[0].found, found, "{measure}: {before} {after}");
        }
        let few = [1.0, 1.0, 1.0, 1.0, 1.0];
        let comparison = compare(&[row(Measure::Losing, &few)], &[row(Measure::Losing, &spread(9.0))]);
        assert_eq!(comparison.changes[0].found, Found::TooFew);
    }

    #[test]
    fn a_slower_machine_is_not_reported_as_a_slower_lock() {
        let result = |stat: f64, lock: f64| {
            [
                row(Measure::Yardstick, &spread(stat)),
                row(Measure::Uncontended, &spread(lock)),
            ]
        };
        for (stat, lock, found) in [
            (2.0, 20.0, Found::NoDifference),
            (2.0, 40.0, Found::Dearer),
            (2.0, 10.0, Found::NoDifference),
            (0.5, 5.0, Found::NoDifference),
        ] {
            let comparison = compare(&result(1.0, 10.0), &result(stat, lock));
            assert_eq!(comparison.changes[1].found, found, "{stat} {lock}");
        }
    }

    #[test]
    fn what_was_measured_once_is_named() {
        let (one, other) = (row(Measure::Losing, &spread(1.0)), row(Measure::HandOver, &spread(1.0)));
        let comparison = compare(&[one], &[other]);
        assert_eq!(
            comparison.alone,
            ["a in /d, hand-over: only now", "a in /d, losing attempt: only then"]
        );
    }

    #[test]
    fn the_interval_of_a_median_lies_between_blocks_and_five_blocks_have_none() {
        let blocks: Vec<f64> = (1..=10).map(f64::from).collect();
        let found = Estimate::of(&blocks).unwrap();
        // P(at most one of ten lies below the median) = 11/1024.
        assert_eq!((found.median, found.lower, found.upper), (5.5, 2.0, 9.0));
        assert_eq!(
            Estimate::of(&blocks[..6]).map(|found| (found.lower, found.upper)),
            Some((1.0, 6.0))
        );
        assert_eq!(Estimate::of(&blocks[..5]), None);
    }
}
