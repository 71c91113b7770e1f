//! The smallest programs in which a reduction that is wrong in one way loses a class. Where the way can be gone from
//! outside, the loss is shown too: a test that never fails proves nothing.

use onewinner_core::access::{Access, AccessKind, Accesses, Object};
use onewinner_core::explore::{Dpor, Exhaustive};
use onewinner_core::fs::call::Call;

use super::program::{Found, Program, Replays, Running, explore};

fn check(before: &str, processes: &[&str], classes: usize) -> Program {
    let program = Program::of(before, processes);
    check_program(&program, classes);
    program
}

fn check_program(program: &Program, classes: usize) {
    let all = explore(Running::new(program), &mut Exhaustive::new());
    let reduced = explore(Running::new(program), &mut Dpor::new());
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
}

/// Fewer outcomes than there are, in some order of the processes: what is lost depends on which execution comes first.
fn check_loses(program: &Program, wrong: impl Fn(&Program) -> Running<'_>) {
    let all = explore(Running::new(program), &mut Exhaustive::new());
    let loses = |program: &Program| {
        let found = explore(wrong(program), &mut Dpor::new());
        found.replies.len() < all.replies.len() || found.classes.len() < all.classes.len()
    };
    assert!(orders(program).iter().any(loses), "nothing is lost: {program}");
}

/// The program with its processes turned round.
fn orders(program: &Program) -> Vec<Program> {
    let turned = (0..program.processes.len()).flat_map(|turn| {
        let mut turned = program.clone();
        turned.processes.rotate_left(turn);
        let mut swapped = turned.clone();
        swapped.processes.swap(0, 1);
        [turned, swapped]
    });
    turned.collect()
}

#[test]
fn a_load_that_becomes_a_store_when_it_comes_earlier_is_followed() {
    // That the old footprint loses classes is seen in `random.rs`: it takes another first execution than ours here.
    check("", &["create A", "unlink A", "link A B; excl A"], 10);
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
    check_loses(&program, |program| Running::seen_as(program, nothing));
}

#[test]
fn a_look_at_a_name_reads_the_entry_and_not_only_the_inode() {
    let program = check("", &["stat A", "create A"], 2);
    let inode_alone = |call: &Call, _: &_, accesses: Accesses| match call {
        Call::Stat { .. } => accesses.iter().filter(|access| !is_entry(access)).cloned().collect(),
        _ => accesses,
    };
    check_loses(&program, |program| Running::seen_as(program, inode_alone));
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
    let program = Program::of("", &["excl A", "excl A", "excl A"]);
    let store = |_: &Call, _: &_, accesses: Accesses| {
        let stored = accesses.iter().map(|access| Access {
            object: access.object.clone(),
            kind: AccessKind::Store,
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
    let program = Program::of("", &["excl A", "excl B", "excl A"]);
    let found = explore(Running::replayed(&program, Replays::Nothing), &mut Dpor::new());
    assert!(found.contradicted > 0, "{found:?}");
}

#[test]
fn who_waits_at_the_end_races_with_who_came_first() {
    let program = check("", &["create A; await-lock 0", "create A; await-lock 0"], 4);
    check_loses(&program, |program| Running::replayed(program, Replays::NobodyWaits));
}

#[test]
fn below_the_unlock_that_let_it_in_a_request_races_with_the_lock() {
    check(
        "",
        &["create A; lock 0; unlock 0; await-lock 0", "create A; await-lock 0"],
        6,
    );
}

#[test]
fn the_end_of_a_process_frees_its_locks() {
    let program = check("", &["create A; await-lock 0; exit", "create A; lock 0; exit"], 6);
    let end_is_nothing = |call: &Call, _: &_, accesses| match call {
        Call::Exit => Accesses::none(),
        _ => accesses,
    };
    check_loses(&program, |program| Running::seen_as(program, end_is_nothing));
}

#[test]
fn who_looks_for_a_process_sees_it_or_not() {
    let program = check("", &["alive P1", "excl A; exit"], 2);
    let unseen = |call: &Call, _: &_, accesses| match call {
        Call::Alive { .. } => Accesses::none(),
        _ => accesses,
    };
    // Turned round, the process would look for itself.
    let found = explore(Running::seen_as(&program, unseen), &mut Dpor::new());
    assert_eq!(found.classes.len(), 1);
}

#[test]
fn who_waits_for_a_name_races_with_who_took_it_and_not_with_who_freed_it() {
    let program = Program::of("", &["excl A; unlink A", "excl A; unlink A"]).awaiting_names();
    check_program(&program, 2);
}

#[test]
fn where_numbers_are_used_again_the_order_of_two_creations_is_seen() {
    let processes = ["excl B", "stat B", "stat B; excl A; rename B A"];
    // That a wider footprint of the reversed call alone loses classes is seen in `random.rs`, for the reason given above.
    check_program(&check("", &processes, 8).reusing_numbers(), 11);
}

#[test]
fn a_reused_inode_number_shows_which_process_created_first() {
    let processes = ["excl B; stat A", "rename B A; mkdir A"];
    let program = check("", &processes, 4).reusing_numbers();
    check_program(&program, 5);
    let number_unseen = |_: &Call, _: &_, accesses: Accesses| {
        let seen = accesses.iter().filter(|access| access.object != Object::Allocator);
        seen.cloned().collect()
    };
    check_loses(&program, |program| Running::seen_as(program, number_unseen));
}

#[test]
fn a_descriptor_pins_a_number_until_it_is_closed() {
    // Whether the file is gone when another is created, by close after unlink or by unlink after close.
    let program = Program::of("", &["create A; close 0", "unlink A; excl B; fstat 0"]).reusing_numbers();
    let all = explore(Running::new(&program), &mut Exhaustive::new());
    check_program(&program, all.classes.len());
    let opens_unseen = |_: &Call, _: &_, accesses: Accesses| {
        let unseen = |object: &Object| matches!(object, Object::Opens(_) | Object::Allocator | Object::Links(_));
        accesses
            .iter()
            .filter(|access| !unseen(&access.object))
            .cloned()
            .collect()
    };
    check_loses(&program, |program| Running::seen_as(program, opens_unseen));
}
