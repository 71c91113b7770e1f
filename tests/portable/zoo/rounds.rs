//! The protocols in rounds: as many executions and classes as counted, however many workers there are.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Mutex;

use onewinner_core::backend::sim;
use onewinner_core::explore::{Covered, Dpor, Split, search_in_parallel};
use onewinner_core::happens_before::Class;
use onewinner_core::scenario::Scenario;

use super::locks::*;
use super::{LIMITS, Lock};

fn check(lock: Lock, classes: usize) {
    for (depth, threads) in [(3, 1), (6, 1), (3, 2), (6, 2), (3, 3), (6, 3)] {
        let all = Mutex::new(BTreeSet::new());
        let tasks = Mutex::new(0);
        let scenario = Scenario::cycle(3, 1);
        let searched = search_in_parallel(Split { depth, threads }, LIMITS, &|task, limits| {
            *tasks.lock().expect("nobody panics") += 1;
            let mut part = Dpor::for_task(task);
            let searched = sim::explore(lock, &scenario, &mut part, limits, &mut |execution| {
                let class = Class::of(3, &execution.history.steps());
                all.lock().expect("nobody panics").insert(class);
                ControlFlow::Continue(())
            });
            assert_eq!(searched.blocked, 0, "{}", lock.name());
            part.into_result(searched)
        });
        let found = all.into_inner().expect("nobody panics");
        let tasks = tasks.into_inner().expect("nobody panics");
        eprintln!("{}, depth {depth}, {threads} threads: {tasks} tasks", lock.name());
        assert_eq!(
            (searched.covered, found.len(), searched.executions),
            (Covered::Everything, classes, classes as u64),
            "{}, depth {depth}, {threads} threads",
            lock.name()
        );
        assert!(tasks > 1, "{}: nothing was shared out", lock.name());
    }
}

#[test]
fn kernel_locks_and_names_in_rounds() {
    check(&MKDIR, 21);
    check(&ABSENT_AS_STALE, 159);
    check(&FLOCK_KEPT, 63);
    check(&FLOCK_KEPT_WAITING, 18);
    check(&FLOCK_UNLINK, 261);
    check(&FLOCK_UNLINK_WAITING, 156);
    check(&NLINK_CHECK, 387);
    check(&HALF_FIX, 1_017);
    check(&TOMBSTONE, 387);
}
