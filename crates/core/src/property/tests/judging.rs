//! What decides a verdict, and what is a warning beside it.

use super::super::{Judgement, Judging};
use super::history_text::parse;
use super::{check, named};

/// The violated property, the warnings, and whether the history could violate what decides.
fn judged(judging: Judging, text: &str) -> (Option<&'static str>, Vec<&'static str>, bool) {
    let Judgement {
        violated,
        warnings,
        applies,
    } = judging.judge(&parse(text));
    let warnings = warnings.iter().map(|(property, _)| property.name());
    (
        violated.map(|(property, _)| property.name()),
        warnings.collect(),
        applies,
    )
}

#[test]
fn of_a_program_only_exclusion_and_progress_decide() {
    use Judging::{All, ExactlyOneWinner, ExclusionAfterCrash, Only};
    // P1 removes what P0 stored, and loses.
    let tidy = "0? 1? 0:excl 0= 1:excl 1:unlink 1x";
    let only_own = Some("only-own");
    assert_eq!(judged(All, tidy), (only_own, vec![], true));
    assert_eq!(judged(Only(named("only-own")), tidy), (only_own, vec![], true));
    assert_eq!(judged(ExactlyOneWinner, tidy), (None, vec!["only-own"], true));
    assert_eq!(judged(ExclusionAfterCrash, tidy), (None, vec!["only-own"], true));
    // What decides hides the rest.
    let twice = "0? 1? 0:excl 0= 1:unlink 1:excl 1=";
    for judging in [ExactlyOneWinner, ExclusionAfterCrash] {
        assert_eq!(judged(judging, twice), (Some("at-most-one-winner"), vec![], true));
    }
    // A failed release.
    let stuck = "0? 0:excl 0= 0- 0~";
    assert_eq!(judged(ExactlyOneWinner, stuck), (Some("losers-result"), vec![], true));
    assert_eq!(judged(ExclusionAfterCrash, stuck), (None, vec!["losers-result"], true));
    // A warning is not what a history could show.
    assert_eq!(judged(ExclusionAfterCrash, "0? 0x"), (None, vec![], false));
}

#[test]
fn a_holder_that_ends_by_an_error_holds_no_longer() {
    check(
        "mutual-exclusion",
        &[
            // The kernel frees its lock, and another takes it.
            (
                "0? 0:open 0:lock 0= 0:exit 0~ 1? 1:open 1:lock 1= 1- 1:unlock 1.",
                "green",
            ),
            (
                "0? 0:excl 0= 0- 0:unlink 0:exit 0~ 1? 1:excl 1= 1- 1:unlink 1.",
                "green",
            ),
            // Nothing that the other did depends on its end.
            (
                "0? 0:excl/a 0= 0:exit 0~ 1? 1:excl/b 1= 1- 1:unlink/b 1.",
                "red P0 and P1",
            ),
            // An exit alone may be that of a process whose child holds the lock.
            (
                "0? 0:open 0:lock 0= 0:exit 1? 1:open 1:lock 1= 1- 1:unlock 1.",
                "red P0 and P1",
            ),
        ],
    );
    check(
        "losers-result",
        &[("0? 0:excl 0= 0:exit 0~", "red P0 had its answer and then met")],
    );
}

#[test]
fn a_lock_that_nobody_gets_is_reported_with_the_error_of_an_attempt() {
    check(
        "at-least-one-winner",
        &[
            (
                "0? 1? 0x 1!",
                "red none of 2 attempts at a free lock won; P1 met failed to create",
            ),
            ("0? 1? 0@ 1x", "red won; P0 met a panic: boom"),
        ],
    );
}
