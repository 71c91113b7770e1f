//! Every shipped lock in the configurations in which the catalogue of locks decides it, with the classes of each search: the sound
//! ones hold in all of them, and each broken one is caught by the property that names its fault, and in none that is smaller.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Dpor, Stop};
use onewinner_core::history::End;
use onewinner_core::primitive::{self, Expectation, LockPrimitive};
use onewinner_core::property::{self, Case, Finding};
use onewinner_core::scenario::{Kill, Scenario, Start};

use super::kills::kill_everywhere;
use super::{LIMITS, Lock};

/// Long enough for every lock that is stale by its age.
const AGE_S: u64 = 3_600;

/// What all executions of a scenario show: how many there are, and the properties that some of them violate.
fn search(lock: Lock, scenario: &Scenario) -> (u64, BTreeSet<&'static str>) {
    let mut violated = BTreeSet::new();
    let searched = sim::explore(lock, scenario, &mut Dpor::new(), LIMITS, &mut |execution| {
        assert_eq!(execution.end, End::Completed);
        let case = Case::new(&execution.history);
        let broken = |property: &&&dyn property::Property| matches!(property.judge(&case), Finding::Violated(_));
        violated.extend(property::ALL.iter().filter(broken).map(|property| property.name()));
        ControlFlow::Continue(())
    });
    assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
    (searched.executions, violated)
}

fn named(name: &str) -> Lock {
    primitive::by_name(name).unwrap_or_else(|| panic!("no lock is called {name}"))
}

fn stale(scenario: Scenario) -> Scenario {
    let start = Start::Stale { age_s: AGE_S };
    Scenario { start, ..scenario }
}

fn expiring(scenario: Scenario) -> Scenario {
    let expiry = true;
    Scenario { expiry, ..scenario }
}

/// The locks that claim one winner, with their classes in: contend 3, cycle 3×1, cycle 2×2, cycle 3×1 from the lock of a dead
/// holder, cycle 3×1 with a lease that runs out, and cycle 3×1 with one killed.
const SOUND: &[(&str, [u64; 5], usize)] = &[
    ("create-new", [3, 21, 26, 1, 111], 54),
    ("create-new-owner", [3, 21, 26, 1, 156], 75),
    ("absent-retry", [3, 111, 118, 1, 726], 336),
    ("mkdir", [3, 21, 26, 1, 111], 33),
    ("mkdir-owner", [3, 21, 26, 1, 111], 117),
    ("rename-directory", [3, 195, 230, 1, 1_017], 552),
    ("symlink", [3, 21, 26, 1, 111], 33),
    ("link", [3, 21, 26, 1, 156], 147),
    ("rename-new", [3, 21, 26, 1, 111], 87),
    ("flock", [9, 63, 52, 21, 126], 249),
    ("flock-nlink", [9, 387, 330, 171, 3_276], 3_435),
    ("flock-same-inode", [9, 567, 518, 243, 6_669], 6_036),
    ("record-lock", [9, 63, 52, 21, 126], 249),
    ("ofd-lock", [9, 63, 52, 21, 126], 249),
    ("pid-file", [3, 111, 118, 1, 669], 360),
    ("break-mutex", [3, 111, 118, 14_346, 669], 2_211),
    ("break-mutex-file", [3, 111, 118, 7_158, 669], 1_779),
    ("lease-mutex", [12, 168, 218, 30_108, 12_363], 1_815),
];

#[test]
fn sound_locks_hold_in_every_class() {
    for (name, classes, killed) in SOUND {
        let lock = named(name);
        let scenarios = [
            Scenario::contend(3),
            Scenario::cycle(3, 1),
            Scenario::cycle(2, 2),
            stale(Scenario::cycle(3, 1)),
            expiring(Scenario::cycle(3, 1)),
        ];
        let found = scenarios.map(|scenario| {
            let (classes, violated) = search(lock, &scenario);
            assert!(violated.is_empty(), "{name} in {scenario}: {violated:?}");
            classes
        });
        let crashes = kill_everywhere(lock, 3);
        assert!(crashes.violated.is_empty(), "{name}: {crashes:?}");
        assert_eq!((found, crashes.classes), (*classes, *killed), "{name}");
    }
}

/// The locks that claim several winners, with the classes of the least configuration that shows it.
fn broken() -> Vec<(&'static str, Scenario, u64, Vec<Scenario>)> {
    let two = || Scenario::cycle(2, 1);
    let three = || Scenario::cycle(3, 1);
    let reused = |scenario| Scenario {
        reuse_inodes: true,
        ..scenario
    };
    let sound_below = || vec![two()];
    let sound_unless_stale = || vec![two(), Scenario::cycle(2, 2), three()];
    let sound_unless_expired = || vec![expiring(two()), Scenario::cycle(2, 2), three()];
    vec![
        ("stat-then-write", two(), 20, vec![]),
        ("create-new-empty-stale", two(), 14, vec![]),
        ("absent-as-stale", three(), 159, sound_below()),
        ("mkdir-ownerless-stale", two(), 90, vec![]),
        ("rename-over", two(), 10, vec![]),
        ("rename-over-read-back", two(), 16, vec![]),
        ("flock-unlink-unlock-first", three(), 261, sound_below()),
        ("flock-unlink-unlock-first", Scenario::cycle(2, 2), 302, sound_below()),
        ("flock-unlink-close-first", three(), 261, sound_below()),
        ("flock-unlink-close-first", Scenario::cycle(2, 2), 302, sound_below()),
        ("flock-unlink-close-last", three(), 141, sound_below()),
        ("flock-unlink-close-last", Scenario::cycle(2, 2), 166, sound_below()),
        ("flock-half-fix", three(), 1_017, sound_below()),
        ("flock-half-fix", Scenario::cycle(2, 2), 1_030, sound_below()),
        ("break-unlink", stale(two()), 48, sound_unless_stale()),
        ("break-unlink-inode", stale(two()), 68, sound_unless_stale()),
        ("break-rename", stale(two()), 48, sound_unless_stale()),
        ("break-rename-leave", stale(two()), 48, sound_unless_stale()),
        (
            "break-rename-restore",
            stale(three()),
            12_090,
            vec![stale(two()), reused(stale(two())), three()],
        ),
        (
            "break-rename-restore-inode",
            reused(stale(two())),
            90,
            vec![stale(two()), three()],
        ),
        ("break-rename-restore-inode", stale(three()), 12_090, vec![]),
        ("break-mutex-blind", stale(two()), 72, sound_unless_stale()),
        ("lease-unlink", expiring(three()), 3_936, sound_unless_expired()),
        ("lease-compare", expiring(three()), 11_160, sound_unless_expired()),
        ("lease-rename", expiring(three()), 14_772, sound_unless_expired()),
    ]
}

#[test]
fn broken_locks_let_two_in_at_the_least_configuration_and_in_none_that_is_smaller() {
    for (name, least, classes, lesser) in broken() {
        let (found, violated) = search(named(name), &least);
        assert!(violated.contains("mutual-exclusion"), "{name} in {least}: {violated:?}");
        assert_eq!(found, classes, "{name} in {least}");
        for scenario in lesser {
            let (_, violated) = search(named(name), &scenario);
            assert!(!violated.contains("mutual-exclusion"), "{name} in {scenario}");
        }
    }
}

#[test]
fn a_tombstone_lets_two_in_when_one_is_killed_and_otherwise_nobody() {
    let lock = named("flock-tombstone");
    for scenario in [Scenario::cycle(3, 1), Scenario::cycle(2, 2)] {
        assert!(!search(lock, &scenario).1.contains("mutual-exclusion"), "{scenario}");
    }
    assert!(!kill_everywhere(lock, 2).violated.contains("mutual-exclusion"));
    assert!(kill_everywhere(lock, 3).violated.contains("mutual-exclusion"));
}

#[test]
fn a_breaker_that_is_killed_wedges_a_mutex_that_is_a_file_and_no_other() {
    for (name, wedged) in [("break-mutex-file", true), ("break-mutex", false)] {
        let mut violated = BTreeSet::new();
        for victim in onewinner_core::id::ProcessId::first(2) {
            for step in 0..12 {
                let kills = vec![Kill { victim, step }];
                let scenario = Scenario {
                    kills,
                    ..stale(Scenario::cycle(2, 1))
                };
                violated.extend(search(named(name), &scenario).1);
            }
        }
        assert!(!violated.contains("mutual-exclusion"), "{name}");
        assert_eq!(violated.contains("crash-liveness"), wedged, "{name}");
    }
}

#[test]
fn no_shipped_lock_is_left_out() {
    let sound = SOUND.iter().map(|(name, ..)| *name);
    let broken: Vec<_> = broken().iter().map(|(name, ..)| *name).collect();
    let decided: BTreeSet<_> = sound.chain(broken).chain(["flock-tombstone"]).collect();
    let all: BTreeSet<_> = primitive::ALL.iter().map(|lock| lock.name()).collect();
    assert_eq!(decided, all);
    let claims_one = |lock: &&&dyn LockPrimitive| lock.expectation() == Expectation::ExactlyOneWinner;
    assert_eq!(primitive::ALL.iter().filter(claims_one).count(), SOUND.len());
}
