//! The result of a race: counts, and one history for each class of rounds.
//!
//! Judges nothing: properties judge the histories elsewhere.

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

/// The result of a race.
#[derive(Debug)]
pub struct Report {
    /// Rounds that were run to their end and counted.
    pub rounds: u64,
    /// The distinct rounds, in the order in which they first occurred.
    pub seen: Vec<Seen>,
    /// Rounds of which only the errors were counted, because there were too many distinct ones. With any of them nothing can
    /// be concluded.
    pub unclassified: u64,
    /// Rounds of [`Report::seen`] in which no process won.
    pub without_winner: u64,
    /// How often attempts failed, by error.
    pub attempt_errors: BTreeMap<Errno, u64>,
    /// How often releases failed, by error.
    pub release_errors: BTreeMap<Errno, u64>,
    /// Why the race ended.
    pub stop: Stop,
    /// The time from the first fork to the end of the last worker.
    pub elapsed: Duration,
    /// What limits this race, and what it cleaned up.
    pub notes: Vec<Note>,
}

/// A round that represents all rounds that no property can tell apart from it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How many rounds.
    pub rounds: u64,
    /// The first of them: events without calls, in the order of one counter.
    ///
    /// In the scenario [`ScenarioKind::Contend`] it ends when all have answered: releases are included only if one failed.
    pub history: History,
}

/// Why a race ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All rounds were run.
    AllRounds,
    /// The time was over.
    TimeLimit,
    /// The user interrupted it.
    Interrupted,
    /// Workers died.
    Lost(Vec<Lost>),
    /// These contenders did not finish one operation within the limit, and were killed.
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

/// Something that limits what a race can show, or something it cleaned up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// One CPU: processes do not run at the same time.
    OneCpu,
    /// Random delays with more processes than CPUs: then delays scatter the contenders that the start line has gathered.
    Crowded {
        /// The number of CPUs.
        cpus: usize,
    },
    /// The number of removed directories of killed runs.
    Swept(usize),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneCpu => f.write_str(
                "this machine has one CPU: contenders overlap only when one is preempted, so only an aligned race \
                 is meaningful",
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

/// What limits this race, and what it cleaned up.
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

/// Reads the counts and histories of a race.
pub(super) fn report(race: &Race<'_>, stop: Stop, elapsed: Duration, notes: Vec<Note>) -> Report {
    let counters = &race.state.counters;
    let classes = counters.classes(|round| race.round_dirs.lock(round, ProcessId(0)));
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
        rounds: counters.unclassified() + seen.iter().map(|seen| seen.rounds).sum::<u64>(),
        unclassified: counters.unclassified(),
        without_winner: seen
            .iter()
            .filter(|seen| !won(&seen.history))
            .map(|seen| seen.rounds)
            .sum(),
        attempt_errors: counters.attempt_errors(),
        release_errors: counters.release_errors(),
        seen,
        stop,
        elapsed,
        notes,
    }
}

/// Removes the releases of the scenario *contend*, which only clean up, unless one failed.
fn without_clean_releases(mut history: History) -> History {
    let count = |what: &What| history.events.iter().filter(|event| event.what == *what).count();
    if count(&What::ReleaseBegan) == count(&What::Released) {
        history
            .events
            .retain(|event| !matches!(event.what, What::ReleaseBegan | What::Released));
    }
    history
}
