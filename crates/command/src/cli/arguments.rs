//! Arguments that several commands share, and their parsers.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::{ArgAction, Args, ValueEnum};

use super::Failure;
use onewinner_core::primitive::{self, Expectation, LockPrimitive};
use onewinner_core::scenario::{self, LEAST_PROCESSES, MOST_PROCESSES, Scenario};
use onewinner_core::scenario::{Program, ProgramKind};
use onewinner_linux::tracer::program::find::find;

/// 100 years; a greater age is a typing error.
const OLDEST_S: u64 = 100 * 365 * 86_400;

/// The position of the options of every command in their group: after the command's own.
const LAST: usize = 900;

/// The groups of options in `--help`.
pub(super) mod group {
    /// The lock, and what its processes do.
    pub(in super::super) const WHAT: &str = "What to run";
    /// How schedules are chosen, and how far.
    pub(in super::super) const SEARCH: &str = "How to search";
    /// What goes wrong on purpose.
    pub(in super::super) const FAULTS: &str = "Faults";
    /// What is printed and written.
    pub(in super::super) const OUTPUT: &str = "Output";
    /// The rest.
    pub(in super::super) const GENERAL: &str = "General";
}

/// The options of every command.
#[derive(Args, Clone)]
pub(super) struct Common {
    /// Print one JSON document instead of text.
    #[arg(long, global = true, help_heading = group::OUTPUT, display_order = LAST)]
    pub(super) json: bool,
    /// Seed of every random choice [default: a new one, which is printed].
    #[arg(long, global = true, value_name = "NUMBER", help_heading = group::GENERAL, display_order = LAST, value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
    /// Print this help.
    #[arg(short, long, global = true, help_heading = group::GENERAL, display_order = LAST + 1, action = ArgAction::Help)]
    help: Option<bool>,
}

/// A lock that comes with onewinner, and the claim about it.
#[derive(Args)]
#[command(next_display_order = 1)]
pub(super) struct Subject {
    /// A lock that comes with onewinner; see `onewinner list`.
    #[arg(value_name = "LOCK", help_heading = group::WHAT, display_order = 0, value_parser = locks())]
    pub(super) lock: Lock,
    #[command(flatten)]
    pub(super) claimed: Claimed,
}

/// The claim about a lock.
#[derive(Args)]
pub(super) struct Claimed {
    /// The claim to check: exactly-one-winner (the default) or several-winners.
    #[arg(long, value_name = "CLAIM", help_heading = group::WHAT, default_value = "exactly-one-winner", hide_default_value = true, hide_possible_values = true)]
    pub(super) expect: Claim,
}

/// A lock that comes with onewinner, or a program that locks: exactly one of them.
#[derive(Args)]
#[command(next_display_order = 1)]
#[group(required = true, multiple = false)]
pub(super) struct AnySubject {
    /// A lock that comes with onewinner; see `onewinner list`.
    #[arg(value_name = "LOCK", help_heading = group::WHAT, display_order = 0, value_parser = locks())]
    lock: Option<Lock>,
    /// Your program; it tries to acquire {lock} and prints `acquired` or `busy`.
    #[arg(long, value_name = "COMMAND", help_heading = group::WHAT)]
    driver: Option<String>,
    /// Your program; it runs {hold} while it holds {lock}.
    #[arg(long, value_name = "COMMAND", help_heading = group::WHAT)]
    wrap: Option<String>,
}

impl AnySubject {
    /// Returns the lock or program; checks that the program can be started. `lock_at` is where it has its lock, if it takes no
    /// path.
    pub(super) fn subject(&self, lock_at: Option<&Path>) -> Result<scenario::Subject, Failure> {
        if lock_at.is_some() && self.driver.is_none() {
            return Err("only a driver can have a lock at a fixed path; give --lock-at with --driver".into());
        }
        if let Some(place) = lock_at.filter(|place| place.file_name().is_none()) {
            return Err(format!("{place:?} is a directory; with --lock-at give the path of the lock's file").into());
        }
        for (kind, line) in [(ProgramKind::Driver, &self.driver), (ProgramKind::Wrap, &self.wrap)] {
            if let Some(line) = line.clone() {
                let lock_at = lock_at.map(std::path::absolute).transpose()?;
                let program = Program {
                    lock_at,
                    ..Program::new(kind, line)
                };
                find(&program)?;
                return Ok(scenario::Subject::Program(program));
            }
        }
        match self.lock {
            Some(lock) => Ok(scenario::Subject::Primitive(lock.0)),
            None => Err("no lock is given; name a lock, or give --driver or --wrap".into()),
        }
    }
}

/// A lock given by name.
#[derive(Clone, Copy)]
pub(super) struct Lock(pub(super) &'static dyn LockPrimitive);

/// A claim as an argument.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Claim {
    /// One contender wins; all others get busy.
    ExactlyOneWinner,
    /// Some schedule lets two or more contenders in.
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

/// Reads the name of a lock. There are too many to list in each message.
pub(super) fn locks() -> impl TypedValueParser<Value = Lock> {
    |name: &str| {
        let found = primitive::by_name(name).map(Lock);
        found.ok_or("there is no lock of this name; `onewinner list` prints the names")
    }
}

/// What a process does while it holds the lock, as an argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Workload {
    /// Load the state of a hub, append entries, save the state.
    HubSync,
    /// Open the lock's file again and close it.
    Reopen,
    /// Try to acquire the lock again.
    Reenter,
    /// Fork a child that releases the lock, as a destructor would, and exits; only on the simulated file system.
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

/// How many processes contend, and what they do.
#[derive(Args)]
pub(super) struct What {
    /// Number of processes, 2 to 64 [default: 3].
    #[arg(short = 'n', long, value_name = "NUMBER", help_heading = group::WHAT, value_parser = processes, allow_negative_numbers = true)]
    pub(super) processes: Option<usize>,
    /// Attempts per process; each winner releases the lock [default: 1].
    #[arg(long, value_name = "NUMBER", help_heading = group::WHAT, value_parser = rounds, allow_negative_numbers = true)]
    pub(super) rounds: Option<u32>,
    /// contend (one attempt, winners keep the lock) or cycle (they release it).
    #[arg(long, value_name = "KIND", help_heading = group::WHAT, hide_possible_values = true)]
    pub(super) scenario: Option<Kind>,
    /// What a winner does: hub-sync, reopen, reenter, or fork (only on sim).
    #[arg(long, value_name = "NAME", help_heading = group::WHAT, hide_possible_values = true, conflicts_with = "scenario")]
    pub(super) workload: Option<Workload>,
}

/// The kind of a scenario, as an argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// One attempt per process; winners hold the lock until all processes have answered.
    Contend,
    /// Each process acquires and releases, repeatedly.
    Cycle,
}

impl What {
    /// Whether any of these options was given.
    pub(super) fn is_given(&self) -> bool {
        self.scenario.is_some() || self.processes.is_some() || self.rounds.is_some() || self.workload.is_some()
    }

    /// The requested scenario; `processes` is the default number of processes.
    pub(super) fn scenario(&self, processes: usize) -> Result<Scenario, Failure> {
        let processes = self.processes.unwrap_or(processes);
        if let Some(workload) = self.workload {
            return Ok(Scenario {
                work: workload.into(),
                ..Scenario::cycle(processes, self.rounds.unwrap_or(1))
            });
        }
        match (self.scenario, self.rounds) {
            (Some(Kind::Contend), Some(_)) => Err(
                "in the scenario contend each process makes one attempt; give --rounds with `--scenario cycle`".into(),
            ),
            (Some(Kind::Contend) | None, None) => Ok(Scenario::contend(processes)),
            (Some(Kind::Cycle), rounds) => Ok(Scenario::cycle(processes, rounds.unwrap_or(1))),
            (None, Some(rounds)) => Ok(Scenario::cycle(processes, rounds)),
        }
    }
}

/// Where a counterexample is saved.
#[derive(Args)]
pub(super) struct Save {
    /// Save the counterexample, if there is one, to this file.
    #[arg(long, value_name = "FILE", help_heading = group::OUTPUT)]
    pub(super) save: Option<PathBuf>,
}

/// Reads a number of processes.
pub(super) fn processes(text: &str) -> Result<usize, String> {
    within(text, LEAST_PROCESSES..=MOST_PROCESSES)
}

/// Reads how many searches run in parallel.
pub(super) fn jobs(text: &str) -> Result<usize, String> {
    within(text, 1..=256)
}

/// The number of processors that this process may use.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Reads how many processes to kill.
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
        _ => Err("give an age as 90s, 10m, 1h or 2d, at most 100 years".to_owned()),
    }
}

/// Reads the number of attempts per process.
fn rounds(text: &str) -> Result<u32, String> {
    within(text, 1..=1_000)
}

/// Reads the number of rounds of a race.
pub(super) fn race_rounds(text: &str) -> Result<u64, String> {
    within(text, 1..=100_000_000)
}

/// Reads the limit of executions of a search.
pub(super) fn executions(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("give a whole number above 0".to_owned()),
    }
}

/// Reads a seed, or a number of preemptions.
pub(super) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| "give a whole number from 0 to 18446744073709551615".to_owned())
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
    /// One day; a longer time is a typing error.
    const LONGEST: f64 = 86_400.0;
    match text.strip_suffix('s').unwrap_or(text).parse::<f64>() {
        Ok(number) if number > 0.0 && number <= LONGEST => Ok(Duration::from_secs_f64(number)),
        _ => Err("give a number of seconds above 0, at most 86400 (one day)".to_owned()),
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
