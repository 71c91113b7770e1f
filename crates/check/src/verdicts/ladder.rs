//! The ladder of configurations, and what is asked on each rung.
//!
//! A rung is small if few processes do few things: what decides a lock should be read in few steps.

use crate::preset::STALE_AGE_S;
use onewinner_core::scenario::{FaultSweep, Scenario, Start, Work};

/// A configuration of the ladder.
#[derive(Clone, Debug)]
pub struct Rung {
    /// Its name in a table: `3×1k` is three processes with one round each, one of which is killed.
    pub label: &'static str,
    pub(super) scenario: Scenario,
    pub(super) fault_sweep: FaultSweep,
    pub(super) under: Under,
}

/// What the processes of a rung meet besides each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Under {
    Nothing,
    Errors,
    Stale,
    Kills,
    Expiry,
    /// A holder that does something by which it may lose its lock.
    Inside,
}

/// A column of the table: a property, of the rungs in which something particular is met.
#[derive(Clone, Copy, Debug)]
pub struct Aspect {
    /// The id in the catalogue of properties, as in `specs/README.md`.
    pub id: &'static str,
    /// What is asked, in a few words.
    pub title: &'static str,
    pub(super) properties: &'static [&'static str],
    /// In which rungs; if nothing is said, in all whose holders do nothing of their own.
    under: Option<&'static [Under]>,
}

/// The properties of the class `Exclusion` that a rung can violate. The third, `no-duplicates`, needs a workload that writes
/// entries, and no rung has one.
pub(super) const EXCLUSION: &[&str] = &["at-most-one-winner", "mutual-exclusion"];

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
    Aspect::under(
        "M12",
        "not granted twice to a process",
        &["reentrancy"],
        &[Under::Inside],
    ),
    Aspect::under(
        "M13",
        "a child cannot free it",
        &["fork-independence"],
        &[Under::Inside],
    ),
    Aspect::under(
        "M14",
        "another close does not free it",
        &["descriptor-independence"],
        &[Under::Inside],
    ),
];

impl Rung {
    /// Whether three processes take part, whose schedules are many.
    pub(super) fn is_wide(&self) -> bool {
        self.scenario.processes > 2
    }
}

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

    pub(super) fn is_asked_on(&self, rung: &Rung) -> bool {
        match self.under {
            Some(under) => under.contains(&rung.under),
            None => rung.under != Under::Inside,
        }
    }
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
        reuse_inodes: true,
        ..scenario
    };
    // Alone, so that it is nobody else's doing.
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
    let plain = |label, scenario| rung(label, scenario, FaultSweep::Nothing, Under::Nothing);
    vec![
        plain("2", Scenario::contend(2)),
        plain("2×1", two()),
        rung("2e", Scenario::contend(2), FaultSweep::Error, Under::Errors),
        rung("2×1e", two(), FaultSweep::Error, Under::Errors),
        rung("1r", work(Work::Reenter), FaultSweep::Nothing, Under::Inside),
        rung("1f", work(Work::Fork), FaultSweep::Nothing, Under::Inside),
        rung("1o", work(Work::Reopen), FaultSweep::Nothing, Under::Inside),
        rung("2×1s", stale(two()), FaultSweep::Nothing, Under::Stale),
        rung("2×1si", again(stale(two())), FaultSweep::Nothing, Under::Stale),
        rung("2×1k", two(), FaultSweep::Kill, Under::Kills),
        rung("2×1sk", stale(two()), FaultSweep::Kill, Under::Kills),
        rung("2×1l", expiry(two()), FaultSweep::Nothing, Under::Expiry),
        rung("2×1kl", expiry(two()), FaultSweep::Kill, Under::Kills),
        plain("2×2", twice()),
        plain("2×2i", again(twice())),
        plain("3", Scenario::contend(3)),
        plain("3×1", three()),
        rung("3×1s", stale(three()), FaultSweep::Nothing, Under::Stale),
        rung("3×1k", three(), FaultSweep::Kill, Under::Kills),
        rung("3×1l", expiry(three()), FaultSweep::Nothing, Under::Expiry),
    ]
}
