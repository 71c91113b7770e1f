//! The table of verdicts: every lock against every property, with the smallest configuration that breaks it.
//!
//! Searches a ladder of configurations completely on the simulated file system, and judges every property in every
//! execution. Trusts nothing that a lock declares; its crash class is checked.

mod ladder;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::fault_sweep::{Fault, Sweep};
use onewinner_core::backend::{BackendKind, sim};
use onewinner_core::explore::{Dpor, Limits, Stop};
use onewinner_core::history::{AttemptResult, Execution};
use onewinner_core::primitive::{CrashClass, LockPrimitive};
use onewinner_core::property::{self, Case, Finding};

pub use ladder::{COLUMNS, Column, Rung, ladder};
use ladder::{Disturbance, EXCLUSION};

/// The verdict on one lock in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "found", rename_all = "kebab-case")]
pub enum Cell {
    /// Violated in this configuration, and in none of the smaller ones.
    Violated {
        /// The violated property.
        property: &'static str,
        /// The configuration.
        least: &'static str,
    },
    /// Holds in every schedule of these configurations; each was searched completely.
    Holds {
        /// The configurations.
        configurations: Vec<&'static str>,
    },
    /// No configuration applies.
    NotApplicable,
    /// The search of this configuration was cut.
    Undecided {
        /// The configuration.
        cut: &'static str,
    },
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictRow {
    /// The lock.
    pub lock: &'static str,
    /// The backend that decided.
    pub backend: BackendKind,
    /// The declared crash class.
    pub crash_class: CrashClass,
    /// A cell for each of [`COLUMNS`], with its id.
    pub cells: Vec<(&'static str, Cell)>,
    /// The executions of each configuration.
    pub executions: Vec<(&'static str, u64)>,
}

impl VerdictRow {
    /// Whether a cell is undecided.
    pub fn is_undecided(&self) -> bool {
        self.cells
            .iter()
            .any(|(_, cell)| matches!(cell, Cell::Undecided { .. }))
    }
}

/// Computes the rows of these locks, in their order, with one thread for each processor. Calls `on_row` with each row when it
/// is ready. When `interrupted`, leaves out the locks that are not done.
pub fn rows(
    locks: &[&'static dyn LockPrimitive],
    limits: Limits,
    interrupted: &AtomicBool,
    on_row: &(dyn Fn(&VerdictRow) + Sync),
) -> Vec<VerdictRow> {
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some((position, lock)) = next_lock(&next, locks) {
            if interrupted.load(Ordering::Relaxed) {
                return;
            }
            let row = row(lock, limits, interrupted);
            if interrupted.load(Ordering::Relaxed) {
                return;
            }
            on_row(&row);
            let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
            rows.insert(position, row);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    rows.into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_values()
        .collect()
}

fn next_lock(next: &AtomicUsize, locks: &[&'static dyn LockPrimitive]) -> Option<(usize, &'static dyn LockPrimitive)> {
    let position = next.fetch_add(1, Ordering::Relaxed);
    locks.get(position).map(|lock| (position, *lock))
}

/// Limits that suffice for the largest search, of some hundred thousand executions.
pub fn limits() -> Limits {
    Limits {
        executions: 2_000_000,
        steps: 1_000,
        time: Duration::from_secs(600),
    }
}

/// The row of one lock. When `interrupted`, searches are cut.
///
/// If a kill with two processes breaks the lock, the ladder skips kills with three: those searches are the largest.
pub fn row(lock: &'static dyn LockPrimitive, limits: Limits, interrupted: &AtomicBool) -> VerdictRow {
    let mut results: Vec<RungResult> = Vec::new();
    let mut rungs: Vec<Rung> = Vec::new();
    for rung in ladder() {
        let broken = rungs.iter().zip(&results).any(|(before, results)| {
            before.under == Disturbance::Kills && EXCLUSION.iter().any(|name| results.holds.get(name) == Some(&false))
        });
        if !(broken && rung.under == Disturbance::Kills && rung.is_wide()) {
            results.push(RungResult::of(lock, &rung, limits, interrupted));
            rungs.push(rung);
        }
    }
    let ladder = rungs;
    let cell = |column: &Column| {
        let judged = || {
            ladder
                .iter()
                .zip(&results)
                .filter(|(rung, _)| column.is_judged_on(rung))
        };
        let mut configurations = Vec::new();
        for (rung, results) in judged() {
            let findings = || {
                column
                    .properties
                    .iter()
                    .filter_map(|name| Some((*name, results.holds.get(name)?)))
            };
            if let Some((property, _)) = findings().find(|(_, holds)| !**holds) {
                let least = rung.label;
                return Cell::Violated { property, least };
            }
            if !results.complete {
                return Cell::Undecided { cut: rung.label };
            }
            if findings().next().is_some() {
                configurations.push(rung.label);
            }
        }
        if configurations.is_empty() {
            Cell::NotApplicable
        } else {
            Cell::Holds { configurations }
        }
    };
    VerdictRow {
        lock: lock.name(),
        backend: BackendKind::Sim,
        crash_class: lock.crash_class(),
        cells: COLUMNS.iter().map(|column| (column.id, cell(column))).collect(),
        executions: ladder
            .iter()
            .zip(&results)
            .map(|(rung, results)| (rung.label, results.executions))
            .collect(),
    }
}

/// The results of all searches of a rung.
#[derive(Default)]
struct RungResult {
    executions: u64,
    complete: bool,
    /// For each property that applies: whether it holds in all executions.
    holds: BTreeMap<&'static str, bool>,
}

impl RungResult {
    fn of(lock: &'static dyn LockPrimitive, rung: &Rung, limits: Limits, interrupted: &AtomicBool) -> Self {
        let mut results = Self {
            complete: true,
            ..Self::default()
        };
        let mut busy = false;
        for fault in Fault::all_of(rung.fault_sweep, &rung.scenario) {
            let mut sweep = Sweep::of(fault, &rung.scenario);
            while let Some(scenario) = sweep.next_scenario() {
                let searched = sim::explore(lock, &scenario, &mut Dpor::new(), limits, &mut |execution| {
                    if sweep.observe(&execution.history) {
                        busy |= is_busy_after_crash(&execution);
                        results.judge(&execution);
                    }
                    if interrupted.load(Ordering::Relaxed) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
                results.executions += searched.executions;
                results.complete &= searched.stop == Stop::Exhausted && searched.blocked == 0 && searched.lost == 0;
            }
        }
        // The property does not judge locks that need manual cleanup, so check that they really need it.
        if rung.under == Disturbance::Kills && lock.crash_class() == CrashClass::Manual {
            results.holds.insert("crash-liveness", busy);
        }
        results
    }

    fn judge(&mut self, execution: &Execution) {
        let case = Case::new(&execution.history);
        for property in property::ALL {
            let holds = match property.judge(&case) {
                Finding::NotApplicable => continue,
                Finding::Holds => true,
                Finding::Violated(_) => false,
            };
            *self.holds.entry(property.name()).or_insert(true) &= holds;
        }
    }
}

/// Whether the attempt after a crash was busy.
fn is_busy_after_crash(execution: &Execution) -> bool {
    let history = &execution.history;
    let mut attempts = history.attempts().into_iter();
    attempts.any(|attempt| Some(attempt.process) == history.probe && attempt.result == AttemptResult::Busy)
}

#[cfg(test)]
mod tests;
