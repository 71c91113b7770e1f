//! Each property is red on a history that violates it, green on a similar one, and silent where it does not apply.

mod fuzz;
mod history_text;
mod judging;

use super::{ALL, Case, Finding, Property, PropertyClass};
use crate::history::CrashClass;
use crate::id::ProcessId;

fn named(name: &str) -> &'static dyn Property {
    let found = ALL.iter().find(|property| property.name() == name);
    *found.expect("a property of that name")
}

/// Checks what the property finds in each history: `red` with a part of its sentence, `green`, or `silent`.
fn check(property: &str, histories: &[(&str, &str)]) {
    for (text, expected) in histories {
        let history = history_text::parse(text);
        let found = match named(property).judge(&Case::new(&history)) {
            Finding::Holds => "green".to_owned(),
            Finding::NotApplicable => "silent".to_owned(),
            Finding::Violated(violation) => {
                assert!(
                    violation.events.iter().all(|event| *event < history.events.len()),
                    "{text}"
                );
                format!("red {}", violation.sentence)
            }
        };
        let (colour, part) = expected.split_once(' ').unwrap_or((expected, ""));
        assert!(
            found.starts_with(colour) && found.contains(part),
            "{property} on {text}: {found}"
        );
    }
}

#[test]
fn three_properties_are_about_exclusion() {
    let exclusion = ALL
        .iter()
        .filter(|property| property.class() == PropertyClass::Exclusion);
    let names: Vec<_> = exclusion.map(|property| property.name()).collect();
    assert_eq!(names, ["at-most-one-winner", "mutual-exclusion", "no-duplicates"]);
}

#[test]
fn several_winners_of_single_attempts_are_detected() {
    check(
        "at-most-one-winner",
        &[
            (
                "0? 1? 0:stat 1:stat 0:open 0= 1:open 1=",
                "red 2 of 2 hold the lock at once: P0 and P1",
            ),
            ("0? 1? 0:stat 0:open 0= 1:stat 1x", "green"),
            ("0? 1? 2? 1= 0= 2=", "red P0, P1 and P2"),
            ("0? 1? 2? 1= 0x 2x", "green"),
            ("0? 1? 0=", "green"),
            // An injected error does not excuse two winners.
            ("*0 0? 0= 1? 1=", "red"),
            ("0? 0= 0- 0. 1? 1=", "silent"),
            ("0? 0x 0? 0= 1? 1=", "silent"),
            ("0? 0=", "silent"),
            ("", "silent"),
        ],
    );
}

#[test]
fn single_attempts_without_a_winner_are_detected() {
    check(
        "at-least-one-winner",
        &[
            ("0? 1? 0x 1x", "red none of 2 attempts"),
            ("0? 1? 0x 1=", "green"),
            ("0? 1? 0! 1@", "red"),
            ("0? 1? 0x", "silent"),
            ("*0 0? 1? 0x 1x", "silent"),
            ("0? 0x 1? 1x 1? 1x", "silent"),
            ("0? 0x", "silent"),
        ],
    );
}

#[test]
fn two_holds_overlap_unless_a_release_happens_before_the_other_acquisition() {
    check(
        "mutual-exclusion",
        &[
            (
                "0? 1? 0:stat 1:stat 0:open 0= 1:open 1= 0- 0:unlink 0.",
                "red P0 and P1",
            ),
            ("0? 1? 0:excl 0= 0- 0:unlink 0. 1:excl 1= 1- 1:unlink 1.", "green"),
            // Two inodes that never conflict: the first hold ended before the second in this order only.
            (
                "0? 0:excl/a 0= 0- 0:unlink/a 0. 1? 1:excl/b 1= 1- 1:unlink/b 1.",
                "red P0 and P1",
            ),
            (
                "0? 0:excl/a 0= 0- 0:unlink/a 0. 1? 1:stat/a 1:excl/b 1= 1- 1:unlink/b 1.",
                "green",
            ),
            (
                "0? 0:excl/a 0= 0- 0:unlink/a 0. 2? 2:stat/a 2:excl/c 2x 1? 1:stat/c 1:excl/b 1=",
                "green",
            ),
            // A release without a call is over only after a later call of its process.
            ("0? 0:excl/a 0= 0- 0. 1? 1:excl/b 1=", "red"),
            ("0? 0:excl/a 0= 0- 0. 0? 0:excl/b 0x 1? 1:unlink/b 1=", "green"),
            ("0? 0= 0- 0:stat 0. 1? 1:stat 1= 1- 1.", "red"),
            ("0? 0:excl 0= 0- 0:unlink 0. 0? 0:excl 0= 0- 0:unlink 0.", "green"),
            // No release, but one process attempts twice; or its code panics, and the lock stays held.
            ("0? 0:stat 0x 0? 0:open 0= 1? 1:open 1=", "red"),
            ("0? 0:excl 0= 0@ 1? 1:unlink 1:excl 1= 1- 1.", "red"),
            ("0? 0:excl 0= 0w 0- 0:unlink 0~ 1? 1:excl 1=", "green"),
            ("0? 0:excl/a 0= 0:die 1? 1:excl/b 1=", "red"),
            ("0? 1? 0:open 1:open 0:lock 0= 0:die 1:lock 1=", "green"),
            ("0? 1? 0= 1=", "silent"),
            ("0? 0x 0? 0! 1?", "silent"),
        ],
    );
}

#[test]
fn without_calls_the_counter_decides_whether_holds_overlap() {
    check(
        "mutual-exclusion",
        &[
            ("0? 1? 0= 1= 0- 0. 1- 1.", "red P0 and P1"),
            ("0? 1? 0= 0- 1= 0. 1- 1.", "green"),
            ("0? 1? 1= 0= 1- 1. 0- 0.", "red"),
            ("0? 0= 0- 0. 0? 0= 1? 1x 0- 0. 1? 1= 1- 1.", "green"),
        ],
    );
}

#[test]
fn no_other_process_changes_what_a_holder_stored() {
    check(
        "only-own",
        &[
            (
                "0? 1? 0:excl 0= 1:excl 1:unlink 1x",
                "red P1 changes, by unlink, what P0 stored",
            ),
            ("0? 1? 0:excl 0= 1:excl 1x", "green"),
            ("0? 0:excl 0= 0- 0:unlink 0. 1? 1:excl 1= 1- 1:unlink 1.", "green"),
            // The release commutes with the damage, so the damage may come first.
            ("0? 0:excl 0= 0- 0:stat/b 0. 1? 1:unlink 1x", "red"),
            ("0? 0:excl 0= 0- 0:stat/b 0. 1? 1:unlink/b 1x", "green"),
            // A name that the acquisition itself removed again does not count.
            ("0? 0:excl/m 0:excl 0:unlink/m 0= 1? 1:excl/m 1:unlink/m 1x", "green"),
            ("0? 0:excl/m 0:excl 0= 1? 1:unlink/m 1x", "red"),
            // Nor does one that it moved away.
            ("0? 0:excl/m 0:aside/m 0= 1? 1:excl/m 1x", "green"),
            ("0? 0:excl/m 0:aside/m 0= 1? 1:unlink/aside 1x", "red"),
            // The hold of a killed process is over for a process that has seen its death.
            ("0? 0:excl 0= 0:die 1? 1:alive 1:unlink 1x", "green"),
            ("0? 0:excl 0= 0:die 1? 1:unlink 1x", "red"),
            ("0? 0:excl 0= 1? 1:unlink 0:die 1x", "red"),
            ("0? 0= 1? 1:unlink 1x", "silent"),
            ("0? 0:excl 0x 1:unlink", "silent"),
            ("0? 0= 0- 0.", "silent"),
        ],
    );
}

#[test]
fn a_loser_is_busy_and_a_release_succeeds() {
    check(
        "losers-result",
        &[
            (
                "0? 1? 0= 1!",
                "red P1 neither won nor was busy, but met failed to create",
            ),
            ("0? 1? 0= 1x", "green"),
            ("0? 1? 0= 1@", "red a panic: boom"),
            ("0? 0= 0- 0~", "red P0 had its answer and then met failed to create"),
            ("0? 0= 0- 0.", "green"),
            ("0? 0= 0- 0@", "red P0 had its answer and then met a panic"),
            ("0? 0= 0w 0- 0.", "green"),
            ("*0 0? 0! 1? 1=", "silent"),
            ("0? 1?", "silent"),
            ("0@", "silent"),
        ],
    );
}

#[test]
fn after_a_release_the_next_attempt_wins() {
    check(
        "release-frees",
        &[
            ("0? 0:excl 0= 0- 0. 1? 1:excl 1x", "red P1 was busy"),
            ("0? 0:excl 0= 0- 0:unlink 0. 1? 1:excl 1=", "green"),
            ("0? 0:excl 0= 1? 1:excl 1x 0- 0:unlink 0.", "green"),
            ("0? 0:excl 0= 0- 0:unlink/b 0. 1? 1:excl 1x", "red"),
            ("0? 0:excl 0= 0- 0. 0? 0:excl 0x", "red P0 was busy"),
            // In this order the lock was held, but the release commutes with the attempt.
            ("0? 1? 0:excl 0= 1:excl 1x 0- 0:stat/b 0.", "red"),
            ("0? 1? 0:excl 0= 1:stat/b 1:excl 1x 0- 0:unlink/b 0.", "red"),
            ("0? 1? 0:excl 0= 1:stat 1:excl 1x 0- 0:unlink 0.", "green"),
            // Another process that still attempts, or that failed to release, excuses the loser.
            ("0? 0:excl 0= 0- 0:unlink 0. 2? 2:excl 1? 1:excl 1x 2=", "green"),
            ("0? 0:excl 0= 0- 0. 2? 2:excl 2x 1? 1:excl 1x", "red"),
            ("0? 0:excl 0= 0- 0~ 1? 1:excl 1x", "green"),
            ("0? 0:excl 0= 0- 0@ 1? 1:excl 1x", "green"),
            ("0? 1? 0:excl 0= 1:excl 1x", "silent"),
        ],
    );
}

#[test]
fn without_calls_an_unfinished_release_excuses_a_loser() {
    check(
        "release-frees",
        &[
            ("0? 0= 0- 0. 1? 1x", "red"),
            ("0? 0= 0- 1? 0. 1x", "green"),
            ("1? 0? 0= 0- 0. 1x", "green"),
            ("0? 0= 0- 0. 1? 2? 1x 2= 2- 2.", "green"),
            ("0? 0= 0- 0. 1? 1x 2? 2= 2- 2.", "red"),
        ],
    );
}

#[test]
fn entries_written_twice_are_detected_at_the_end() {
    check(
        "no-duplicates",
        &[
            ("0? |1", "red 1 entry was written twice"),
            ("0? |0", "green"),
            ("|0 |3", "red 3 entries"),
            ("|2 |0", "green"),
            ("0? |", "silent"),
            ("0?", "silent"),
        ],
    );
}

#[test]
fn a_failed_attempt_leaves_nothing_and_the_next_one_wins() {
    check(
        "no-leak",
        &[
            ("*0 0? 1? | 0:excl 0:close 0! | 1:excl 1x", "red leaves /lock behind"),
            ("*0 0? 1? | 0:excl 0:close 0:unlink 0! | 1:excl 1=", "green"),
            // The file of a kernel lock, which excludes no process, and another file.
            ("*0 0? 1? | 0:open 0:close 0! | 1:open 1:lock 1=", "green"),
            (
                "*0 0? 1? | 0:open 0:close 0! | 1:open 1:lock 1x",
                "red leaves /lock behind",
            ),
            (
                "*0 0? 1? | 0:open/a 0:close 0! | 1:open 1:lock 1=",
                "red leaves /a behind",
            ),
            (
                "*0 0? 1? | 0:excl 0:unlink 0! | 1:excl 1=",
                "red leaves a descriptor open",
            ),
            (
                "*0 0? | 0:excl/a 0:excl/b 0:unlink/a 0:unlink/b 0! |",
                "red leaves 2 descriptors open",
            ),
            ("*0 2:excl 0? | 0:unlink 0! |", "red removes /lock"),
            ("*0 2:excl 0? | 0:open 0:write 0:close 0! |", "red changes /lock"),
            ("*0 2:excl 0? | 0:open 0:close 0! |", "green"),
            ("*0 0? 1? | 0:stat 0! | 1:stat 1x", "red the next attempt does not win"),
            ("*0 0? 1? 2? | 0:stat 0! | 1:stat 1x 2:excl 2=", "green"),
            ("*0 0? 1? | 0:stat 0! | 1:stat", "green"),
            ("*0 0? | 0:stat 0@ |", "green"),
            // Without a call nothing can be left behind, and no property panics.
            ("*0 | 0? 0! | 1? 1=", "green"),
            ("*0 0? 0! | 1? 1=", "silent"),
            ("*0 0? | 0:excl 1:excl/b 0! |", "silent"),
            ("*0 0? | 0:excl 0= |", "silent"),
            ("*0 0? | 0:excl |", "silent"),
            ("0? | 0:excl 0! |", "silent"),
            ("*3 0? | 0:excl 0! |", "silent"),
        ],
    );
}

#[test]
fn a_winner_names_the_lock_and_changes_nothing_elsewhere() {
    check(
        "place",
        &[
            ("0? 0:excl/beside 0=", "red P0 acquires without a call that names /lock"),
            ("0? 0:excl 0=", "green"),
            ("2:mkdir/d 0? 0:excl 0:excl/d/x 0=", "red P0 changes /d/x, outside"),
            ("2:mkdir/d 0? 0:excl 0:stat/d/x 0=", "green"),
            ("0? 0:mkdir 0:excl/lock/owner 0=", "green"),
            ("0? 0:mkdir/lock.P0 0:excl/lock.P0/owner 0:stat 0=", "green"),
            ("0? 0:excl/beside 0x", "silent"),
            ("0? 0=", "silent"),
        ],
    );
}

#[test]
fn a_hold_ends_when_its_lease_expires_but_not_at_an_earlier_tick() {
    check(
        "mutual-exclusion",
        &[
            (
                "+3 0? 1? 0:excl 0:write 0= 3:expire 1:stat 1:unlink 1:excl 1:write 1=",
                "green",
            ),
            ("+3 0? 1? 3:expire 0:excl 0:write 0= 1:unlink 1:excl 1:write 1=", "red"),
            ("+3 0? 1? 0:excl 0= 1:unlink 1:excl 1= 3:expire", "red"),
            ("+3 0? 1? 0:excl 0= 1:excl 1x", "green"),
        ],
    );
    check(
        "only-own",
        &[
            ("+3 0? 1? 0:excl 0= 3:expire 1:stat 1:unlink 1x", "green"),
            ("+3 0? 1? 0:excl 0= 1:unlink 1x 3:expire", "red"),
        ],
    );
}

#[test]
fn a_holder_that_loses_its_lock_through_another_close_is_detected() {
    check(
        "descriptor-independence",
        &[
            (
                "0? 0:open 0:record 0= 0:look 0:drop 0- 0:close 0.",
                "red P0 closes another",
            ),
            ("0? 0:open 0:lock 0= 0:look 0:drop 0- 0:close 0.", "green"),
            ("0? 0:open 0:record 0= 0- 0:close 0.", "silent"),
            ("0? 0:open 0:record 0x 0:look 0:drop", "silent"),
        ],
    );
}

#[test]
fn a_child_that_releases_the_lock_is_detected() {
    check(
        "fork-independence",
        &[
            (
                "0? 0:open 0:lock 0= 0:fork 0:kid-unlock 0- 0:close 0.",
                "red a child of P0 gives the lock of its parent back, by flock",
            ),
            ("0? 0:open 0:lock 0= 0:fork 0:kid-close 0- 0:close 0.", "green"),
            ("0? 0:open 0:record 0= 0:fork 0:kid-close 0- 0:close 0.", "green"),
            ("0? 0:excl 0= 0:fork 0:kid-unlink 0- 0:unlink 0.", "red"),
            ("0? 0:excl 0= 0- 0:unlink 0.", "silent"),
        ],
    );
}

#[test]
fn a_lock_that_is_granted_twice_is_detected() {
    check(
        "reentrancy",
        &[
            ("0? 0:open 0= 0g 0- 0.", "red P0 is granted the lock that it holds"),
            ("0? 0:open 0= 0n 0- 0.", "green"),
            ("0? 0:open 0= 0- 0.", "silent"),
        ],
    );
}

#[test]
fn busy_without_another_process_is_detected() {
    check(
        "honest-busy",
        &[
            ("0? 1? 0:stat 0x 1:excl 1=", "red P0 was busy although no other process"),
            ("0? 1? 1:excl 1= 0:stat 0x", "green"),
            ("*0 0? 0:open/none/lock 0x 1? 1:excl 1=", "red"),
            // It may have found what its own first attempt left.
            ("0? 0:excl 0= 0- 0:unlink 0. 0? 0:stat 0x", "silent"),
            ("0? 0x", "silent"),
            ("0? 0:excl 0=", "silent"),
        ],
    );
}

#[test]
fn a_lock_that_frees_itself_in_time_is_judged_after_that_time() {
    for (class, clock, colour) in [
        (CrashClass::Bounded, true, "red"),
        (CrashClass::Bounded, false, "silent"),
        (CrashClass::Auto, false, "red"),
        (CrashClass::Manual, true, "silent"),
    ] {
        let mut history = history_text::parse("0? 0:excl 0= 0:die 1:expire 1? 1:excl 1x");
        history.crash_class = Some(class);
        history.probe = Some(ProcessId(1));
        history.clock = clock.then_some(ProcessId(2));
        let found = named("crash-liveness").judge(&Case::new(&history));
        let found = match found {
            Finding::Violated(_) => "red",
            Finding::Holds => "green",
            Finding::NotApplicable => "silent",
        };
        assert_eq!(found, colour, "{class}");
    }
}
