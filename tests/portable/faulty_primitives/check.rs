//! What `check` concludes from a search: what does not count as a pass, what stays a violation, and the exit code.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onewinner_check::text::verdict as terminal;
use onewinner_check::{Backend, Event, EventSink, Plan, exit, ignore_events};
use onewinner_core::backend::BackendKind;
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::primitive::Expectation::{ExactlyOneWinner, SeveralWinners};
use onewinner_core::primitive::{CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::property::{Judging, by_name};
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};
use onewinner_core::verdict::{Coverage, Exit, Extent, Judged, RateBounds, Unit, Verdict};

use super::{LIMITS, exhaust, fault, locks, plan, run};

fn check_inconclusive(judged: &Judged, part: &str) {
    let Verdict::Inconclusive { reason } = &judged.verdict else {
        panic!("expected no conclusion for {part}, got {:?}", judged.verdict);
    };
    assert!(reason.contains(part), "{reason}");
    for claim in [ExactlyOneWinner, SeveralWinners] {
        assert_eq!(exit(&judged.verdict, &judged.coverage, claim), Exit::Inconclusive);
    }
}

#[test]
fn a_search_that_was_cut_is_inconclusive() {
    let three = Limits {
        executions: 3,
        ..LIMITS
    };
    let two = Limits {
        executions: 2,
        ..LIMITS
    };
    let no_time = Limits {
        time: Duration::ZERO,
        ..LIMITS
    };
    let one_step = Limits { steps: 1, ..LIMITS };
    for (search, limits, part) in [
        (Strategy::Exhaustive, three, "cut at 3 executions"),
        (Strategy::Exhaustive, no_time, "cut at 0 seconds"),
        (Strategy::Exhaustive, one_step, "cut at 1 steps"),
        (Strategy::Dpor, two, "cut at 2 executions"),
        (Strategy::Dpor, no_time, "cut at 0 seconds"),
        (Strategy::Dpor, one_step, "cut at 1 steps"),
        (Strategy::Random { seed: 7 }, three, "cut at 3 executions"),
    ] {
        let judged = run(&CreateNew, Scenario::contend(3), search, limits);
        check_inconclusive(&judged, part);
        assert!(matches!(judged.coverage.extent, Extent::Cut { .. }));
        assert!(judged.coverage.executions <= limits.executions);
    }
}

#[test]
fn a_limit_that_the_search_just_fits_in_cuts_nothing() {
    let all = exhaust(&CreateNew, &Scenario::contend(3)).coverage.executions;
    for (executions, word) in [(all - 1, "inconclusive"), (all, "holds")] {
        let judged = run(
            &CreateNew,
            Scenario::contend(3),
            Strategy::Exhaustive,
            Limits { executions, ..LIMITS },
        );
        assert_eq!((judged.verdict.word(), judged.coverage.executions), (word, executions));
    }
}

#[test]
fn a_reduced_search_covers_every_class() {
    let judged = run(&CreateNew, Scenario::contend(3), Strategy::Dpor, LIMITS);
    assert_eq!(judged.verdict, Verdict::Holds);
    assert_eq!(
        terminal::covered(&judged.coverage),
        "every class of schedules, 3 executions, none blocked or lost"
    );
    let Coverage { extent, blocked, .. } = judged.coverage;
    let (each, bounds) = (Unit::Class, Vec::new());
    assert_eq!((extent, blocked), (Extent::Complete { each, bounds }, 0));
}

#[test]
fn a_run_in_which_nobody_contended_is_inconclusive() {
    for scenario in [Scenario::contend(1), Scenario::cycle(1, 3), Scenario::hub_sync(1)] {
        check_inconclusive(&exhaust(&CreateNew, &scenario), "no two processes contended");
    }
}

#[test]
fn an_interrupted_run_is_inconclusive_and_reports_the_completed_part() {
    let plan = Plan {
        subject: Subject::Primitive(&CreateNew),
        scenario: Scenario::contend(3),
        fault_sweep: FaultSweep::Nothing,
        backend: Backend::Sim {
            strategy: Strategy::Exhaustive,
            limits: LIMITS,
        },
        seed: 1,
        judged: Judging::All,
    };
    let events = Arc::new(Mutex::new(Vec::new()));
    let judged = {
        let events = Arc::clone(&events);
        let tell: EventSink = Arc::new(move |event| events.lock().expect("nobody panics here").push(event));
        onewinner_check::check(&plan, &Arc::new(AtomicBool::new(true)), &tell).expect("the world can be made")
    };
    let events = events.lock().expect("nobody panics here");
    check_inconclusive(&judged, "interrupted");
    assert_eq!(judged.coverage.executions, 1);
    assert!(
        matches!(&events[..], [Event::Began { backend: BackendKind::Sim, .. }, Event::Judged(last)] if **last == judged)
    );
}

/// The verdict on one property alone.
fn judged_on(lock: &'static dyn LockPrimitive, scenario: &Scenario, name: &str) -> Judged {
    let property = by_name(name).expect("a property of that name");
    let plan = Plan {
        judged: Judging::Only(property),
        ..plan(lock, scenario.clone(), Strategy::Dpor, LIMITS)
    };
    onewinner_check::check(&plan, &Arc::new(AtomicBool::new(false)), &ignore_events()).expect("the world can be made")
}

#[test]
fn one_property_is_judged_as_if_there_were_no_other() {
    let cycle = Scenario::cycle(2, 1);
    for (name, word) in [
        ("mutual-exclusion", "violated"),
        // What all properties together report of it is mutual exclusion.
        ("only-own", "violated"),
        ("at-most-one-winner", "inconclusive"),
        ("no-duplicates", "inconclusive"),
        ("place", "holds"),
    ] {
        let judged = judged_on(&StatThenWrite, &cycle, name);
        assert_eq!(judged.verdict.word(), word, "{name}");
        if let Verdict::Violated(shown) = &judged.verdict {
            assert_eq!(shown.property, name);
            assert_eq!(shown.reproduced.map(|reproduced| reproduced.same), Some(10), "{name}");
        }
    }
    let silent = judged_on(&StatThenWrite, &cycle, "no-duplicates");
    check_inconclusive(&silent, "no execution can violate the judged property");
}

#[test]
fn a_violation_in_a_search_that_was_cut_stays_a_violation() {
    let limits = Limits {
        executions: 50,
        ..LIMITS
    };
    let judged = run(
        &StatThenWrite,
        Scenario::contend(3),
        Strategy::Random { seed: 7 },
        limits,
    );
    assert_eq!(judged.verdict.word(), "violated");
    assert!(matches!(judged.coverage.extent, Extent::Cut { .. }));
}

#[test]
fn the_exit_code_says_whether_the_lock_is_as_claimed() {
    let two = Scenario::contend(2);
    let cases: &[(&'static dyn LockPrimitive, Scenario, u8, u8)] = &[
        (&CreateNew, two.clone(), 0, 1),
        (&StatThenWrite, two.clone(), 1, 0),
        (&StatThenWrite, Scenario::cycle(2, 1), 1, 0),
        // A fault of another kind does not show that several get in.
        (&StatThenWrite, fault(2), 1, 1),
        (&locks::NEVER_WINS, two.clone(), 1, 1),
        (&locks::UNLINKS_WHEN_BUSY, two, 1, 1),
        (&CreateNew, Scenario::contend(1), 3, 3),
    ];
    for (lock, scenario, one, several) in cases {
        let judged = exhaust(*lock, scenario);
        let code = |claim| exit(&judged.verdict, &judged.coverage, claim).code();
        let codes = (code(ExactlyOneWinner), code(SeveralWinners));
        assert_eq!(codes, (*one, *several), "{} in {scenario}", lock.name());
    }
}

#[test]
fn a_sample_without_a_violation_does_not_refute_that_several_get_in() {
    let mut judged = exhaust(&CreateNew, &Scenario::contend(2));
    let rate = RateBounds {
        lower: 0.0,
        upper: 0.03,
    };
    judged.coverage.extent = Extent::Sampled { violations: 0, rate };
    let code = |claim| exit(&judged.verdict, &judged.coverage, claim).code();
    assert_eq!((code(ExactlyOneWinner), code(SeveralWinners)), (0, 3));
}

#[test]
fn several_winners_are_claimed_of_some_configuration_and_exactly_one_of_every() {
    let together = |claim, exits: [Exit; 2]| Exit::together(&exits, claim);
    let mixed = [Exit::NotAsClaimed, Exit::AsClaimed];
    assert_eq!(together(SeveralWinners, mixed), Exit::AsClaimed);
    assert_eq!(together(ExactlyOneWinner, mixed), Exit::NotAsClaimed);
    assert_eq!(together(SeveralWinners, [Exit::NotAsClaimed; 2]), Exit::NotAsClaimed);
    assert_eq!(
        together(ExactlyOneWinner, [Exit::AsClaimed, Exit::Inconclusive]),
        Exit::Inconclusive
    );
}
