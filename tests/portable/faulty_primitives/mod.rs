//! Locks that are broken on purpose: each is caught, by the property that names its fault, at the smallest configuration that
//! shows it. Also the first two shipped locks: one holds, one does not.

mod check;
mod locks;
mod seed;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use onewinner_check::preset::{Configuration, Depth};
use onewinner_check::{Backend, Plan, ignore_events};
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::fs::Errno;
use onewinner_core::fs::inject::Injection;
use onewinner_core::primitive::{CrashClass, CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};
use onewinner_core::verdict::{Judged, Reproduced, Verdict};

pub(crate) const LIMITS: Limits = Limits {
    executions: 2_000_000,
    steps: 1_000,
    time: Duration::from_secs(1_800),
};

pub(crate) fn plan(
    primitive: &'static dyn LockPrimitive,
    scenario: Scenario,
    strategy: Strategy,
    limits: Limits,
) -> Plan {
    Plan {
        subject: Subject::Primitive(primitive),
        scenario,
        fault_sweep: FaultSweep::Nothing,
        backend: Backend::Sim { strategy, limits },
        seed: 1,
        judged: Judging::All,
    }
}

pub(crate) fn run(
    primitive: &'static dyn LockPrimitive,
    scenario: Scenario,
    strategy: Strategy,
    limits: Limits,
) -> Judged {
    let plan = plan(primitive, scenario, strategy, limits);
    onewinner_check::check(&plan, &Arc::new(AtomicBool::new(false)), &ignore_events()).expect("the world can be made")
}

fn exhaust(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> Judged {
    run(primitive, scenario.clone(), Strategy::Exhaustive, LIMITS)
}

fn fault(call: u32) -> Scenario {
    Scenario::fault(Injection {
        call,
        errno: Errno::EIO,
    })
}

/// The lock breaks `property` in `least`, and nothing in any of the `lesser` configurations.
fn check(lock: &'static dyn LockPrimitive, property: &str, least: &Scenario, lesser: &[Scenario]) {
    for search in [Strategy::Exhaustive, Strategy::Dpor] {
        check_under(search, lock, property, least, lesser);
    }
}

fn check_under(
    search: Strategy,
    lock: &'static dyn LockPrimitive,
    property: &str,
    least: &Scenario,
    lesser: &[Scenario],
) {
    let name = lock.name();
    let verdict = |scenario: &Scenario| run(lock, scenario.clone(), search.clone(), LIMITS).verdict;
    let case = format!("{name} in {least}, {search:?}");
    let Verdict::Violated(shown) = verdict(least) else {
        panic!("{case}: {:?}", verdict(least));
    };
    assert_eq!(shown.property, property, "{case}: {}", shown.sentence);
    assert_eq!(shown.reproduced, Some(Reproduced { same: 10, of: 10 }), "{case}");
    for scenario in lesser {
        let verdict = verdict(scenario);
        assert_ne!(
            verdict.word(),
            "violated",
            "{name} in {scenario}, {search:?}: {verdict:?}"
        );
    }
}

#[test]
fn several_are_let_in_by_a_create_that_is_not_exclusive() {
    let lesser = [Scenario::contend(1), Scenario::cycle(1, 2)];
    for lock in [&locks::CREATES_WITHOUT_EXCL, &locks::LOOKS_THEN_CREATES] {
        check(lock, "at-most-one-winner", &Scenario::contend(2), &lesser);
        check(lock, "mutual-exclusion", &Scenario::cycle(2, 1), &lesser);
    }
}

#[test]
fn several_are_let_in_by_an_error_that_passes_for_a_success() {
    let lesser = [Scenario::contend(2), Scenario::cycle(2, 1)];
    check(&locks::WINS_BY_ERROR, "at-most-one-winner", &fault(0), &lesser);
}

#[test]
fn nobody_is_let_in() {
    check(&locks::NEVER_WINS, "at-least-one-winner", &Scenario::contend(2), &[]);
    // A contender alone does not know that one has to win; but a busy contender has seen no other.
    check(&locks::NEVER_WINS, "honest-busy", &Scenario::contend(1), &[]);
}

#[test]
fn a_loser_removes_the_winners_lock() {
    check(
        &locks::UNLINKS_WHEN_BUSY,
        "only-own",
        &Scenario::contend(2),
        &[Scenario::contend(1)],
    );
    check(
        &locks::UNLINKS_WHEN_BUSY,
        "at-most-one-winner",
        &Scenario::contend(3),
        &[],
    );
}

#[test]
fn a_loser_gets_another_result_than_busy() {
    for lock in [&locks::RETURNS_ENOENT_WHEN_BUSY, &locks::PANICS_WHEN_BUSY] {
        let lesser = [Scenario::contend(1), Scenario::cycle(1, 2)];
        check(lock, "losers-result", &Scenario::contend(2), &lesser);
    }
}

#[test]
fn a_release_fails() {
    for lock in [&locks::RELEASES_TWICE, &locks::PANICS_IN_RELEASE] {
        check(lock, "losers-result", &Scenario::cycle(1, 1), &[Scenario::contend(3)]);
    }
}

#[test]
fn a_release_frees_nothing() {
    for lock in [&locks::NEVER_RELEASES, &locks::RELEASES_ELSEWHERE] {
        let lesser = [Scenario::contend(3), Scenario::cycle(1, 1)];
        check(lock, "release-frees", &Scenario::cycle(1, 2), &lesser);
        check(lock, "release-frees", &Scenario::cycle(2, 1), &lesser);
    }
}

#[test]
fn an_attempt_that_fails_leaves_a_file_or_a_descriptor() {
    let lesser = [Scenario::contend(2), Scenario::cycle(2, 1), fault(0)];
    check(&locks::FORGETS_THE_DESCRIPTOR, "no-leak", &fault(1), &lesser);
    check(&locks::LEAVES_THE_FILE, "no-leak", &fault(1), &lesser);
}

#[test]
fn the_lock_is_elsewhere() {
    check(&locks::LOCKS_BESIDE, "place", &Scenario::contend(1), &[]);
    check(&locks::LOCKS_BESIDE, "place", &Scenario::cycle(2, 1), &[]);
}

#[test]
fn create_new_holds_in_every_configuration_of_the_preset() {
    let strategy = Strategy::Exhaustive;
    for Configuration {
        scenario, fault_sweep, ..
    } in Depth::Usual.of_a_primitive(CrashClass::Bounded)
    {
        let backend = Backend::Sim {
            strategy: strategy.clone(),
            limits: LIMITS,
        };
        let plan = Plan {
            subject: Subject::Primitive(&CreateNew),
            scenario,
            fault_sweep,
            backend,
            seed: 1,
            judged: Judging::All,
        };
        let judged = onewinner_check::check(&plan, &Arc::default(), &ignore_events()).expect("the world can be made");
        assert_eq!(judged.verdict, Verdict::Holds, "{}{fault_sweep}", plan.scenario);
    }
}

#[test]
fn stat_then_write_lets_two_in_and_leaves_the_file_of_a_failed_write() {
    check(
        &StatThenWrite,
        "at-most-one-winner",
        &Scenario::contend(2),
        &[Scenario::contend(1), Scenario::cycle(1, 2)],
    );
    check(&StatThenWrite, "mutual-exclusion", &Scenario::cycle(2, 1), &[]);
    let stat_open = [fault(0), fault(1)];
    check(&StatThenWrite, "no-leak", &fault(2), &stat_open);
}

#[test]
fn two_syncs_at_once_write_their_entries_twice() {
    let limits = Limits {
        executions: 200,
        ..LIMITS
    };
    let duplicated = |lock| {
        let judged = run(lock, Scenario::hub_sync(2), Strategy::Random { seed: 7 }, limits);
        let rows = judged.coverage.outcomes.into_iter();
        rows.filter(|row| row.outcome.duplicates > Some(0))
            .map(|row| row.count)
            .sum::<u64>()
    };
    assert!(duplicated(&StatThenWrite) > 0);
    assert_eq!(duplicated(&CreateNew), 0);
}
