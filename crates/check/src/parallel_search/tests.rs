//! A parallel search reports the same as a single search, for every number of threads.

use std::cell::Cell;
use std::sync::Arc;

use super::*;
use crate::event::ignore_events;
use crate::fault_sweep::{Fault, Sweep};
use crate::plan_results::PlanResults;
use crate::plan_searches::PlanSearch;
use crate::progress::ProgressMonitor;
use crate::session::BackendSession;
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

fn progress() -> ProgressMonitor {
    ProgressMonitor::new(&Arc::default(), &ignore_events())
}

/// All that decides a verdict: outcomes, limit, counterexample and counts.
type Reported = (
    Vec<OutcomeRow>,
    Option<CutReason>,
    Option<onewinner_core::schedule::Schedule>,
    SearchCount,
);

fn reported(found: SearchResults) -> Reported {
    let (rows, count) = (found.results.outcome_rows(), SearchCount::of(&found));
    let best = found.results.best.map(|found| found.execution.schedule);
    (rows, found.cut, best, count)
}

fn in_rounds(plan: &Plan, fault: Fault, limits: Limits, threads: usize) -> (Searched, Reported) {
    let mut sweep = Sweep::of(fault, &plan.scenario);
    let scenario = &sweep.next_scenario().expect("a sweep has a search");
    let progress = &progress();
    let search = Search {
        plan,
        scenario,
        progress,
    };
    let ran = run(search, limits, &|| threads, &mut |history| sweep.observe(history));
    let (searched, found) = ran.expect("the lock is one over `Fs`");
    (searched, reported(found))
}

fn alone(plan: &Plan, fault: Fault) -> Reported {
    let mut sweep = Sweep::of(fault, &plan.scenario);
    let scenario = &sweep.next_scenario().expect("a sweep has a search");
    let (progress, mut found) = (&progress(), SearchResults::default());
    let search = Search {
        plan,
        scenario,
        progress,
    };
    let primitive = plan.primitive().expect("the lock is one over `Fs`");
    sim::explore(
        primitive,
        scenario,
        &mut Dpor::new(),
        Limits::default(),
        &mut |execution| {
            let belongs = sweep.observe(&execution.history);
            found.add(search, execution, belongs, None)
        },
    );
    reported(found)
}

#[test]
fn rounds_give_the_results_of_one_search_on_any_number_of_threads() {
    for (lock, scenario, fault) in [
        ("create-new", Scenario::cycle(3, 1), Fault::None),
        ("create-new", Scenario::cycle(2, 2), Fault::Kill(ProcessId(0))),
        ("stat-then-write", Scenario::contend(3), Fault::None),
        ("stat-then-write", Scenario::cycle(3, 1), Fault::None),
        ("stat-then-write", Scenario::cycle(3, 1), Fault::Kill(ProcessId(1))),
    ] {
        let plan = plan(lock, scenario);
        let (rows, cut, best, count) = alone(&plan, fault);
        let one = in_rounds(&plan, fault, Limits::default(), 1);
        let (in_turn, limit, shown, counted) = one.1.clone();
        assert_eq!((in_turn, limit, counted.belong), (rows, cut, count.belong), "{lock}");
        assert_eq!(
            (shown.is_some(), counted.executions),
            (best.is_some(), count.executions)
        );
        for threads in [2, 3] {
            assert_eq!(in_rounds(&plan, fault, Limits::default(), threads), one, "{lock}");
        }
    }
}

#[test]
fn the_results_of_rounds_that_are_cut_do_not_depend_on_the_number_of_threads() {
    for lock in ["create-new", "stat-then-write"] {
        let plan = plan(lock, Scenario::cycle(3, 2));
        for executions in [1, 40, 150] {
            let limits = most(executions);
            let (searched, one) = in_rounds(&plan, Fault::None, limits, 1);
            let reported = one.1 == Some(CutReason::Executions(executions));
            assert!(reported || searched.stop == Stop::Executions, "{searched:?}");
            assert!((executions..=2 * executions).contains(&one.3.executions), "{:?}", one.3);
            for threads in [2, 3] {
                let (_, other) = in_rounds(&plan, Fault::None, limits, threads);
                assert_eq!(other, one, "{lock}, {executions} executions");
            }
        }
    }
}

/// The results of a search, and how often it asked for threads.
fn searched(lock: &str, scenario: Scenario, executions: u64) -> (PlanResults, u32) {
    let (plan, asked) = (plan(lock, scenario), Cell::new(0));
    let threads = || {
        asked.set(asked.get() + 1);
        2
    };
    let limits = most(executions);
    let search = PlanSearch {
        plan: &plan,
        strategy: &Strategy::Dpor,
        limits,
        deadline: Instant::now() + limits.time,
        progress: &progress(),
        threads: &threads,
    };
    let results = search.sweep(Fault::None, &mut BackendSession::of(&plan));
    (results.expect("the lock is one over `Fs`"), asked.get())
}

#[test]
fn a_long_search_that_found_nothing_continues_in_rounds() {
    let whole = Limits::default().executions;
    let (results, rounds) = searched("create-new", Scenario::cycle(3, 2), whole);
    assert!(matches!(results.extent, Extent::Complete { .. }));
    assert_eq!(results.results.executions, 1_263);
    assert!(rounds > 2, "{rounds}");
    for (lock, scenario, executions) in [
        ("create-new", Scenario::cycle(3, 1), whole),
        ("create-new", Scenario::cycle(3, 2), SEQUENTIAL_EXECUTIONS),
        ("stat-then-write", Scenario::cycle(3, 2), SEQUENTIAL_EXECUTIONS + 100),
    ] {
        let (_, rounds) = searched(lock, scenario, executions);
        assert_eq!(rounds, 0, "{lock}");
    }
}

#[test]
fn executions_count_from_the_first_violation_on_in_the_order_of_tasks() {
    let count = |belong, since_first| SearchCount {
        executions: belong,
        belong,
        since_first,
    };
    let (none, found) = (count(5, None), count(7, Some(3)));
    assert_eq!(none.then(found), count(12, Some(3)));
    assert_eq!(found.then(none), count(12, Some(8)));
    assert_eq!(found.then(found), count(14, Some(10)));
    let plan = plan("create-new", Scenario::cycle(3, 1));
    assert_eq!(count(200_000, None).limit(&plan, Limits::default()), None);
    let ends = count(200_000, Some(100_001)).limit(&plan, Limits::default());
    assert_eq!(ends, Some(CutReason::ExecutionsAfterViolation(100_000)));
    assert_eq!(count(7, Some(3)).limit(&plan, most(6)), Some(CutReason::Executions(6)));
    assert_eq!(count(7, Some(3)).limit(&plan, most(7)), None);
}
