//! A reduction in rounds runs what the plain one runs, however many workers there are: one execution of each class.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use onewinner_core::explore::{
    Covered, Dpor, Limits, ParallelSearch, Searched, Split, Stop, Task, TaskResult, search, search_in_parallel,
};
use onewinner_core::happens_before::Class;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::program::{Found, LIMITS, Program, Running, explore};
use super::random::random_program;

/// What a round's tasks found together.
fn explore_in_rounds(program: &Program, depth: usize, threads: usize) -> Found {
    let all = Mutex::new(Found {
        executions: 0,
        blocked: 0,
        classes: BTreeSet::new(),
        replies: BTreeSet::new(),
        contradicted: 0,
        searched: Searched::nothing(),
    });
    let searched = search_in_parallel(Split { depth, threads }, LIMITS, &|task, _| {
        // As a worker process gets it, and answers.
        let task: Task = through_text(task);
        let mut part = Dpor::for_task(&task);
        let found = explore(Running::new(program), &mut part);
        let mut all = all.lock().expect("nobody panics");
        all.executions += found.executions;
        all.blocked += found.blocked;
        all.contradicted += found.contradicted;
        all.classes.extend(found.classes);
        all.replies.extend(found.replies);
        through_text(&part.into_result(found.searched))
    });
    assert_eq!(
        (searched.covered, searched.stop),
        (Covered::Everything, Stop::Exhausted)
    );
    all.into_inner().expect("nobody panics")
}

fn through_text<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("plain data");
    serde_json::from_str(&text).expect("plain data")
}

/// Compares random programs, each made what `prepare` says.
fn check(programs: u32, seed: u64, splits: &[(usize, usize)], prepare: fn(Program) -> Program) {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut classes = 0;
    for number in 0..programs {
        let program = prepare(random_program(&mut generator));
        let plain = explore(Running::new(&program), &mut Dpor::new());
        for &(depth, threads) in splits {
            let found = explore_in_rounds(&program, depth, threads);
            let case = format!("program {number}, depth {depth}, {threads} threads\n{program}");
            assert!(found.classes == plain.classes, "classes: {case}");
            assert!(found.replies == plain.replies, "replies: {case}");
            let counted = (found.executions, found.blocked, found.contradicted);
            assert_eq!(counted, (plain.executions, 0, 0), "{case}");
        }
        classes += plain.executions;
    }
    assert!(classes > u64::from(programs) * 4, "{classes} classes");
}

#[test]
fn random_programs_are_explored_alike_in_rounds() {
    check(2_000, 31, &[(3, 1), (6, 1), (3, 2), (6, 3)], |program| program);
}

#[test]
#[ignore = "slow suite: run with cargo test --release --test portable reduction:: -- --ignored"]
fn many_random_programs_are_explored_alike_in_rounds() {
    let depths: Vec<_> = (0..9).map(|depth| (depth, 1)).collect();
    check(10_000, 33, &depths, |program| program);
    check(5_000, 34, &depths, Program::reusing_numbers);
    check(5_000, 35, &depths, Program::awaiting_names);
}

#[test]
fn the_tasks_of_each_round_do_not_depend_on_the_number_of_threads() {
    let mut generator = ChaCha8Rng::seed_from_u64(32);
    for _ in 0..100 {
        let program = random_program(&mut generator);
        let tasks = |threads| {
            let tasks = Mutex::new(BTreeSet::new());
            let work = |task: &Task, _| -> TaskResult {
                let text = serde_json::to_string(task).expect("plain data");
                tasks.lock().expect("nobody panics").insert(text);
                let mut part = Dpor::for_task(task);
                let found = explore(Running::new(&program), &mut part);
                part.into_result(found.searched)
            };
            search_in_parallel(Split { depth: 4, threads }, LIMITS, &work);
            tasks.into_inner().expect("nobody panics")
        };
        assert_eq!(tasks(1), tasks(3), "{program}");
    }
}

/// Searches a program in parallel, within limits. Each task is stopped after `asked` of its executions.
fn cut(threads: usize, limits: Limits, asked: u64) -> Searched {
    let text = "excl A; unlink A";
    let program = Program::of("", &[text, text, text]);
    search_in_parallel(Split { depth: 2, threads }, limits, &|task, limits| {
        let mut part = Dpor::for_task(task);
        let mut executions = 0;
        let searched = search(&mut Running::new(&program), &mut part, limits, &mut |_, _, _| {
            executions += 1;
            if executions == asked {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        part.into_result(searched)
    })
}

#[test]
fn rounds_that_are_cut_claim_nothing() {
    let whole = cut(1, LIMITS, 0);
    assert_eq!((whole.covered, whole.stop), (Covered::Everything, Stop::Exhausted));
    let few = |executions| Limits { executions, ..LIMITS };
    let short = |steps| Limits { steps, ..LIMITS };
    let none = Limits {
        time: Duration::ZERO,
        ..LIMITS
    };
    for (limits, asked, stop) in [
        (few(1), 0, Stop::Executions),
        (few(5), 0, Stop::Executions),
        (short(5), 0, Stop::Steps),
        (none, 0, Stop::Time),
        (LIMITS, 1, Stop::Requested),
    ] {
        let searched = cut(2, limits, asked);
        assert_eq!((searched.covered, searched.stop), (Covered::Some, stop));
        assert!(searched.executions < whole.executions, "{searched:?}");
        assert_eq!(searched, cut(1, limits, asked), "by one thread or two");
    }
}

#[test]
fn a_task_whose_executions_differ_from_its_description_is_not_covered() {
    let [described, run] =
        ["create A; unlink A", "create B; unlink B"].map(|text| Program::of("", &[text, text, text]));
    let mut rounds = ParallelSearch::new(2);
    let mut diverged = 0;
    for round in 0.. {
        let tasks = rounds.tasks();
        if tasks.is_empty() {
            break;
        }
        let results = tasks.iter().map(|task| {
            let mut part = Dpor::for_task(task);
            let program = if round == 0 { &described } else { &run };
            let searched = search(&mut Running::new(program), &mut part, LIMITS, &mut |_, _, _| {
                ControlFlow::Continue(())
            });
            assert_eq!(searched.stop, Stop::Exhausted);
            diverged += searched.diverged;
            part.into_result(searched)
        });
        let results = results.collect();
        rounds.merge(results);
    }
    assert!(diverged > 0);
    assert_eq!(rounds.covered(), Covered::Some);
    // The classes of the described program need more than one round.
    assert!(rounds.rounds() > 2);
    let class = |program: &Program| explore(Running::new(program), &mut Dpor::new()).classes;
    let classes: BTreeSet<Class> = class(&described);
    assert_ne!(classes, class(&run));
}
