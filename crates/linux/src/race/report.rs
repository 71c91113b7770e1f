//! What a race has seen, as its caller gets it: counts, and one history for each class of rounds.
//!
//! Deliberately without a grade: properties judge the histories elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::worker::Race;
use super::{Alignment, RaceOptions};
use crate::sys;
use crate::sys::process::Ended;
use onewinner_core::fs::Errno;
use onewinner_core::history::{History, What};
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::ScenarioKind;

/// What a race has seen.
#[derive(Debug)]
pub struct Report {
    /// Rounds that were run to their end and counted.
    pub rounds: u64,
    /// The distinct rounds, in the order in which they were first seen.
    pub seen: Vec<Seen>,
    /// Rounds of which only the errors were counted, because there were too many distinct ones: nothing can be concluded.
    pub unclassified: u64,
    /// Rounds in which nobody won; of those in [`Report::seen`].
    pub without_winner: u64,
    /// How often attempts failed, by error.
    pub attempt_errors: BTreeMap<Errno, u64>,
    /// How often releases failed, by error.
    pub release_errors: BTreeMap<Errno, u64>,
    /// Why it ended.
    pub stop: Stop,
    /// From the first fork to the last worker's end.
    pub elapsed: Duration,
    /// What else the reader has to know.
    pub notes: Vec<Note>,
}

/// A round that stands for all rounds that no property tells apart from it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How many rounds.
    pub rounds: u64,
    /// The first of them: events without calls, in the order of one counter.
    ///
    /// It ends when all have answered, if the scenario is [`ScenarioKind::Contend`]: a release is told only if one failed.
    pub history: History,
}

/// Why a race ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All rounds were run.
    AllRounds,
    /// The time was over.
    TimeLimit,
    /// The user wished so.
    Interrupted,
    /// Workers died.
    Lost(Vec<Lost>),
    /// These contenders went on with one operation beyond the limit, and were killed.
    Hung(Vec<ProcessId>),
}

/// A worker process that died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The contenders in it.
    pub processes: Vec<ProcessId>,
    /// How it ended.
    pub ended: Ended,
}

/// Something that limits what a race says, or that it did besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// One CPU: nothing happens at the same time.
    OneCpu,
    /// Delayed, with more processes than CPUs: delays then scatter contenders that a start line gathers.
    Crowded {
        /// How many there are.
        cpus: usize,
    },
    /// So many directories of killed runs were removed.
    Swept(usize),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneCpu => f.write_str(
                "this machine has one CPU: contenders meet only when one is interrupted, so that only an aligned race \
                 means anything",
            ),
            Self::Crowded { cpus } => write!(
                f,
                "random delays need a CPU for each process, and this machine has {cpus}: use fewer processes, or race \
                 aligned"
            ),
            Self::Swept(1) => f.write_str("removed the directory that a killed run had left"),
            Self::Swept(count) => write!(f, "removed {count} directories that killed runs had left"),
        }
    }
}

/// What limits this race, and what it did besides.
pub(super) fn notes(options: &RaceOptions, swept: usize) -> Vec<Note> {
    let cpus = sys::cpus();
    let crowded = options.alignment == Alignment::Delayed && options.scenario.processes > cpus;
    let limit = match cpus {
        1 if options.alignment != Alignment::Aligned => Some(Note::OneCpu),
        _ => crowded.then_some(Note::Crowded { cpus }),
    };
    let swept = (swept > 0).then_some(Note::Swept(swept));
    limit.into_iter().chain(swept).collect()
}

/// What the race has counted, as histories and numbers.
pub(super) fn report(race: &Race<'_>, stop: Stop, elapsed: Duration, notes: Vec<Note>) -> Report {
    let tally = &race.board.tally;
    let classes = tally.classes(|round| race.ground.lock(round, ProcessId(0)));
    let seen: Vec<Seen> = classes
        .into_iter()
        .map(|counted| Seen {
            rounds: counted.rounds,
            history: match race.options.scenario.kind {
                ScenarioKind::Contend => without_clean_releases(counted.history),
                ScenarioKind::Cycle { .. } | ScenarioKind::Fault { .. } => counted.history,
            },
        })
        .collect();
    let won = |history: &History| history.events.iter().any(|event| event.what == What::Acquired);
    Report {
        rounds: tally.unclassified() + seen.iter().map(|seen| seen.rounds).sum::<u64>(),
        unclassified: tally.unclassified(),
        without_winner: seen
            .iter()
            .filter(|seen| !won(&seen.history))
            .map(|seen| seen.rounds)
            .sum(),
        attempt_errors: tally.attempt_errors(),
        release_errors: tally.release_errors(),
        seen,
        stop,
        elapsed,
        notes,
    }
}

/// The scenario *contend* has no release: it only clears up, unless one goes wrong.
fn without_clean_releases(mut history: History) -> History {
    let count = |what: &What| history.events.iter().filter(|event| event.what == *what).count();
    if count(&What::ReleaseBegan) == count(&What::Released) {
        history
            .events
            .retain(|event| !matches!(event.what, What::ReleaseBegan | What::Released));
    }
    history
}
