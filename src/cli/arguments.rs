//! Arguments that several commands share, and how they are read.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::primitive::{self, Expectation, LockPrimitive};
use crate::scenario::{LEAST_PROCESSES, MOST_PROCESSES, Scenario};

/// For every command.
#[derive(Args, Clone)]
pub(super) struct Common {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// The seed of every random choice; drawn and printed when it is not given.
    #[arg(long, global = true, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
}

/// Which lock, and what is claimed of it.
#[derive(Args)]
pub(super) struct Subject {
    /// The lock; `onewinner list` names them.
    #[arg(value_name = "LOCK", value_parser = locks())]
    pub(super) lock: Lock,
    /// What is claimed.
    #[arg(long, value_name = "CLAIM", default_value = "exactly-one-winner")]
    pub(super) expect: Claim,
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

fn locks() -> impl TypedValueParser<Value = Lock> {
    PossibleValuesParser::new(primitive::ALL.iter().map(|primitive| primitive.name()))
        .map(|name| Lock(primitive::by_name(&name).expect("clap allows only names from the list")))
}

/// What a holder does inside, as an argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Workload {
    /// Load the state of a hub, append entries, save the state.
    HubSync,
}

/// What the processes do.
#[derive(Args)]
pub(super) struct What {
    /// contend: one attempt each, nobody releases; cycle: attempt, release, and again.
    #[arg(long, value_name = "KIND")]
    pub(super) scenario: Option<Kind>,
    /// How many processes.
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = processes)]
    pub(super) processes: Option<usize>,
    /// Attempts of each process, in cycles.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1_000))]
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
    pub(super) fn scenario(&self, processes: usize) -> Scenario {
        let processes = self.processes.unwrap_or(processes);
        if self.workload == Some(Workload::HubSync) {
            return Scenario {
                work: crate::scenario::Work::HubSync,
                ..Scenario::cycle(processes, self.rounds.unwrap_or(1))
            };
        }
        match (self.scenario, self.rounds) {
            (Some(Kind::Contend), _) | (None, None) => Scenario::contend(processes),
            (Some(Kind::Cycle), rounds) => Scenario::cycle(processes, rounds.unwrap_or(1)),
            (None, Some(rounds)) => Scenario::cycle(processes, rounds),
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
    match text.parse() {
        Ok(number) if (LEAST_PROCESSES..=MOST_PROCESSES).contains(&number) => Ok(number),
        _ => Err(format!("give a number from {LEAST_PROCESSES} to {MOST_PROCESSES}")),
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
