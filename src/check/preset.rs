//! Which configurations are run when nobody asks for a particular one.
//!
//! Small is weak: some protocols hold with 2 processes and one round each, and break with 3, or with 2 rounds. So the
//! preset is several configurations.

use std::ops::ControlFlow;

use crate::backend::sim;
use crate::explore::{Exhaustive, Limits};
use crate::fs::Errno;
use crate::fs::inject::Injection;
use crate::primitive::LockPrimitive;
use crate::scenario::Scenario;

/// The configurations that `explore` runs on the simulated file system: contention, cycles, and an error in each call.
pub fn simulated(primitive: &'static dyn LockPrimitive) -> Vec<Scenario> {
    let mut scenarios = vec![Scenario::contend(3), Scenario::cycle(3, 1), Scenario::cycle(2, 2)];
    scenarios.extend(faults(primitive, Errno::EIO));
    scenarios
}

/// An error in each call that an undisturbed attempt makes.
pub fn faults(primitive: &'static dyn LockPrimitive, errno: Errno) -> Vec<Scenario> {
    let mut calls = 0;
    let limits = Limits {
        executions: 1,
        ..Limits::default()
    };
    sim::explore(
        primitive,
        &Scenario::contend(1),
        &mut Exhaustive::new(),
        limits,
        &mut |execution| {
            calls = execution.history.calls().count();
            ControlFlow::Break(())
        },
    );
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    (0..calls)
        .map(|call| Scenario::fault(Injection { call, errno }))
        .collect()
}
