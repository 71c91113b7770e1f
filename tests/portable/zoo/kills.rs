//! The protocols with one process killed, or one that was killed before they begin.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Dpor, Exhaustive, Scheduler, Stop};
use onewinner_core::happens_before::Class;
use onewinner_core::history::{Attempt, End, History};
use onewinner_core::id::ProcessId;
use onewinner_core::property;
use onewinner_core::scenario::{Kill, Scenario, Start};

use super::locks::*;
use super::{LIMITS, Lock, check};

/// What executions in which somebody was killed come to, over all victims and moments.
#[derive(Debug, Default)]
pub(crate) struct Killed {
    pub(crate) classes: usize,
    pub(crate) violated: BTreeSet<&'static str>,
    probe_won: bool,
    probe_lost: bool,
}

pub(crate) fn kill_everywhere(lock: Lock, processes: usize) -> Killed {
    let mut killed = Killed::default();
    for victim in ProcessId::first(processes) {
        for step in 0.. {
            let kills = vec![Kill { victim, step }];
            let scenario = Scenario {
                kills,
                ..Scenario::cycle(processes, 1)
            };
            let before = killed.classes;
            let mut watch = |history: &History| killed.take(history);
            let searched = sim::explore(lock, &scenario, &mut Dpor::new(), LIMITS, &mut |execution| {
                assert_eq!(execution.end, End::Completed);
                watch(&execution.history);
                ControlFlow::Continue(())
            });
            assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
            if killed.classes == before {
                break;
            }
        }
    }
    killed
}

impl Killed {
    fn take(&mut self, history: &History) {
        if !history.died() {
            return;
        }
        self.classes += 1;
        self.violated
            .extend(property::first_violation(history).map(|(property, _)| property.name()));
        let attempts = history.attempts();
        let probe = attempts.iter().find(|attempt| Some(attempt.process) == history.probe);
        match probe.map(Attempt::acquired) {
            Some(true) => self.probe_won = true,
            Some(false) => self.probe_lost = true,
            None => panic!("all others are done, and nobody probes"),
        }
    }
}

#[test]
fn kernel_locks_are_free_and_sound_after_a_kill() {
    for lock in [&FLOCK_KEPT as Lock, &NLINK_CHECK] {
        let killed = kill_everywhere(lock, 3);
        assert!(
            killed.violated.is_empty() && killed.probe_won && !killed.probe_lost,
            "{}: {killed:?}",
            lock.name()
        );
    }
}

#[test]
fn names_stay_behind_a_kill_whatever_is_declared() {
    let killed = kill_everywhere(&MKDIR, 2);
    assert!(
        killed.violated.is_empty() && killed.probe_won && killed.probe_lost,
        "{killed:?}"
    );
    let killed = kill_everywhere(&MKDIR_CALLED_AUTO, 2);
    assert_eq!(killed.violated, BTreeSet::from(["crash-liveness"]));
}

#[test]
fn a_tombstone_that_is_not_written_lets_two_in() {
    check(&TOMBSTONE, 10, 387, 0);
    assert!(kill_everywhere(&TOMBSTONE, 3).violated.contains("mutual-exclusion"));
}

#[test]
fn kills_lose_no_class() {
    for lock in [&FLOCK_KEPT as Lock, &HALF_FIX, &MKDIR] {
        for step in 0..6 {
            let victim = ProcessId(0);
            let scenario = Scenario {
                kills: vec![Kill { victim, step }],
                ..Scenario::cycle(2, 1)
            };
            let classes = |scheduler: &mut dyn Scheduler| {
                let mut classes = BTreeSet::new();
                let searched = sim::explore(lock, &scenario, scheduler, LIMITS, &mut |execution| {
                    classes.insert(Class::of(scenario.participants(), &execution.history.steps()));
                    ControlFlow::Continue(())
                });
                assert_eq!((searched.stop, searched.blocked), (Stop::Exhausted, 0));
                (classes, searched.executions)
            };
            let (reduced, executions) = classes(&mut Dpor::new());
            let (all, _) = classes(&mut Exhaustive::new());
            assert!(reduced == all, "{} in {scenario}", lock.name());
            assert_eq!(executions, all.len() as u64, "{} in {scenario}", lock.name());
        }
    }
}

#[test]
fn a_stale_name_keeps_all_out_and_a_stale_file_nobody() {
    for (lock, taken) in [(&MKDIR as Lock, false), (&FLOCK_KEPT, true)] {
        let scenario = Scenario {
            start: Start::Stale { age_s: 60 },
            ..Scenario::cycle(2, 1)
        };
        let searched = sim::explore(lock, &scenario, &mut Dpor::new(), LIMITS, &mut |execution| {
            assert_eq!(execution.history.took_stale(), taken, "{}", lock.name());
            assert!(
                property::first_violation(&execution.history).is_none(),
                "{}",
                lock.name()
            );
            ControlFlow::Continue(())
        });
        assert_eq!(searched.stop, Stop::Exhausted);
    }
}
