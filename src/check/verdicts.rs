//! The table of verdicts: every lock against every property, each decided by the least configuration that can.
//!
//! A ladder of configurations, small ones first, is searched to its end on the simulated file system, and every property is
//! judged in every execution. Deliberately believes nothing that a lock declares but its crash class, which is judged.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::parts::{Part, Series};
use super::preset::STALE_AGE_S;
use crate::backend::sim;
use crate::explore::{Dpor, Limits, Stop};
use crate::history::{AttemptResult, Execution};
use crate::primitive::{CrashClass, LockPrimitive};
use crate::property::{self, Case, Finding};
use crate::scenario::{Scenario, Start, Vary, Work};

/// A configuration of the ladder.
#[derive(Clone, Debug)]
pub struct Rung {
    /// Its name in a table: `3×1k` is three processes with one round each, one of which is killed.
    pub label: &'static str,
    scenario: Scenario,
    vary: Vary,
    under: Under,
}

/// What the processes of a rung meet besides each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Under {
    Nothing,
    Errors,
    Stale,
    Kills,
    Expiry,
}

/// A column of the table: a property, of the rungs in which something particular is met.
#[derive(Clone, Copy, Debug)]
pub struct Aspect {
    /// The id in the catalogue of properties, as in `specs/README.md`.
    pub id: &'static str,
    /// What is asked, in a few words.
    pub title: &'static str,
    properties: &'static [&'static str],
    /// In which rungs; all, if nothing is said.
    under: Option<&'static [Under]>,
}

const EXCLUSION: &[&str] = &["at-most-one-winner", "mutual-exclusion"];

/// The columns, in their order.
pub const ASPECTS: &[Aspect] = &[
    Aspect::under(
        "M1",
        "one holder at a time",
        EXCLUSION,
        &[Under::Nothing, Under::Errors],
    ),
    Aspect::under(
        "M1 stale",
        "the same from the lock of a dead holder",
        EXCLUSION,
        &[Under::Stale],
    ),
    Aspect::under("M10", "the same when one is killed", EXCLUSION, &[Under::Kills]),
    Aspect::under("M22", "the same when a lease runs out", EXCLUSION, &[Under::Expiry]),
    Aspect::any("M3", "somebody wins", &["at-least-one-winner"]),
    Aspect::any("M4", "losers are told busy", &["losers-result"]),
    Aspect::any("M5", "busy is honest", &["honest-busy"]),
    Aspect::any("M6", "a release frees", &["release-frees"]),
    Aspect::any("M7", "nobody harms the holder", &["only-own"]),
    Aspect::any("M9", "a failure leaks nothing", &["no-leak"]),
    Aspect::any("M11", "after a crash, as declared", &["crash-liveness"]),
    Aspect::any("M12", "not granted twice to a process", &["reentrancy"]),
    Aspect::any("M13", "a child cannot free it", &["fork-independence"]),
    Aspect::any("M14", "another close does not free it", &["descriptor-independence"]),
];

impl Aspect {
    const fn any(id: &'static str, title: &'static str, properties: &'static [&'static str]) -> Self {
        Self {
            id,
            title,
            properties,
            under: None,
        }
    }

    const fn under(
        id: &'static str,
        title: &'static str,
        properties: &'static [&'static str],
        under: &'static [Under],
    ) -> Self {
        Self {
            id,
            title,
            properties,
            under: Some(under),
        }
    }

    /// The names of the properties that decide it.
    pub fn properties(&self) -> &'static [&'static str] {
        self.properties
    }

    fn is_asked_on(&self, rung: &Rung) -> bool {
        self.under.is_none_or(|under| under.contains(&rung.under))
    }
}

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
    /// The world that decided.
    pub backend: &'static str,
    /// What is declared of a crash.
    pub crash_class: CrashClass,
    /// One cell for each of [`ASPECTS`], by its id.
    pub cells: Vec<(&'static str, Cell)>,
    /// How many executions each configuration took.
    pub executions: Vec<(&'static str, u64)>,
}

/// The ladder, the least configuration first.
pub fn ladder() -> Vec<Rung> {
    let (two, twice) = (|| Scenario::cycle(2, 1), || Scenario::cycle(2, 2));
    let three = || Scenario::cycle(3, 1);
    let stale = |scenario| Scenario {
        start: Start::Stale { age_s: STALE_AGE_S },
        ..scenario
    };
    let expiry = |scenario| Scenario {
        expiry: true,
        ..scenario
    };
    let again = |scenario| Scenario {
        reused_numbers: true,
        ..scenario
    };
    let work = |work| Scenario { work, ..two() };
    let rung = |label, scenario, vary, under| Rung {
        label,
        scenario,
        vary,
        under,
    };
    let plain = |label, scenario| rung(label, scenario, Vary::Nothing, Under::Nothing);
    vec![
        plain("2", Scenario::contend(2)),
        plain("2×1", two()),
        rung("2e", Scenario::contend(2), Vary::Error, Under::Errors),
        rung("2×1e", two(), Vary::Error, Under::Errors),
        plain("2×1r", work(Work::Reenter)),
        plain("2×1f", work(Work::Fork)),
        plain("2×1o", work(Work::Reopen)),
        rung("2×1s", stale(two()), Vary::Nothing, Under::Stale),
        rung("2×1si", again(stale(two())), Vary::Nothing, Under::Stale),
        rung("2×1k", two(), Vary::Kill, Under::Kills),
        rung("2×1l", expiry(two()), Vary::Nothing, Under::Expiry),
        rung("2×1kl", expiry(two()), Vary::Kill, Under::Kills),
        plain("2×2", twice()),
        plain("2×2i", again(twice())),
        plain("3", Scenario::contend(3)),
        plain("3×1", three()),
        rung("3×1s", stale(three()), Vary::Nothing, Under::Stale),
        rung("3×1k", three(), Vary::Kill, Under::Kills),
        rung("3×1l", expiry(three()), Vary::Nothing, Under::Expiry),
    ]
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
            let row = row(lock, limits);
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

/// The row of one lock.
pub fn row(lock: &'static dyn LockPrimitive, limits: Limits) -> Row {
    let ladder = ladder();
    let seen: Vec<Seen> = ladder.iter().map(|rung| Seen::of(lock, rung, limits)).collect();
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
        backend: "sim",
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
    fn of(lock: &'static dyn LockPrimitive, rung: &Rung, limits: Limits) -> Self {
        let mut seen = Self {
            complete: true,
            ..Self::default()
        };
        let mut refused = false;
        for part in Part::of(rung.vary, &rung.scenario) {
            let mut series = Series::of(part, &rung.scenario);
            while let Some(scenario) = series.next() {
                let searched = sim::explore(lock, &scenario, &mut Dpor::new(), limits, &mut |execution| {
                    if series.saw(&execution.history) {
                        refused |= refuses(&execution);
                        seen.judge(&execution);
                    }
                    ControlFlow::Continue(())
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
mod tests {
    use super::*;
    use crate::primitive::{CreateNew, StatThenWrite};

    fn cell(row: &Row, id: &str) -> Cell {
        let found = row.cells.iter().find(|(each, _)| *each == id);
        found.expect("a column of that id").1.clone()
    }

    #[test]
    fn labels_and_ids_are_unique_and_each_property_is_one_of_the_code() {
        let mut labels: Vec<_> = ladder().iter().map(|rung| rung.label).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), ladder().len());
        for name in ASPECTS.iter().flat_map(|aspect| aspect.properties) {
            assert!(property::ALL.iter().any(|each| each.name() == *name), "{name}");
        }
    }

    #[test]
    fn the_first_two_locks_are_decided_by_two_processes_and_a_cut_search_decides_nothing() {
        let broken = row(&StatThenWrite, limits());
        let least = |property, least| Cell::Violated { property, least };
        assert_eq!(cell(&broken, "M1"), least("at-most-one-winner", "2"));
        assert_eq!(cell(&broken, "M7"), least("only-own", "2×1"));
        assert_eq!(cell(&broken, "M9"), least("no-leak", "2e"));
        let sound = row(&CreateNew, limits());
        for id in ["M1", "M10", "M3", "M4", "M6", "M7", "M9", "M11", "M12"] {
            assert!(
                matches!(cell(&sound, id), Cell::Holds { .. }),
                "{id}: {:?}",
                cell(&sound, id)
            );
        }
        let few = Limits {
            executions: 1,
            ..limits()
        };
        assert_eq!(cell(&row(&CreateNew, few), "M1"), Cell::Undecided { cut: "2" });
    }

    #[test]
    fn a_class_that_is_declared_wrong_is_seen() {
        /// As create-new, and declared to free itself.
        struct Boastful;
        impl LockPrimitive for Boastful {
            fn name(&self) -> &'static str {
                "boastful"
            }
            fn protocol(&self) -> &'static str {
                ""
            }
            fn expectation(&self) -> crate::primitive::Expectation {
                CreateNew.expectation()
            }
            fn crash_class(&self) -> CrashClass {
                CrashClass::Auto
            }
            fn try_acquire(
                &self,
                fs: &dyn crate::fs::Fs,
                lock: &std::path::Path,
            ) -> Result<crate::primitive::Held, crate::primitive::AcquireError> {
                CreateNew.try_acquire(fs, lock)
            }
            fn release(
                &self,
                fs: &dyn crate::fs::Fs,
                lock: &std::path::Path,
                held: crate::primitive::Held,
            ) -> Result<(), crate::primitive::CallError> {
                CreateNew.release(fs, lock, held)
            }
        }
        let wrong = cell(&row(&Boastful, limits()), "M11");
        let (property, least) = ("crash-liveness", "2×1k");
        assert_eq!(wrong, Cell::Violated { property, least });
    }
}
