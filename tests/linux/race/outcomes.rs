//! The results of races between healthy workers.

use std::collections::BTreeMap;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use onewinner_core::fs::Errno;
use onewinner_core::fs::inject::Injection;
use onewinner_core::history::Outcome;
use onewinner_core::primitive::{CreateNew, StatThenWrite};
use onewinner_core::property::first_violation;
use onewinner_core::scenario::Scenario;
use onewinner_linux::race::{Alignment, Mode, RaceError, RaceOptions, Report, race};

use super::locks::{Fault, Faulty};
use super::world::{complete, options, outcomes};
use crate::harness::{Test, tests};

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        exactly_one_of_sixteen_creates_in_every_round_and_all_others_are_busy,
        aligned_sixteen_of_sixteen_pass_stat_then_write_in_every_round,
        aligned_one_of_sixteen_passes_create_new_in_every_round,
        sixty_four_contend,
        aligned_hub_sync_writes_duplicates_behind_stat_then_write_and_none_behind_create_new,
        hub_sync_behind_create_new_holds_without_alignment_too,
        delays_run_every_round,
        winners_in_turn_do_not_hold_at_the_same_time,
        a_lock_that_always_fails_is_counted_as_errors_by_number,
        a_lock_without_winners_is_counted_as_rounds_without_winner,
        a_release_that_fails_is_counted_and_reported,
        a_lock_that_panics_is_reported_and_the_race_continues,
        descriptors_that_a_lock_forgets_to_close_do_not_accumulate,
        contenders_find_each_other_alive_and_no_one_else,
        options_that_make_no_sense_are_refused,
    ]
}

const MODES: [Mode; 3] = [Mode::LiveWorkers, Mode::Fresh, Mode::Threads];

fn outcome(winners: u32, busy: u32, errors: u32) -> Outcome {
    Outcome {
        winners,
        busy,
        errors,
        duplicates: None,
    }
}

/// The property that each distinct round violates.
fn violations(report: &Report) -> Vec<Option<&'static str>> {
    let violation = |history| first_violation(history).map(|(property, _)| property.name());
    report.seen.iter().map(|seen| violation(&seen.history)).collect()
}

fn exactly_one_of_sixteen_creates_in_every_round_and_all_others_are_busy() {
    for (mode, rounds) in MODES.into_iter().zip([2_000, 100, 2_000]) {
        let report = complete(
            &CreateNew,
            options(Scenario::contend(16), rounds, Alignment::Natural, mode),
        );
        assert_eq!(outcomes(&report), [(outcome(1, 15, 0), rounds)]);
        assert_eq!(violations(&report), [None]);
        assert_eq!((report.without_winner, report.unclassified), (0, 0));
        assert!(report.attempt_errors.is_empty() && report.release_errors.is_empty());
    }
}

fn aligned_sixteen_of_sixteen_pass_stat_then_write_in_every_round() {
    for (mode, rounds) in MODES.into_iter().zip([300, 50, 300]) {
        let report = complete(
            &StatThenWrite,
            options(Scenario::contend(16), rounds, Alignment::Aligned, mode),
        );
        assert_eq!(outcomes(&report), [(outcome(16, 0, 0), rounds)], "{mode:?}");
        assert_eq!(violations(&report), [Some("at-most-one-winner")]);
    }
}

fn aligned_one_of_sixteen_passes_create_new_in_every_round() {
    for (mode, rounds) in MODES.into_iter().zip([300, 50, 300]) {
        let report = complete(
            &CreateNew,
            options(Scenario::contend(16), rounds, Alignment::Aligned, mode),
        );
        assert_eq!(outcomes(&report), [(outcome(1, 15, 0), rounds)], "{mode:?}");
    }
}

fn sixty_four_contend() {
    for (mode, winners) in [(Mode::LiveWorkers, 64), (Mode::Threads, 64)] {
        let report = complete(
            &StatThenWrite,
            options(Scenario::contend(64), 20, Alignment::Aligned, mode),
        );
        assert_eq!(outcomes(&report), [(outcome(winners, 64 - winners, 0), 20)]);
    }
}

fn aligned_hub_sync_writes_duplicates_behind_stat_then_write_and_none_behind_create_new() {
    for mode in MODES {
        let with = |primitive| complete(primitive, options(Scenario::hub_sync(16), 20, Alignment::Aligned, mode));
        let broken = with(&StatThenWrite);
        for (outcome, _) in outcomes(&broken) {
            assert!(
                outcome.duplicates > Some(0) && outcome.winners > 1,
                "{mode:?}: {outcome}"
            );
        }
        assert!(
            violations(&broken)
                .iter()
                .all(|violated| *violated == Some("mutual-exclusion"))
        );
        let sound = with(&CreateNew);
        assert_eq!(
            outcomes(&sound),
            [(
                Outcome {
                    duplicates: Some(0),
                    ..outcome(1, 15, 0)
                },
                20
            )]
        );
        assert_eq!(violations(&sound), [None]);
    }
}

fn hub_sync_behind_create_new_holds_without_alignment_too() {
    let report = complete(
        &CreateNew,
        options(Scenario::hub_sync(4), 300, Alignment::Natural, Mode::LiveWorkers),
    );
    for (outcome, _) in outcomes(&report) {
        assert_eq!((outcome.duplicates, outcome.errors), (Some(0), 0));
        assert!(outcome.winners >= 1);
    }
    assert!(violations(&report).iter().all(Option::is_none));
}

fn delays_run_every_round() {
    for mode in MODES {
        let report = complete(&CreateNew, options(Scenario::contend(4), 200, Alignment::Delayed, mode));
        assert_eq!(outcomes(&report), [(outcome(1, 3, 0), 200)]);
    }
}

fn winners_in_turn_do_not_hold_at_the_same_time() {
    let report = complete(
        &CreateNew,
        options(Scenario::cycle(4, 8), 300, Alignment::Natural, Mode::LiveWorkers),
    );
    assert!(outcomes(&report).iter().any(|(outcome, _)| outcome.winners > 1));
    assert!(
        violations(&report).iter().all(Option::is_none),
        "{:?}",
        violations(&report)
    );
}

fn a_lock_that_always_fails_is_counted_as_errors_by_number() {
    let report = complete(
        &Faulty(Fault::AllFail),
        options(Scenario::contend(16), 100, Alignment::Natural, Mode::LiveWorkers),
    );
    assert_eq!(outcomes(&report), [(outcome(0, 0, 16), 100)]);
    assert_eq!(report.attempt_errors, BTreeMap::from([(Errno::EROFS, 1600)]));
    assert_eq!(report.without_winner, 100);
    assert!(violations(&report).iter().all(Option::is_some));
}

fn a_lock_without_winners_is_counted_as_rounds_without_winner() {
    let report = complete(
        &Faulty(Fault::NobodyWins),
        options(Scenario::contend(16), 100, Alignment::Natural, Mode::LiveWorkers),
    );
    assert_eq!(outcomes(&report), [(outcome(0, 16, 0), 100)]);
    assert_eq!(report.without_winner, 100);
    assert_eq!(violations(&report), [Some("at-least-one-winner")]);
}

fn a_release_that_fails_is_counted_and_reported() {
    let report = complete(
        &Faulty(Fault::ReleaseFails),
        options(Scenario::contend(4), 100, Alignment::Natural, Mode::LiveWorkers),
    );
    assert_eq!(outcomes(&report), [(outcome(1, 3, 1), 100)]);
    assert_eq!(report.release_errors, BTreeMap::from([(Errno::EIO, 100)]));
    assert!(report.attempt_errors.is_empty());
    assert_eq!(violations(&report), [Some("losers-result")]);
}

fn a_lock_that_panics_is_reported_and_the_race_continues() {
    for mode in MODES {
        let report = complete(
            &Faulty(Fault::WinnerPanics),
            options(Scenario::contend(4), 50, Alignment::Aligned, mode),
        );
        assert_eq!(outcomes(&report), [(outcome(0, 3, 1), 50)]);
        let text = format!("{:?}", report.seen[0].history);
        assert!(text.contains("the winner panics"), "{text}");
    }
}

/// More rounds than a process may have descriptors.
fn descriptors_that_a_lock_forgets_to_close_do_not_accumulate() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("there is a limit");
    setrlimit(Resource::RLIMIT_NOFILE, 100, hard).expect("lower is allowed");
    let rounds = 300;
    let report = complete(
        &Faulty(Fault::Forgets),
        options(Scenario::contend(2), rounds, Alignment::Natural, Mode::Threads),
    );
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).expect("as it was");
    assert_eq!(outcomes(&report), [(outcome(1, 1, 0), rounds)]);
}

fn contenders_find_each_other_alive_and_no_one_else() {
    for (mode, rounds) in MODES.into_iter().zip([300, 50, 300]) {
        let options = options(Scenario::contend(4), rounds, Alignment::Natural, mode);
        let report = complete(&Faulty(Fault::None), options);
        assert_eq!(outcomes(&report), [(outcome(1, 3, 0), rounds)], "{mode:?}");
    }
}

fn options_that_make_no_sense_are_refused() {
    let injection = Injection {
        call: 0,
        errno: Errno::EIO,
    };
    for scenario in [
        Scenario::contend(1),
        Scenario::contend(65),
        Scenario::cycle(2, 0),
        Scenario::cycle(2, 65),
        Scenario::fault(injection),
    ] {
        let refused = race(&CreateNew, &RaceOptions::new(scenario), &false.into(), &mut |_| {});
        let refused = refused.expect_err("no sense");
        assert!(
            matches!(
                refused,
                RaceError::Processes(_) | RaceError::Attempts(_) | RaceError::Fault
            ),
            "{refused}"
        );
    }
}
