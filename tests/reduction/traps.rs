//! The smallest programs in which a reduction that is wrong in one way loses a class. Where the way can be gone from
//! outside, the loss is shown too: a test that never fails proves nothing.

use onewinner::access::{Access, Accesses, Kind, Object};
use onewinner::explore::{Dpor, Exhaustive};
use onewinner::fs::call::Call;

use super::program::{Found, Program, Replays, Running, calls, explore};

fn program(before: &str, processes: &[&str]) -> Program {
    Program {
        before: calls(before),
        processes: processes.iter().map(|text| calls(text)).collect(),
    }
}

fn check(before: &str, processes: &[&str], classes: usize) -> Program {
    let program = program(before, processes);
    let all = explore(Running::new(&program), &mut Exhaustive::new());
    let reduced = explore(Running::new(&program), &mut Dpor::new());
    assert_eq!(all.classes.len(), classes, "{program}");
    assert!(
        reduced.classes == all.classes && reduced.replies == all.replies,
        "{program}"
    );
    let Found {
        executions,
        blocked,
        contradicted,
        ..
    } = reduced;
    assert_eq!((executions, blocked, contradicted), (classes as u64, 0, 0), "{program}");
    program
}

/// Fewer outcomes than there are.
fn check_loses(program: &Program, wrong: Running<'_>) {
    let all = explore(Running::new(program), &mut Exhaustive::new());
    let found = explore(wrong, &mut Dpor::new());
    assert!(
        found.replies.len() < all.replies.len() || found.classes.len() < all.classes.len(),
        "{} of {} classes: {program}",
        found.classes.len(),
        all.classes.len()
    );
}

#[test]
fn a_load_that_becomes_a_store_when_it_comes_earlier_is_followed() {
    let program = check("", &["create A", "unlink A", "link A B; excl A"], 10);
    check_loses(&program, Running::replayed(&program, Replays::AsPerformed));
}

#[test]
fn a_race_with_a_step_that_is_not_the_last_conflicting_one_is_reversed() {
    check("", &["unlink A", "link B A", "excl B"], 3);
}

#[test]
fn a_call_that_fails_has_read_what_made_it_fail() {
    let program = check("", &["link A A", "excl A"], 2);
    let nothing = |_: &Call, reply: &Result<_, _>, accesses| match reply {
        Ok(_) => accesses,
        Err(_) => Accesses::none(),
    };
    check_loses(&program, Running::seen_as(&program, nothing));
}

#[test]
fn a_look_at_a_name_reads_the_entry_and_not_only_the_inode() {
    let program = check("", &["stat A", "create A"], 2);
    let inode_alone = |call: &Call, _: &_, accesses: Accesses| match call {
        Call::Stat { .. } => accesses.iter().filter(|access| !is_entry(access)).cloned().collect(),
        _ => accesses,
    };
    check_loses(&program, Running::seen_as(&program, inode_alone));
}

fn is_entry(access: &&Access) -> bool {
    matches!(access.object, Object::Entry(..))
}

#[test]
fn races_of_early_steps_are_tried_again_with_what_came_later() {
    check(
        "",
        &["create B; link B A", "create A; unlink B", "create B; unlink B; stat B"],
        39,
    );
}

#[test]
fn steps_with_another_between_them_are_left_to_its_races() {
    check("", &["stat A", "excl A", "unlink A; unlink A"], 8);
}

#[test]
fn a_second_object_that_depends_on_the_first_hides_no_class() {
    check("create T", &["link T L", "excl U; unlink T", "stat L; stat U"], 7);
}

#[test]
fn footprints_wider_than_what_is_read_cost_executions_and_lose_nothing() {
    let program = program("", &["excl A", "excl A", "excl A"]);
    let store = |_: &Call, _: &_, accesses: Accesses| {
        let stored = accesses.iter().map(|access| Access {
            object: access.object.clone(),
            kind: Kind::Store,
        });
        stored.collect()
    };
    let found = explore(Running::seen_as(&program, store), &mut Dpor::new());
    let all = explore(Running::new(&program), &mut Exhaustive::new());
    assert_eq!((found.executions, found.blocked), (6, 0));
    assert!(found.replies == all.replies);
}

#[test]
fn a_model_that_contradicts_the_world_is_noticed() {
    let program = program("", &["excl A; stat B", "stat B; excl A"]);
    let found = explore(Running::replayed(&program, Replays::Nothing), &mut Dpor::new());
    assert!(found.contradicted > 0);
}
