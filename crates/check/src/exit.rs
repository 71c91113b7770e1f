//! Compares a verdict with a claim.

use onewinner_core::primitive::Expectation;
use onewinner_core::verdict::{Coverage, Exit, Extent, Verdict};

/// The exit code of a verdict on a lock with this claim.
pub fn exit(verdict: &Verdict, coverage: &Coverage, claim: Expectation) -> Exit {
    match (verdict, claim) {
        (Verdict::Inconclusive { .. }, _) => Exit::Inconclusive,
        // A fact decides nothing: the other verdicts do.
        (Verdict::Noted { .. }, Expectation::ExactlyOneWinner) => Exit::AsClaimed,
        (Verdict::Noted { .. }, Expectation::SeveralWinners) => Exit::Inconclusive,
        (Verdict::Holds, Expectation::ExactlyOneWinner) => Exit::AsClaimed,
        (Verdict::Violated(_), Expectation::ExactlyOneWinner) => Exit::NotAsClaimed,
        // A sample without a violation does not refute the claim.
        (Verdict::Holds, Expectation::SeveralWinners) if matches!(coverage.extent, Extent::Sampled { .. }) => {
            Exit::Inconclusive
        }
        (Verdict::Holds, Expectation::SeveralWinners) => Exit::NotAsClaimed,
        (Verdict::Violated(found), Expectation::SeveralWinners) if found.breaks_exclusion() => Exit::AsClaimed,
        (Verdict::Violated(_), Expectation::SeveralWinners) => Exit::NotAsClaimed,
    }
}
