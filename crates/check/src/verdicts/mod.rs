//! The table of verdicts: every lock against every property, each decided by the least configuration that can.
//!
//! A ladder of configurations, small ones first, is searched to its end on the simulated file system, and every property is
//! judged in every execution. Deliberately believes nothing that a lock declares but its crash class, which is judged.

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

pub use ladder::{ASPECTS, Aspect, Rung, ladder};
use ladder::{EXCLUSION, Under};

/// What was found of one lock in one respect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "found", rename_all = "kebab-case")]
pub enum Cell {
    /// Some schedule of this configuration, and none of a smaller one, violates it.
    Violated {
        /// The property that names the fault.
        property: &'static str,
        /// The configuration.
        least: &'static str,
    },
    /// No schedule of these configurations violates it, and each was searched to its end.
    Holds {
        /// The configurations.
        configurations: Vec<&'static str>,
    },
    /// No configuration can show it.
    NotApplicable,
    /// A search was cut before it could be decided.
    Undecided {
        /// The configuration.
        cut: &'static str,
    },
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The lock.
    pub lock: &'static str,
    /// The backend that decided.
    pub backend: BackendKind,
    /// What is declared of a crash.
    pub crash_class: CrashClass,
    /// One cell for each of [`ASPECTS`], by its id.
    pub cells: Vec<(&'static str, Cell)>,
    /// How many executions each configuration took.
    pub executions: Vec<(&'static str, u64)>,
}

impl Row {
    /// Whether a search was cut before all could be decided.
    pub fn is_open(&self) -> bool {
        self.cells
            .iter()
            .any(|(_, cell)| matches!(cell, Cell::Undecided { .. }))
    }
}

/// The rows of these locks, in their order, computed by as many threads as the machine has processors; `told` hears of each
/// when it is there. Those that were not begun when `interrupted` are left out.
pub fn rows(
    locks: &[&'static dyn LockPrimitive],
    limits: Limits,
    interrupted: &AtomicBool,
    told: &(dyn Fn(&Row) + Sync),
) -> Vec<Row> {
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some((position, lock)) = taken(&next, locks) {
            if interrupted.load(Ordering::Relaxed) {
                return;
            }
            let row = row(lock, limits, interrupted);
            if interrupted.load(Ordering::Relaxed) {
                return;
            }
            told(&row);
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

fn taken(next: &AtomicUsize, locks: &[&'static dyn LockPrimitive]) -> Option<(usize, &'static dyn LockPrimitive)> {
    let position = next.fetch_add(1, Ordering::Relaxed);
    locks.get(position).map(|lock| (position, *lock))
}

/// Enough for the largest search of the catalogue, which has some hundred thousand executions.
pub fn limits() -> Limits {
    Limits {
        executions: 2_000_000,
        steps: 1_000,
        time: Duration::from_secs(600),
    }
}

/// The row of one lock; when `interrupted`, searches are cut.
///
/// Where a killed one of two already breaks a lock, one of three is not killed: no search is larger.
pub fn row(lock: &'static dyn LockPrimitive, limits: Limits, interrupted: &AtomicBool) -> Row {
    let mut seen: Vec<Seen> = Vec::new();
    let mut climbed: Vec<Rung> = Vec::new();
    for rung in ladder() {
        let broken = climbed.iter().zip(&seen).any(|(before, seen)| {
            before.under == Under::Kills && EXCLUSION.iter().any(|name| seen.found.get(name) == Some(&false))
        });
        if !(broken && rung.under == Under::Kills && rung.is_wide()) {
            seen.push(Seen::of(lock, &rung, limits, interrupted));
            climbed.push(rung);
        }
    }
    let ladder = climbed;
    let cell = |aspect: &Aspect| {
        let asked = || ladder.iter().zip(&seen).filter(|(rung, _)| aspect.is_asked_on(rung));
        let mut configurations = Vec::new();
        for (rung, seen) in asked() {
            let findings = || {
                aspect
                    .properties
                    .iter()
                    .filter_map(|name| Some((*name, seen.found.get(name)?)))
            };
            if let Some((property, _)) = findings().find(|(_, holds)| !**holds) {
                let least = rung.label;
                return Cell::Violated { property, least };
            }
            if !seen.complete {
                return Cell::Undecided { cut: rung.label };
            }
            if findings().next().is_some() {
                configurations.push(rung.label);
            }
        }
        match configurations.is_empty() {
            true => Cell::NotApplicable,
            false => Cell::Holds { configurations },
        }
    };
    Row {
        lock: lock.name(),
        backend: BackendKind::Sim,
        crash_class: lock.crash_class(),
        cells: ASPECTS.iter().map(|aspect| (aspect.id, cell(aspect))).collect(),
        executions: ladder
            .iter()
            .zip(&seen)
            .map(|(rung, seen)| (rung.label, seen.executions))
            .collect(),
    }
}

/// What all searches of a rung showed.
#[derive(Default)]
struct Seen {
    executions: u64,
    complete: bool,
    /// Of each property that some execution could show: whether none violates it.
    found: BTreeMap<&'static str, bool>,
}

impl Seen {
    fn of(lock: &'static dyn LockPrimitive, rung: &Rung, limits: Limits, interrupted: &AtomicBool) -> Self {
        let mut seen = Self {
            complete: true,
            ..Self::default()
        };
        let mut refused = false;
        for fault in Fault::all_of(rung.fault_sweep, &rung.scenario) {
            let mut sweep = Sweep::of(fault, &rung.scenario);
            while let Some(scenario) = sweep.next_scenario() {
                let searched = sim::explore(lock, &scenario, &mut Dpor::new(), limits, &mut |execution| {
                    if sweep.observe(&execution.history) {
                        refused |= refuses(&execution);
                        seen.judge(&execution);
                    }
                    match interrupted.load(Ordering::Relaxed) {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                });
                seen.executions += searched.executions;
                seen.complete &= searched.stop == Stop::Exhausted && searched.blocked == 0 && searched.lost == 0;
            }
        }
        // Nothing is asked of a lock after which somebody has to clean up, but that somebody really has to.
        if rung.under == Under::Kills && lock.crash_class() == CrashClass::Manual {
            seen.found.insert("crash-liveness", refused);
        }
        seen
    }

    fn judge(&mut self, execution: &Execution) {
        let case = Case::new(&execution.history);
        for property in property::ALL {
            let holds = match property.judge(&case) {
                Finding::NotApplicable => continue,
                Finding::Holds => true,
                Finding::Violated(_) => false,
            };
            *self.found.entry(property.name()).or_insert(true) &= holds;
        }
    }
}

/// Whether the attempt after a crash was told busy.
fn refuses(execution: &Execution) -> bool {
    let history = &execution.history;
    let mut attempts = history.attempts().into_iter();
    attempts.any(|attempt| Some(attempt.process) == history.probe && attempt.result == AttemptResult::Busy)
}

#[cfg(test)]
mod tests;
