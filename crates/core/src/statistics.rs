//! Confidence bounds on the rate of violations in a race.
//!
//! The bounds are nominal: they assume independent rounds, and rounds of a race follow one another on one machine.
//! Does not depend on backends, and judges nothing.

use statrs::distribution::{Beta, ContinuousCDF};

use crate::verdict::RateBounds;

/// The share of samples for which the bounds are wrong.
const ERROR: f64 = 0.05;
/// How often the bisection halves an interval of length 1: a bound of 10^-15 keeps twelve digits.
const HALVINGS: u32 = 90;

/// 95 % confidence bounds on the rate of an event that occurred in `seen` of `rounds` rounds.
///
/// If it never occurred: the one-sided upper bound 1 − 0.05^(1/N), about 3/N (Hanley and Lippman-Hand, "If nothing goes wrong,
/// is everything all right?", JAMA 1983). Otherwise two-sided bounds (Clopper and Pearson, "The use of confidence or fiducial
/// limits", Biometrika 1934).
///
/// # Panics
///
/// When `seen` exceeds `rounds`.
pub fn rate_bounds(seen: u64, rounds: u64) -> RateBounds {
    assert!(seen <= rounds, "seen in rounds");
    #[expect(clippy::cast_precision_loss, reason = "2^53 rounds would take centuries")]
    let (successes, failures) = (seen as f64, (rounds - seen) as f64);
    match (seen, rounds) {
        (_, 0) => RateBounds { lower: 0.0, upper: 1.0 },
        // `exp_m1`, because 1 − 0.05^(1/N) loses all digits when N is large.
        (0, _) => RateBounds {
            lower: 0.0,
            upper: -(ERROR.ln() / failures).exp_m1(),
        },
        _ => RateBounds {
            lower: beta_quantile(successes, failures + 1.0, ERROR / 2.0),
            upper: if seen == rounds {
                1.0
            } else {
                beta_quantile(successes + 1.0, failures, 1.0 - ERROR / 2.0)
            },
        },
    }
}

/// The quantile, by bisection of the distribution function.
///
/// `inverse_cdf` of statrs 0.19 does not return for some parameters of a race of 10^9 rounds.
fn beta_quantile(a: f64, b: f64, probability: f64) -> f64 {
    let beta = Beta::new(a, b).expect("both shapes are positive");
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if beta.cdf(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `binom.test(x, n)$conf.int` of R; 0 of n: `binom.test(0, n, alternative = "less")`.
    #[test]
    fn bounds_equal_those_of_r() {
        for (seen, rounds, lower, upper) in [
            (0, 10, 0.0, 0.258_865_6),
            (0, 100, 0.0, 0.029_513_05),
            (1, 10, 0.002_528_579, 0.445_016_1),
            (3, 15, 0.043_312_01, 0.480_891_1),
            (5, 100, 0.016_431_88, 0.112_834_9),
            (50, 100, 0.398_321_1, 0.601_678_9),
            (10, 10, 0.691_502_9, 1.0),
        ] {
            let bounds = rate_bounds(seen, rounds);
            let near = |is: f64, should: f64| (is - should).abs() <= 1e-6 * should.max(1e-3);
            assert!(
                near(bounds.lower, lower) && near(bounds.upper, upper),
                "{seen} of {rounds}: {bounds:?}"
            );
        }
    }

    #[test]
    fn zero_in_n_has_an_upper_bound_of_about_three_in_n_for_any_n() {
        for rounds in [1_000, 1_000_000, 1_000_000_000_000] {
            #[expect(clippy::cast_precision_loss, reason = "small enough")]
            let three = rate_bounds(0, rounds).upper * rounds as f64;
            assert!((2.98..3.0).contains(&three), "{rounds}: {three}");
        }
        assert_eq!(rate_bounds(0, 0), RateBounds { lower: 0.0, upper: 1.0 });
    }

    #[test]
    fn bounds_enclose_the_rate_and_tighten_with_rounds() {
        for seen in [1, 7, 500] {
            let mut width = 1.0;
            for rounds in [1_000, 10_000, 1_000_000, 1_000_000_000] {
                let bounds = rate_bounds(seen, rounds);
                #[expect(clippy::cast_precision_loss, reason = "small enough")]
                let rate = seen as f64 / rounds as f64;
                assert!(
                    bounds.lower < rate && rate < bounds.upper,
                    "{seen} of {rounds}: {bounds:?}"
                );
                assert!(bounds.upper - bounds.lower < width);
                width = bounds.upper - bounds.lower;
            }
        }
    }
}
