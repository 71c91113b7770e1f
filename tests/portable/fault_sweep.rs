//! Searches that add a kill or an error at each place: no place is left out, and each execution belongs to one search.

use std::ops::ControlFlow;
use std::sync::Arc;

use onewinner_check::{Backend, Plan, check, ignore_events};
use onewinner_core::backend::sim;
use onewinner_core::explore::{Dpor, Limits, Stop, Strategy};
use onewinner_core::fs::call::Call;
use onewinner_core::fs::inject::Injection;
use onewinner_core::history::{History, What};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{CreateNew, Flock, LockPrimitive, StatThenWrite};
use onewinner_core::property::Judging;
use onewinner_core::scenario::{ERRORS, FaultSweep, Kill, Scenario, Subject};
use onewinner_core::verdict::{Extent, Judged, Verdict};

/// No process of these takes as many steps.
const BEYOND: u32 = 9;

fn judged(lock: &'static dyn LockPrimitive, scenario: Scenario, fault_sweep: FaultSweep) -> Judged {
    let plan = Plan {
        subject: Subject::Primitive(lock),
        scenario,
        fault_sweep,
        backend: Backend::Sim {
            strategy: Strategy::Dpor,
            limits: Limits::default(),
        },
        seed: 1,
        judged: Judging::All,
    };
    check(&plan, &Arc::default(), &ignore_events()).expect("the world can be made")
}

/// The executions of a complete search that `belong`.
fn count(lock: &'static dyn LockPrimitive, scenario: &Scenario, belongs: impl Fn(&History) -> bool) -> u64 {
    let mut executions = 0;
    let searched = sim::explore(lock, scenario, &mut Dpor::new(), Limits::default(), &mut |execution| {
        executions += u64::from(belongs(&execution.history));
        ControlFlow::Continue(())
    });
    assert_eq!(searched.stop, Stop::Exhausted);
    executions
}

fn deaths(history: &History) -> usize {
    history.calls().filter(|(_, _, call, ..)| **call == Call::Die).count()
}

fn killed(lock: &'static dyn LockPrimitive, base: &Scenario, kills: Vec<Kill>) -> u64 {
    let number = kills.len();
    let scenario = Scenario { kills, ..base.clone() };
    count(lock, &scenario, |history| deaths(history) == number)
}

#[test]
fn one_or_two_killed_at_each_of_their_steps_are_as_many_executions_as_counted_apart() {
    for lock in [&CreateNew as &'static dyn LockPrimitive, &Flock] {
        for base in [Scenario::cycle(3, 1), Scenario::cycle(2, 1)] {
            let (mut one, mut two) = (0, 0);
            for victim in ProcessId::first(base.processes) {
                for step in 0..BEYOND {
                    one += killed(lock, &base, vec![Kill { victim, step }]);
                    for other in ProcessId::first(victim.index()) {
                        for also in 0..BEYOND {
                            let kills = [(victim, step), (other, also)];
                            let kills = kills.map(|(victim, step)| Kill { victim, step });
                            two += killed(lock, &base, kills.to_vec());
                        }
                    }
                }
            }
            assert!(one > 0 && two > 0, "{}: {one}, {two}", lock.name());
            for (fault_sweep, executions) in [(FaultSweep::Kill, one), (FaultSweep::TwoKills, one + two)] {
                let judged = judged(lock, base.clone(), fault_sweep);
                assert_eq!(judged.verdict, Verdict::Holds, "{} {base}{fault_sweep}", lock.name());
                assert!(matches!(judged.coverage.extent, Extent::Complete { .. }));
                assert_eq!(
                    judged.coverage.executions,
                    executions,
                    "{} {base}{fault_sweep}",
                    lock.name()
                );
            }
        }
    }
}

#[test]
fn an_error_in_each_call_of_a_cycle_meets_another_cycle() {
    let base = Scenario::cycle(2, 1);
    for lock in [&CreateNew as &'static dyn LockPrimitive, &Flock] {
        let mut executions = 0;
        for errno in ERRORS {
            for call in 0..BEYOND {
                let error = Some(Injection { call, errno: *errno });
                let scenario = Scenario { error, ..base.clone() };
                executions += count(lock, &scenario, |history| {
                    assert_eq!(history.disturbed, Some(ProcessId(0)));
                    history
                        .events
                        .iter()
                        .any(|event| matches!(event.what, What::Injected { .. }))
                });
            }
        }
        let judged = judged(lock, base.clone(), FaultSweep::Error);
        assert_eq!(judged.verdict, Verdict::Holds, "{}", lock.name());
        assert_eq!(judged.coverage.executions, executions, "{}", lock.name());
    }
}

#[test]
fn an_error_while_others_run_does_not_hide_that_two_get_in() {
    let judged = judged(&StatThenWrite, Scenario::cycle(2, 1), FaultSweep::Error);
    let Verdict::Violated(shown) = judged.verdict else {
        panic!("{:?}", judged.verdict);
    };
    assert_eq!(shown.property, "mutual-exclusion");
    assert!(shown.scenario.error.is_some());
    assert_eq!(shown.reproduced.map(|reproduced| reproduced.same), Some(10));
}
