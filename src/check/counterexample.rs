//! Counterexamples as files, and their replay on the simulated file system.
//!
//! A file carries all that is needed to see the violation again: subject, scenario, schedule, and the calls with the replies
//! that are expected. An unknown format or version is refused.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::backend::sim;
use crate::explore::{Limits, Replay};
use crate::fs::call::{Call, Reply};
use crate::history::{Execution, History};
use crate::id::ProcessId;
use crate::primitive::{self, LockPrimitive};
use crate::property;
use crate::scenario::{MOST_PROCESSES, Scenario};
use crate::schedule::Schedule;
use crate::verdict::{Counterexample, Reproduced};

/// The value of `format` in a counterexample file.
pub const FORMAT: &str = "onewinner-counterexample";
/// The version of that format.
pub const VERSION: u32 = 1;
/// How often a counterexample is replayed before it is shown.
pub const REPLAYS: u32 = 10;
/// The largest counterexample file that is read, in bytes.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// A counterexample as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Always [`FORMAT`].
    pub format: String,
    /// Always [`VERSION`].
    pub version: u32,
    /// The primitive.
    pub lock: String,
    /// What was run.
    pub scenario: Scenario,
    /// The property that is violated.
    pub property: String,
    /// How, in one sentence.
    pub sentence: String,
    /// Who takes each step.
    pub schedule: Schedule,
    /// The calls, one for each step, with the replies that they got.
    pub calls: Vec<SavedCall>,
    /// Where it was found.
    pub environment: Environment,
}

/// One step of a saved counterexample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedCall {
    /// Who makes it.
    pub process: ProcessId,
    /// The call.
    pub call: Call,
    /// The kernel's answer.
    pub reply: Reply,
}

/// Where a counterexample was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The kernel: `simulated`, for now.
    pub kernel: String,
    /// The type of the file system.
    pub file_system: String,
    /// The version of onewinner.
    pub onewinner: String,
}

/// Why a counterexample file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("failed to read {path:?}: {source}; give a file that `onewinner explore` saved")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("failed to write {path:?}: {source}; name another file with --save")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no counterexample file.
    #[error("failed to understand {path:?}: {reason}; give a file that `onewinner explore` saved")]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What a replay showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same calls, the same replies, the same violation.
    Reproduced(Box<Counterexample>),
    /// The schedule could be followed, and nothing was violated.
    NotReproduced(Box<Execution>),
    /// Something differed before the end.
    Diverged {
        /// The first step that differs, counted from 0.
        step: usize,
        /// What the file expects there.
        expected: String,
        /// What there was.
        found: String,
    },
}

impl Saved {
    /// The file of a counterexample that the simulated file system showed.
    pub fn new(lock: &dyn LockPrimitive, scenario: &Scenario, counterexample: &Counterexample) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            lock: lock.name().to_owned(),
            scenario: scenario.clone(),
            property: counterexample.property.to_owned(),
            sentence: counterexample.sentence.clone(),
            schedule: counterexample.execution.schedule.clone(),
            calls: calls(&counterexample.execution.history),
            environment: Environment {
                kernel: "simulated".to_owned(),
                file_system: "simulated".to_owned(),
                onewinner: env!("CARGO_PKG_VERSION").to_owned(),
            },
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    ///
    /// # Panics
    ///
    /// Never: the value has a JSON form.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let text = serde_json::to_string_pretty(self).expect("a counterexample has a JSON form");
        fs::write(path, text + "\n").map_err(|source| FileError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads a file, and checks that this version of onewinner can replay it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no counterexample of a version, lock and scenario that exist here.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let unreadable = |source| FileError::Read {
            path: path.to_owned(),
            source,
        };
        let refused = |reason: String| FileError::Content {
            path: path.to_owned(),
            reason,
        };
        let length = fs::metadata(path).map_err(unreadable)?.len();
        if length > LARGEST_FILE {
            return Err(refused(format!(
                "it has {length} bytes, and {LARGEST_FILE} are the most"
            )));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        // The head first: of a later version nothing else may be understood.
        let head: Head = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        if head.format != FORMAT {
            return Err(refused(format!("its format is {:?}, not {FORMAT:?}", head.format)));
        }
        if head.version != VERSION {
            return Err(refused(format!(
                "its version is {}, and {VERSION} is known",
                head.version
            )));
        }
        let saved: Self = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        if primitive::by_name(&saved.lock).is_none() {
            return Err(refused(format!("there is no lock {:?}", saved.lock)));
        }
        if !(1..=MOST_PROCESSES).contains(&saved.scenario.processes) {
            return Err(refused(format!(
                "{} processes are too many or too few",
                saved.scenario.processes
            )));
        }
        Ok(saved)
    }

    /// Follows the schedule once more.
    ///
    /// # Panics
    ///
    /// When the lock does not exist, which [`Saved::read`] refuses.
    pub fn replay(&self) -> Replayed {
        let primitive = primitive::by_name(&self.lock).expect("checked when the file was read");
        let execution = replay(primitive, &self.scenario, &self.schedule);
        let found = calls(&execution.history);
        let differs = (0..self.calls.len().max(found.len())).find(|&step| self.calls.get(step) != found.get(step));
        if let Some(step) = differs {
            return Replayed::Diverged {
                step,
                expected: describe(self.calls.get(step)),
                found: describe(found.get(step)),
            };
        }
        match property::first_violation(&execution.history) {
            Some((property, violation)) => Replayed::Reproduced(Box::new(Counterexample {
                property: property.name(),
                sentence: violation.sentence,
                execution,
                reproduced: None,
            })),
            None => Replayed::NotReproduced(Box::new(execution)),
        }
    }
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

fn describe(call: Option<&SavedCall>) -> String {
    match call {
        None => "no further call".to_owned(),
        Some(SavedCall { process, call, reply }) => match reply {
            Ok(value) => format!("{process} {call} = {value}"),
            Err(errno) => format!("{process} {call} = {errno}"),
        },
    }
}

fn calls(history: &History) -> Vec<SavedCall> {
    let saved = |(_, process, call, reply, _): (usize, ProcessId, &Call, &Reply, _)| SavedCall {
        process,
        call: call.clone(),
        reply: reply.clone(),
    };
    history.calls().map(saved).collect()
}

/// Replays an execution of whatever backend on the simulated file system, [`REPLAYS`] times.
pub(super) fn reproduce(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    execution: &Execution,
    property: &str,
) -> Reproduced {
    let expected = calls(&execution.history);
    let same = (0..REPLAYS).filter(|_| {
        let again = replay(primitive, scenario, &execution.schedule);
        let violated = property::first_violation(&again.history).is_some_and(|(found, _)| found.name() == property);
        violated && calls(&again.history) == expected
    });
    Reproduced {
        same: u32::try_from(same.count()).unwrap_or(REPLAYS),
        of: REPLAYS,
    }
}

fn replay(primitive: &'static dyn LockPrimitive, scenario: &Scenario, schedule: &Schedule) -> Execution {
    let mut replayed = None;
    sim::explore(
        primitive,
        scenario,
        &mut Replay::new(schedule.clone()),
        Limits::default(),
        &mut |execution| {
            replayed = Some(execution);
            ControlFlow::Break(())
        },
    );
    replayed.expect("a replay runs one execution")
}
