//! What is told of a search in rounds is what one search tells, and the same for every number of threads.

use std::cell::Cell;
use std::sync::Arc;

use super::*;
use crate::fault_sweep::{Part, Series};
use crate::progress::Watch;
use crate::{ignore_events, plan_searches::Gathered};
use onewinner_core::explore::Stop;
use onewinner_core::id::ProcessId;
use onewinner_core::primitive;
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Scenario, Subject};
use onewinner_core::verdict::{Extent, OutcomeRow};

fn plan(lock: &str, scenario: Scenario) -> Plan {
    let strategy = Strategy::Dpor;
    Plan {
        subject: Subject::Primitive(primitive::by_name(lock).expect("a lock of the catalogue")),
        scenario,
        fault_sweep: FaultSweep::Nothing,
        backend: Backend::Sim {
            strategy,
            limits: Limits::default(),
        },
        seed: 0,
        judged: Judging::All,
    }
}

fn most(executions: u64) -> Limits {
    Limits {
        executions,
        ..Limits::default()
    }
}

fn watch() -> Watch {
    Watch::new(&Arc::default(), &ignore_events())
}

/// All that a verdict is made of: outcomes, limit, the counterexample, and what was counted.
type Told = (
    Vec<OutcomeRow>,
    Option<CutReason>,
    Option<onewinner_core::schedule::Schedule>,
    Count,
);

fn told(seen: Seen) -> Told {
    let (rows, count) = (seen.tally.rows(), Count::of(&seen));
    let best = seen.tally.best.map(|found| found.execution.schedule);
    (rows, seen.decided, best, count)
}

fn search_in_parallel(plan: &Plan, part: Part, limits: Limits, threads: usize) -> (Searched, Told) {
    let mut series = Series::of(part, &plan.scenario);
    let scenario = &series.next().expect("a series has a search");
    let watch = &watch();
    let search = Search { plan, scenario, watch };
    let ran = run(search, limits, &|| threads, &mut |history| series.saw(history));
    let (searched, seen) = ran.expect("the lock is one over `Fs`");
    (searched, told(seen))
}

fn alone(plan: &Plan, part: Part) -> Told {
    let mut series = Series::of(part, &plan.scenario);
    let scenario = &series.next().expect("a series has a search");
    let (watch, mut seen) = (&watch(), Seen::default());
    let search = Search { plan, scenario, watch };
    let primitive = plan.primitive().expect("the lock is one over `Fs`");
    sim::explore(
        primitive,
        scenario,
        &mut Dpor::new(),
        Limits::default(),
        &mut |execution| {
            let belongs = series.saw(&execution.history);
            seen.take(search, execution, belongs, None)
        },
    );
    told(seen)
}

#[test]
fn what_is_told_in_rounds_depends_on_no_number_of_threads_and_is_what_one_search_tells() {
    for (lock, scenario, part) in [
        ("create-new", Scenario::cycle(3, 1), Part::Plain),
        ("create-new", Scenario::cycle(2, 2), Part::Kills(ProcessId(0))),
        ("stat-then-write", Scenario::contend(3), Part::Plain),
        ("stat-then-write", Scenario::cycle(3, 1), Part::Plain),
        ("stat-then-write", Scenario::cycle(3, 1), Part::Kills(ProcessId(1))),
    ] {
        let plan = plan(lock, scenario);
        let (rows, decided, best, count) = alone(&plan, part);
        let one = search_in_parallel(&plan, part, Limits::default(), 1);
        let (in_turn, limit, shown, counted) = one.1.clone();
        assert_eq!(
            (in_turn, limit, counted.belong),
            (rows, decided, count.belong),
            "{lock}"
        );
        assert_eq!(
            (shown.is_some(), counted.executions),
            (best.is_some(), count.executions)
        );
        for threads in [2, 3] {
            assert_eq!(
                search_in_parallel(&plan, part, Limits::default(), threads),
                one,
                "{lock}"
            );
        }
    }
}

#[test]
fn what_counts_of_rounds_that_are_cut_depends_on_no_number_of_threads() {
    for lock in ["create-new", "stat-then-write"] {
        let plan = plan(lock, Scenario::cycle(3, 2));
        for executions in [1, 40, 150] {
            let limits = most(executions);
            let (searched, one) = search_in_parallel(&plan, Part::Plain, limits, 1);
            let told = one.1 == Some(CutReason::Executions(executions));
            assert!(told || searched.stop == Stop::Executions, "{searched:?}");
            assert!((executions..=2 * executions).contains(&one.3.executions), "{:?}", one.3);
            for threads in [2, 3] {
                let (_, other) = search_in_parallel(&plan, Part::Plain, limits, threads);
                assert_eq!(other, one, "{lock}, {executions} executions");
            }
        }
    }
}

/// The search of a plan, and how often somebody was asked for threads.
fn searched(lock: &str, scenario: Scenario, executions: u64) -> (Gathered, u32) {
    let (plan, asked) = (plan(lock, scenario), Cell::new(0));
    let threads = || {
        asked.set(asked.get() + 1);
        2
    };
    let limits = most(executions);
    let deadline = Instant::now() + limits.time;
    let gathered = Part::Plain.run(&plan, &Strategy::Dpor, limits, deadline, &watch(), &threads);
    (gathered.expect("the lock is one over `Fs`"), asked.get())
}

#[test]
fn a_search_goes_on_in_rounds_if_it_is_long_and_found_nothing() {
    let whole = Limits::default().executions;
    let (gathered, rounds) = searched("create-new", Scenario::cycle(3, 2), whole);
    assert!(matches!(gathered.extent, Extent::Complete { .. }));
    assert_eq!(gathered.tally.executions, 1_263);
    assert!(rounds > 2, "{rounds}");
    for (lock, scenario, executions) in [
        ("create-new", Scenario::cycle(3, 1), whole),
        ("create-new", Scenario::cycle(3, 2), ALONE),
        ("stat-then-write", Scenario::cycle(3, 2), ALONE + 100),
    ] {
        let (_, rounds) = searched(lock, scenario, executions);
        assert_eq!(rounds, 0, "{lock}");
    }
}

#[test]
fn executions_count_from_the_first_violation_on_in_the_order_of_tasks() {
    let count = |belong, since_first| Count {
        executions: belong,
        belong,
        since_first,
    };
    let (none, found) = (count(5, None), count(7, Some(3)));
    assert_eq!(none.then(found), count(12, Some(3)));
    assert_eq!(found.then(none), count(12, Some(8)));
    assert_eq!(found.then(found), count(14, Some(10)));
    let plan = plan("create-new", Scenario::cycle(3, 1));
    assert_eq!(count(200_000, None).ends(&plan, Limits::default()), None);
    let ends = count(200_000, Some(100_001)).ends(&plan, Limits::default());
    assert_eq!(ends, Some(CutReason::ExecutionsAfterViolation(100_000)));
    assert_eq!(count(7, Some(3)).ends(&plan, most(6)), Some(CutReason::Executions(6)));
    assert_eq!(count(7, Some(3)).ends(&plan, most(7)), None);
}
