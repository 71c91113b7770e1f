//! The search with sleep sets, which has no model: the classes of the exhaustive search, and no class twice.

use onewinner_core::explore::{Adaptive, Bounded, Covered, Exhaustive, SleepSets};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::program::{Program, Running, explore};
use super::random::{random_program, random_program_with_links};

/// Returns how many executions were begun, and how many of them were redundant.
fn check(program: &Program) -> (u64, u64) {
    let all = explore(Running::new(program), &mut Exhaustive::new());
    let every = explore(Running::new(program), &mut SleepSets::everywhere());
    let few = explore(Running::new(program), &mut SleepSets::new());
    for found in [&every, &few] {
        assert!(
            found.classes == all.classes && found.replies == all.replies,
            "{} of {} classes: {program}",
            found.classes.len(),
            all.classes.len()
        );
        assert_eq!((found.blocked, found.contradicted), (0, 0), "{program}");
        assert_eq!(found.searched.covered, Covered::Everything, "{program}");
    }
    let completed = every.executions - every.searched.redundant;
    assert_eq!(completed, all.classes.len() as u64, "a class ran twice: {program}");
    (few.executions, few.searched.redundant)
}

#[test]
fn random_programs_have_the_classes_of_the_exhaustive_search_and_none_twice() {
    let (mut begun, mut redundant) = (0, 0);
    for seed in [31, 32] {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        for number in 0..900 {
            let program = match number % 3 {
                0 => random_program(&mut generator),
                1 => random_program(&mut generator).reusing_numbers(),
                _ => random_program_with_links(&mut generator),
            };
            let (executions, given_up) = check(&program);
            begun += executions;
            redundant += given_up;
        }
    }
    eprintln!("{begun} executions, {redundant} of them redundant");
    assert!(redundant > 0, "nothing was given up");
}

#[test]
fn processes_meet_over_what_one_of_them_waits_for_at_the_end() {
    for first in ["create A; await-lock 0", "create A; stat A; await-lock 0"] {
        check(&Program::of("", &[first, "create A; await-lock 0"]));
    }
}

#[test]
fn steps_on_what_nobody_else_touches_are_taken_alone() {
    let program = Program::of(
        "",
        &[
            "create A; stat A; unlink A; excl L",
            "create B; stat B; unlink B; excl L",
        ],
    );
    let found = explore(Running::new(&program), &mut SleepSets::new());
    // Two classes, and the first execution, after which L counts as contended.
    assert!(found.executions <= 4, "{} executions", found.executions);
    check(&program);
}

#[test]
fn a_search_that_would_be_long_is_bounded() {
    let program = Program::of(
        "",
        &["excl A; unlink A", "excl A; unlink A", "excl A; unlink A; stat A"],
    );
    let complete = explore(Running::new(&program), &mut SleepSets::new());
    assert!(complete.executions > 40, "{} executions", complete.executions);
    for (most, covered) in [
        (complete.executions * 2, Covered::Everything),
        (40, Covered::Preemptions(1)),
    ] {
        let found = explore(Running::new(&program), &mut Adaptive::new(most, 1));
        assert_eq!(found.searched.covered, covered, "{most} executions");
        let within = explore(Running::new(&program), &mut Bounded::new(1)).classes;
        assert!(found.classes.is_superset(&within), "{most} executions");
        assert!(found.classes.is_subset(&complete.classes), "{most} executions");
    }
}
