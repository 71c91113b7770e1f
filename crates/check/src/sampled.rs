//! A race in a few numbers, to compare many races that share their control runs.
//!
//! What lets two in stands apart from all else: on some mounts losers meet strange errors, and nobody gets in who should not.
//! Deliberately without a verdict: whether a pass says anything depends on the controls, which are raced elsewhere.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::error::CheckError;
use super::race_run::{by_name, why_no_pass};
use onewinner_core::history::Outcome;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::property::{PropertyClass, first_violation};
use onewinner_core::scenario::ScenarioKind;
use onewinner_core::statistics::rate_bounds;
use onewinner_core::verdict::RateBounds;
use onewinner_linux::race::{RaceOptions, Report, Seen, race};

/// The results of a race.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Completed rounds.
    pub rounds: u64,
    /// Rounds in which two processes held the lock at the same time.
    pub violations: u64,
    /// Nominal bounds on their rate, at 95 %.
    pub rate: RateBounds,
    /// The first violation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shown: Option<Shown>,
    /// Rounds that violate another property, but not exclusion.
    pub flaws: u64,
    /// The first of these violations.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flaw: Option<Shown>,
    /// The number of rounds by the number of winners.
    pub winners: Vec<Winners>,
    /// Rounds without a winner.
    pub without_winner: u64,
    /// Failed attempts, by error.
    pub attempt_errors: BTreeMap<String, u64>,
    /// Failed releases, by error.
    pub release_errors: BTreeMap<String, u64>,
    /// The time it took.
    pub seconds: f64,
    /// Why rounds without a violation do not count as a pass.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doubt: Option<String>,
}

/// A violated property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its name.
    pub property: String,
    /// The violation, in one sentence.
    pub sentence: String,
}

/// The number of rounds with this number of winners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Winners {
    /// The number of winners.
    pub winners: u32,
    /// The number of rounds.
    pub rounds: u64,
}

/// Races a lock. `interrupted` ends the race early; `look` is called after every few rounds and may set it.
///
/// # Errors
///
/// If the race cannot start in these directories.
pub fn sample(
    primitive: &'static dyn LockPrimitive,
    options: &RaceOptions,
    interrupted: &AtomicBool,
    look: &mut dyn FnMut(),
) -> Result<Sample, CheckError> {
    let report = race(primitive, options, interrupted, &mut |_| look())?;
    let mut counted = Counted::default();
    report.seen.iter().for_each(|seen| counted.take(seen));
    // Winners that release immediately may win one after the other.
    let alone = options.scenario.kind == ScenarioKind::Contend && !counted.met && counted.violations == 0;
    let uncontended = || alone.then(|| "no two processes contended; raise the number of processes".to_owned());
    // A lock that no process acquires proves nothing.
    let nobody = counted.winners.keys().all(|winners| *winners == 0);
    let useless = || nobody.then(|| format!("no process acquired the lock in any of {} rounds", report.rounds));
    let doubt = why_no_pass(&report).or_else(uncontended).or_else(useless);
    Ok(counted.sample(&report, doubt))
}

#[derive(Default)]
struct Counted {
    violations: u64,
    shown: Option<Shown>,
    flaws: u64,
    flaw: Option<Shown>,
    winners: BTreeMap<u32, u64>,
    /// Whether somebody lost.
    met: bool,
}

impl Counted {
    fn take(&mut self, seen: &Seen) {
        let outcome = Outcome::of(&seen.history);
        *self.winners.entry(outcome.winners).or_default() += seen.rounds;
        self.met |= outcome.busy + outcome.errors > 0;
        let Some((property, violation)) = first_violation(&seen.history) else {
            return;
        };
        let (count, first) = match property.class() {
            PropertyClass::Exclusion => (&mut self.violations, &mut self.shown),
            PropertyClass::Progress | PropertyClass::Tidiness => (&mut self.flaws, &mut self.flaw),
        };
        *count += seen.rounds;
        first.get_or_insert_with(|| Shown {
            property: property.name().to_owned(),
            sentence: violation.sentence,
        });
    }

    fn sample(self, report: &Report, doubt: Option<String>) -> Sample {
        let winners = self.winners.into_iter();
        Sample {
            rounds: report.rounds,
            violations: self.violations,
            rate: rate_bounds(self.violations, report.rounds),
            shown: self.shown,
            flaws: self.flaws,
            flaw: self.flaw,
            winners: winners.map(|(winners, rounds)| Winners { winners, rounds }).collect(),
            without_winner: report.without_winner,
            attempt_errors: by_name(&report.attempt_errors),
            release_errors: by_name(&report.release_errors),
            seconds: report.elapsed.as_secs_f64(),
            doubt,
        }
    }
}
