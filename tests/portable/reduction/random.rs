//! Random programs: the reduction finds exactly the classes and the replies of the exhaustive search.

use onewinner_core::explore::{Dpor, Exhaustive};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::program::{Numbers, Program, Replays, Running, Taken, explore};
use super::script::calls;

/// Programs with more interleavings are left out, for the time that they take.
const MOST_INTERLEAVINGS: u64 = 3_000;

/// A program uses a few of them, or its calls would seldom meet.
const NAMES: [&str; 5] = ["A", "B", "U", "T", "L"];
/// Programs that hardly conflict test nothing: the least mean of classes.
const LEAST_CLASSES: u64 = 5;

/// How many of the kinds of calls below a program may make: those on plain names, files and `flock`.
const PLAIN: u32 = 20;
/// And those on links, record locks and children.
const ALL: u32 = 28;

fn random_call(kinds: u32, names: &[&str], generator: &mut ChaCha8Rng) -> String {
    let mut name = || names[generator.random_range(0..names.len())];
    let (one, other) = (name(), name());
    match generator.random_range(0..kinds) {
        0..=2 => format!("excl {one}"),
        3 => format!("create {one}"),
        4 => format!("overwrite {one}"),
        5 => format!("read {one}"),
        6 | 7 => format!("stat {one}"),
        8 | 9 => format!("unlink {one}"),
        10 | 11 => format!("link {one} {other}"),
        12 => format!("rename {one} {other}"),
        13 => format!("{} {one}", ["mkdir", "rmdir"][generator.random_range(0..2)]),
        16 => "lock 0".to_owned(),
        17 => "await-lock 0".to_owned(),
        18 => ["unlock 0", "share 0"][generator.random_range(0..2)].to_owned(),
        19 => end_or_look(generator),
        20 | 21 => format!("symlink {one} {other}"),
        22 => format!("rename-new {one} {other}"),
        23 => format!("{} {one}", ["readlink", "expire"][generator.random_range(0..2)]),
        24 => format!("{} {one}/{other}", ["stat", "create"][generator.random_range(0..2)]),
        25 => format!(
            "{} 0",
            ["record", "ofd", "share-record", "drop-record"][generator.random_range(0..4)]
        ),
        26 => "record 0".to_owned(),
        27 => ["fork", "child: record 0", "child: lock 0", "child: exit"][generator.random_range(0..4)].to_owned(),
        14 => format!("{} 0", ["write", "fstat", "get", "close"][generator.random_range(0..4)]),
        _ => format!("stat {other}"),
    }
}

/// The end of a process, or a look whether another is there.
fn end_or_look(generator: &mut ChaCha8Rng) -> String {
    let other = generator.random_range(0..2);
    match generator.random_range(0..5) {
        0 => "exit".to_owned(),
        1 => "die".to_owned(),
        2 => format!("await-end P{other}"),
        _ => format!("alive P{other}"),
    }
}

pub(crate) fn random_program(generator: &mut ChaCha8Rng) -> Program {
    random_program_of(PLAIN, generator)
}

/// The same, with links, record locks and children.
pub(super) fn random_program_with_links(generator: &mut ChaCha8Rng) -> Program {
    random_program_of(ALL, generator)
}

fn random_program_of(kinds: u32, generator: &mut ChaCha8Rng) -> Program {
    loop {
        let processes = generator.random_range(2..=4);
        let lengths: Vec<u64> = (0..processes).map(|_| generator.random_range(1..=4)).collect();
        if interleavings(&lengths) > MOST_INTERLEAVINGS {
            continue;
        }
        let first = generator.random_range(0..NAMES.len());
        let names: Vec<_> = NAMES
            .into_iter()
            .cycle()
            .skip(first)
            .take(generator.random_range(1..=3))
            .collect();
        let before = ["", "", "create T", "create T; create A"][generator.random_range(0..4)];
        let mut script = |length: u64| {
            let texts: Vec<_> = (0..length).map(|_| random_call(kinds, &names, generator)).collect();
            calls(&texts.join("; "))
        };
        return Program {
            numbers: Numbers::Fresh,
            taken: Taken::Fails,
            before: calls(before),
            processes: lengths.into_iter().map(&mut script).collect(),
        };
    }
}

/// The multinomial coefficient.
fn interleavings(lengths: &[u64]) -> u64 {
    let mut taken = 0;
    let mut count = 1;
    for length in lengths {
        for step in 1..=*length {
            taken += 1;
            count = count * taken / step;
        }
    }
    count
}

fn check(programs: u32, seed: u64, numbers: Numbers, taken: Taken) {
    check_of(PLAIN, programs, seed, numbers, taken);
}

fn check_of(kinds: u32, programs: u32, seed: u64, numbers: Numbers, taken: Taken) {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let (mut classes, mut executions) = (0, 0);
    for number in 0..programs {
        let program = Program {
            numbers,
            taken,
            ..random_program_of(kinds, &mut generator)
        };
        let all = explore(Running::new(&program), &mut Exhaustive::new());
        let reduced = explore(Running::new(&program), &mut Dpor::new());
        let case = format!("program {number} of seed {seed}\n{program}");
        assert_eq!(reduced.contradicted, 0, "{case}");
        assert_eq!(reduced.blocked, 0, "{case}");
        assert!(
            reduced.classes == all.classes,
            "{} of {} classes: {case}",
            reduced.classes.len(),
            all.classes.len()
        );
        assert_eq!(reduced.executions, all.classes.len() as u64, "{case}");
        assert!(reduced.replies == all.replies, "replies: {case}");
        classes += reduced.executions;
        executions += all.executions;
    }
    eprintln!("{programs} programs, {executions} interleavings, {classes} classes");
    assert!(classes > u64::from(programs) * LEAST_CLASSES, "{classes} classes");
}

#[test]
fn random_programs_in_which_processes_wait_for_names_have_one_execution_of_each_class() {
    check(600, 7, Numbers::Fresh, Taken::Waits);
}

/// Returns in how many of `programs` random programs a wrong search misses classes.
fn losing(programs: u32, seed: u64, wrong: impl Fn(&Program) -> Running<'_>) -> usize {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let random = (0..programs).map(|_| random_program(&mut generator).reusing_numbers());
    let loses = |program: &Program| {
        let all = explore(Running::new(program), &mut Exhaustive::new());
        let found = explore(wrong(program), &mut Dpor::new());
        !all.classes.is_subset(&found.classes)
    };
    random.filter(loses).count()
}

#[test]
fn a_reversed_call_that_keeps_its_footprint_loses_classes() {
    let lost = losing(400, 3, |program| Running::replayed(program, Replays::AsPerformed));
    assert!(lost > 0);
}

#[test]
fn a_reversed_call_whose_footprint_alone_is_wider_loses_classes() {
    let lost = losing(1_000, 3, |program| Running::replayed(program, Replays::Widely));
    assert!(lost > 0);
}

#[test]
fn who_waits_at_the_end_and_is_forgotten_loses_classes() {
    let lost = losing(400, 4, |program| Running::replayed(program, Replays::NobodyWaits));
    assert!(lost > 0);
}

#[test]
pub(crate) fn random_programs_have_one_execution_of_each_class() {
    check(3_000, 1, Numbers::Fresh, Taken::Fails);
}

#[test]
fn random_programs_where_numbers_are_used_again_have_one_execution_of_each_class() {
    check(1_000, 5, Numbers::Reused, Taken::Fails);
}

#[test]
fn random_programs_with_links_record_locks_and_children_have_one_execution_of_each_class() {
    check_of(ALL, 1_200, 8, Numbers::Fresh, Taken::Fails);
    check_of(ALL, 600, 9, Numbers::Reused, Taken::Fails);
}

#[test]
#[ignore = "slow suite: run with cargo test --release --test portable reduction:: -- --ignored"]
fn many_random_programs_have_one_execution_of_each_class() {
    check(10_000, 2, Numbers::Fresh, Taken::Fails);
    check_of(ALL, 10_000, 10, Numbers::Fresh, Taken::Fails);
    check(10_000, 6, Numbers::Reused, Taken::Waits);
}
