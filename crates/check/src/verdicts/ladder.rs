//! The ladder of configurations, the smallest first, and the columns that each decides.
//!
//! The smaller the configuration that breaks a lock, the shorter its counterexample.

use crate::preset::STALE_AGE_S;
use onewinner_core::scenario::{FaultSweep, Scenario, Start, Work};

/// A configuration of the ladder.
#[derive(Clone, Debug)]
pub struct Rung {
    /// A short name: `3×1k` is three processes with one round each, one of them killed.
    pub label: &'static str,
    pub(super) scenario: Scenario,
    pub(super) fault_sweep: FaultSweep,
    pub(super) under: Disturbance,
}

/// What disturbs the processes of a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disturbance {
    None,
    Errors,
    Stale,
    Kills,
    Expiry,
    /// The holder does something that may free its lock.
    HolderWork,
}

/// A column of the table: properties, judged on some of the rungs.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The id of the column in JSON.
    pub id: &'static str,
    /// The name in a table.
    pub name: &'static str,
    /// What must be true, in a few words.
    pub question: &'static str,
    pub(super) properties: &'static [&'static str],
    /// The disturbances of its rungs. `None` for all rungs but those of [`Disturbance::HolderWork`].
    under: Option<&'static [Disturbance]>,
}

/// The properties of the class `Exclusion` that a rung can violate. The third, `no-duplicates`, needs a workload that writes
/// entries, and no rung has one.
pub(super) const EXCLUSION: &[&str] = &["at-most-one-winner", "mutual-exclusion"];

/// The columns, in their order.
pub const COLUMNS: &[Column] = &[
    Column::under(
        "M1",
        "exclusion",
        "at most one process holds the lock",
        EXCLUSION,
        &[Disturbance::None, Disturbance::Errors],
    ),
    Column::under(
        "M1 stale",
        "exclusion, stale lock",
        "the same, starting from a stale lock",
        EXCLUSION,
        &[Disturbance::Stale],
    ),
    Column::under(
        "M10",
        "exclusion, kill",
        "the same, with a process killed at any step",
        EXCLUSION,
        &[Disturbance::Kills],
    ),
    Column::under(
        "M22",
        "exclusion, expiry",
        "the same, with a lease that expires at any moment",
        EXCLUSION,
        &[Disturbance::Expiry],
    ),
    Column::any(
        "M3",
        "at-least-one-winner",
        "a process acquires a free lock",
        &["at-least-one-winner"],
    ),
    Column::any(
        "M4",
        "losers-result",
        "losers get *busy*, not an error",
        &["losers-result"],
    ),
    Column::any(
        "M5",
        "honest-busy",
        "*busy* means that another process has the lock",
        &["honest-busy"],
    ),
    Column::any("M6", "release-frees", "a release frees the lock", &["release-frees"]),
    Column::any(
        "M7",
        "only-own",
        "no process removes the lock of another",
        &["only-own"],
    ),
    Column::any("M9", "no-leak", "a failed attempt leaves nothing behind", &["no-leak"]),
    Column::any(
        "M11",
        "crash-liveness",
        "after a crash, the lock behaves as its crash class says",
        &["crash-liveness"],
    ),
    Column::under(
        "M12",
        "reentrancy",
        "a process does not get the lock twice",
        &["reentrancy"],
        &[Disturbance::HolderWork],
    ),
    Column::under(
        "M13",
        "fork-independence",
        "a child process cannot free the lock",
        &["fork-independence"],
        &[Disturbance::HolderWork],
    ),
    Column::under(
        "M14",
        "descriptor-independence",
        "closing another descriptor does not free the lock",
        &["descriptor-independence"],
        &[Disturbance::HolderWork],
    ),
];

impl Rung {
    /// The configuration, in words.
    pub fn description(&self) -> String {
        format!("{}{}", self.scenario, self.fault_sweep)
    }

    /// Returns whether it has more than two processes, and therefore a large number of schedules.
    pub(super) fn is_wide(&self) -> bool {
        self.scenario.processes > 2
    }
}

impl Column {
    const fn any(
        id: &'static str,
        name: &'static str,
        question: &'static str,
        properties: &'static [&'static str],
    ) -> Self {
        Self {
            id,
            name,
            question,
            properties,
            under: None,
        }
    }

    const fn under(
        id: &'static str,
        name: &'static str,
        question: &'static str,
        properties: &'static [&'static str],
        under: &'static [Disturbance],
    ) -> Self {
        Self {
            id,
            name,
            question,
            properties,
            under: Some(under),
        }
    }

    /// The names of the properties.
    pub fn properties(&self) -> &'static [&'static str] {
        self.properties
    }

    pub(super) fn is_judged_on(&self, rung: &Rung) -> bool {
        match self.under {
            Some(under) => under.contains(&rung.under),
            None => rung.under != Disturbance::HolderWork,
        }
    }
}

/// The ladder, the smallest configuration first.
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
        reuse_inodes: true,
        ..scenario
    };
    // Alone, so that no other process can be the cause.
    let work = |work| Scenario {
        work,
        ..Scenario::cycle(1, 1)
    };
    let rung = |label, scenario, fault_sweep, under| Rung {
        label,
        scenario,
        fault_sweep,
        under,
    };
    let plain = |label, scenario| rung(label, scenario, FaultSweep::Nothing, Disturbance::None);
    vec![
        plain("2", Scenario::contend(2)),
        plain("2×1", two()),
        rung("2e", Scenario::contend(2), FaultSweep::Error, Disturbance::Errors),
        rung("2×1e", two(), FaultSweep::Error, Disturbance::Errors),
        rung("1r", work(Work::Reenter), FaultSweep::Nothing, Disturbance::HolderWork),
        rung("1f", work(Work::Fork), FaultSweep::Nothing, Disturbance::HolderWork),
        rung("1o", work(Work::Reopen), FaultSweep::Nothing, Disturbance::HolderWork),
        rung("2×1s", stale(two()), FaultSweep::Nothing, Disturbance::Stale),
        rung("2×1si", again(stale(two())), FaultSweep::Nothing, Disturbance::Stale),
        rung("2×1k", two(), FaultSweep::Kill, Disturbance::Kills),
        rung("2×1sk", stale(two()), FaultSweep::Kill, Disturbance::Kills),
        rung("2×1l", expiry(two()), FaultSweep::Nothing, Disturbance::Expiry),
        rung("2×1kl", expiry(two()), FaultSweep::Kill, Disturbance::Kills),
        plain("2×2", twice()),
        plain("2×2i", again(twice())),
        plain("3", Scenario::contend(3)),
        plain("3×1", three()),
        rung("3×1s", stale(three()), FaultSweep::Nothing, Disturbance::Stale),
        rung("3×1k", three(), FaultSweep::Kill, Disturbance::Kills),
        rung("3×1l", expiry(three()), FaultSweep::Nothing, Disturbance::Expiry),
    ]
}
