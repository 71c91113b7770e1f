//! Arguments that several commands share, and how they are read.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{Args, ValueEnum};

use super::Failure;
use onewinner_core::primitive::{self, Expectation, LockPrimitive};
use onewinner_core::scenario::{self, LEAST_PROCESSES, MOST_PROCESSES, Scenario};
use onewinner_core::scenario::{Program, ProgramKind};
use onewinner_linux::tracer::program::find::find;

/// A hundred years: an older lock was not left by a process that died.
const OLDEST_S: u64 = 100 * 365 * 86_400;

/// Where the options of every command stand in the help: below the command's own, and above `--help`.
const LAST: usize = 900;

/// For every command.
#[derive(Args, Clone)]
pub(super) struct Common {
    /// Print one JSON document instead of text.
    #[arg(long, global = true, display_order = LAST)]
    pub(super) json: bool,
    /// The seed of every random choice; drawn and printed when it is not given.
    #[arg(long, global = true, value_name = "NUMBER", display_order = LAST, value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
}

/// Which lock, and what is claimed of it.
#[derive(Args)]
pub(super) struct Subject {
    /// The lock; `onewinner list` names them.
    #[arg(value_name = "LOCK", value_parser = locks())]
    pub(super) lock: Lock,
    #[command(flatten)]
    pub(super) claimed: Claimed,
}

/// What is claimed of it.
#[derive(Args)]
pub(super) struct Claimed {
    /// What is claimed.
    #[arg(long, value_name = "CLAIM", default_value = "exactly-one-winner")]
    pub(super) expect: Claim,
}

/// A shipped lock, or a program that locks: exactly one.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct AnySubject {
    /// The lock; `onewinner list` names them.
    #[arg(value_name = "LOCK", value_parser = locks())]
    lock: Option<Lock>,
    /// A program that locks {lock}: it prints `acquired` or `busy`, and after a line `release` on its input `released`. See
    /// examples/driver.py, driver.sh and driver.js.
    #[arg(long, value_name = "COMMAND")]
    driver: Option<String>,
    /// A program that runs another one while it holds its lock, as `flock -n {lock} {hold}`; {hold} is given by onewinner.
    #[arg(long, value_name = "COMMAND")]
    wrap: Option<String>,
}

impl AnySubject {
    /// The one that was given; a program that can be started here.
    pub(super) fn subject(&self) -> Result<scenario::Subject, Failure> {
        for (kind, line) in [(ProgramKind::Driver, &self.driver), (ProgramKind::Wrap, &self.wrap)] {
            if let Some(line) = line.clone() {
                let program = Program { kind, line };
                find(&program)?;
                return Ok(scenario::Subject::Program(program));
            }
        }
        match self.lock {
            Some(lock) => Ok(scenario::Subject::Primitive(lock.0)),
            None => Err("no lock was given; name one, or give --driver or --wrap".into()),
        }
    }
}

/// A lock given by name.
#[derive(Clone, Copy)]
pub(super) struct Lock(pub(super) &'static dyn LockPrimitive);

/// A claim as an argument.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Claim {
    /// One contender wins, all others are told busy.
    ExactlyOneWinner,
    /// Some schedule lets two or more in.
    SeveralWinners,
}

impl From<Claim> for Expectation {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::ExactlyOneWinner => Self::ExactlyOneWinner,
            Claim::SeveralWinners => Self::SeveralWinners,
        }
    }
}

/// Reads the name of a lock. There are too many to be listed in each message.
pub(super) fn locks() -> impl TypedValueParser<Value = Lock> {
    |name: &str| {
        let found = primitive::by_name(name).map(Lock);
        found.ok_or("no lock is called that; `onewinner list` names them")
    }
}

/// What a holder does inside, as an argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Workload {
    /// Load the state of a hub, append entries, save the state.
    HubSync,
    /// Open the lock's file once more, and close it.
    Reopen,
    /// Attempt to take the lock once more.
    Reenter,
    /// Fork a child that releases, as a destructor would, and exits; on the simulated file system alone.
    Fork,
}

impl From<Workload> for scenario::Work {
    fn from(workload: Workload) -> Self {
        match workload {
            Workload::HubSync => Self::HubSync,
            Workload::Reopen => Self::Reopen,
            Workload::Reenter => Self::Reenter,
            Workload::Fork => Self::Fork,
        }
    }
}

/// What the processes do.
#[derive(Args)]
pub(super) struct What {
    /// contend: one attempt each, nobody releases; cycle: attempt, release, and again.
    #[arg(long, value_name = "KIND")]
    pub(super) scenario: Option<Kind>,
    /// How many processes.
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = processes, allow_negative_numbers = true)]
    pub(super) processes: Option<usize>,
    /// Attempts of each process, in cycles.
    #[arg(long, value_name = "NUMBER", value_parser = rounds, allow_negative_numbers = true)]
    pub(super) rounds: Option<u32>,
    /// What a holder does inside; each process makes one attempt, and releases.
    #[arg(long, value_name = "NAME", conflicts_with = "scenario")]
    pub(super) workload: Option<Workload>,
}

/// The kind of a scenario, as an argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// One attempt each; winners hold until all have answered.
    Contend,
    /// Attempt, release, again.
    Cycle,
}

impl What {
    /// Whether anything was asked for.
    pub(super) fn is_given(&self) -> bool {
        self.scenario.is_some() || self.processes.is_some() || self.rounds.is_some() || self.workload.is_some()
    }

    /// The scenario that was asked for, with `processes` processes if their number was not.
    pub(super) fn scenario(&self, processes: usize) -> Result<Scenario, Failure> {
        let processes = self.processes.unwrap_or(processes);
        if let Some(workload) = self.workload {
            return Ok(Scenario {
                work: workload.into(),
                ..Scenario::cycle(processes, self.rounds.unwrap_or(1))
            });
        }
        match (self.scenario, self.rounds) {
            (Some(Kind::Contend), Some(_)) => {
                Err("contenders make one attempt each; give --rounds with `--scenario cycle`".into())
            }
            (Some(Kind::Contend) | None, None) => Ok(Scenario::contend(processes)),
            (Some(Kind::Cycle), rounds) => Ok(Scenario::cycle(processes, rounds.unwrap_or(1))),
            (None, Some(rounds)) => Ok(Scenario::cycle(processes, rounds)),
        }
    }
}

/// Where a counterexample goes.
#[derive(Args)]
pub(super) struct Save {
    /// Where the counterexample is saved, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,
}

/// Reads a number of processes.
pub(super) fn processes(text: &str) -> Result<usize, String> {
    within(text, LEAST_PROCESSES..=MOST_PROCESSES)
}

/// Reads how many searches run at once.
pub(super) fn jobs(text: &str) -> Result<usize, String> {
    within(text, 1..=256)
}

/// Reads how many processes are killed.
pub(super) fn kills(text: &str) -> Result<u8, String> {
    within(text, 0..=2)
}

/// Reads an age, in seconds.
pub(super) fn age(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let seconds = unit.and_then(|unit| digits.parse::<u64>().ok()?.checked_mul(unit));
    match seconds {
        Some(seconds @ 0..=OLDEST_S) => Ok(seconds),
        _ => Err("give an age as 90s, 10m, 1h or 2d, a hundred years at most".to_owned()),
    }
}

/// Reads the attempts of each process.
fn rounds(text: &str) -> Result<u32, String> {
    within(text, 1..=1_000)
}

/// Reads the rounds of a race.
pub(super) fn meetings(text: &str) -> Result<u64, String> {
    within(text, 1..=100_000_000)
}

/// Reads the most executions of a search.
pub(super) fn executions(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("give a whole number above 0".to_owned()),
    }
}

/// Reads a seed, or a number of preemptions.
pub(super) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| "give a whole number, 0 or above, of 64 bits at most".to_owned())
}

/// Reads a number within a range.
pub(super) fn within<T: FromStr + PartialOrd + fmt::Display>(
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, String> {
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("give a number from {} to {}", range.start(), range.end())),
    }
}

/// Reads a time in seconds.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    /// A day: longer is a typing error.
    const LONGEST: f64 = 86_400.0;
    match text.strip_suffix('s').unwrap_or(text).parse::<f64>() {
        Ok(number) if number > 0.0 && number <= LONGEST => Ok(Duration::from_secs_f64(number)),
        _ => Err("give a number of seconds above 0, and a day at most".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_of_seconds_or_has_a_unit() {
        for (text, seconds) in [
            ("0", 0),
            ("90", 90),
            ("90s", 90),
            ("10m", 600),
            ("1h", 3_600),
            ("2d", 172_800),
        ] {
            assert_eq!(age(text), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "h",
            "1w",
            "-1",
            "1.5h",
            "1 h",
            "99999999999999999999",
            "40000d",
            "1hh",
        ] {
            assert!(
                age(text).is_err_and(|advice| advice.contains("give an age as")),
                "{text}"
            );
        }
    }
}
