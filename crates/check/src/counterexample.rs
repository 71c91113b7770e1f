//! Saved counterexamples: the file format. `replay.rs` replays them.
//!
//! A file has all that a replay needs: the lock, the scenario, the schedule, and the calls with their expected replies. An
//! unknown format or version is refused.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use super::plan::Backend;
use super::plan::Plan;
use super::program_context::ProgramContext;
use onewinner_core::backend::BackendKind;
use onewinner_core::explore::Limits;
use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::history::{End, Execution, History};
use onewinner_core::id::ProcessId;
use onewinner_core::property;
use onewinner_core::scenario::{MOST_PROCESSES, Program, Scenario, Subject};
use onewinner_core::schedule::Schedule;
use onewinner_core::verdict::Counterexample;
#[cfg(target_os = "linux")]
use onewinner_linux::sys::{effective_user, machine};

/// The value of `format` in a counterexample file.
pub const FORMAT: &str = "onewinner-counterexample";
/// The version of that format.
pub const VERSION: u32 = 3;
/// The largest counterexample file that is read, in bytes.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// A counterexample as its file stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Always [`FORMAT`].
    pub format: String,
    /// Always [`VERSION`].
    pub version: u32,
    /// The lock.
    pub subject: Subject,
    /// The backend that replays it: `sim` or `traced`. A schedule that loom found is replayed in `sim`.
    pub backend: BackendKind,
    /// The directories below which real processes ran. If empty, the directory for temporary files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<PathBuf>,
    /// The scenario.
    pub scenario: Scenario,
    /// The violated property.
    pub property: String,
    /// The violation, in one sentence.
    pub sentence: String,
    /// The process of each step.
    pub schedule: Schedule,
    /// The call of each step, with its reply.
    pub calls: Vec<SavedCall>,
    /// The system that found it.
    pub environment: Environment,
    /// The surroundings of a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramContext>,
}

/// One step of a saved counterexample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedCall {
    /// The calling process.
    pub process: ProcessId,
    /// The call.
    pub call: Call,
    /// The reply of the kernel or the simulation.
    pub reply: Reply,
}

/// The system on which a counterexample was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The kernel's release, or `simulated`.
    pub kernel: String,
    /// The type of the file system, or `simulated`.
    pub file_system: String,
    /// The user; absent in a simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The version of onewinner.
    pub onewinner: String,
}

/// Why a counterexample file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be read.
    #[error("failed to read {path:?}: {source}; give a file that `onewinner explore` saved")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("failed to write {path:?}: {source}; name another file with --save")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not a counterexample.
    #[error("failed to understand {path:?}: {reason}; give a file that `onewinner explore` saved")]
    Content {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
}

/// The subject with the paths that its contenders share: a replay has the same steps only if it watches the same paths.
fn with_shared_paths(subject: &Subject, history: &History) -> Subject {
    match subject {
        Subject::Program(program) => Subject::Program(Program {
            shared_paths: history.shared_paths.clone(),
            ..program.clone()
        }),
        Subject::Primitive(_) => subject.clone(),
    }
}

impl Saved {
    /// The file contents for a counterexample of this plan.
    pub fn new(plan: &Plan, counterexample: &Counterexample) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            subject: with_shared_paths(&plan.subject, &counterexample.execution.history),
            backend: plan.backend.replays_on(),
            directories: plan
                .backend
                .directories()
                .iter()
                .map(|directory| absolute(directory))
                .collect(),
            scenario: counterexample.scenario.clone(),
            property: counterexample.property.to_owned(),
            sentence: counterexample.sentence.clone(),
            schedule: counterexample.execution.schedule.clone(),
            calls: recorded_calls(&counterexample.execution.history),
            environment: Environment::of(plan),
            program: context_of(plan),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
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
    /// If the file cannot be read, or this version of onewinner cannot replay it.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let refused = |reason: String| FileError::Content {
            path: path.to_owned(),
            reason,
        };
        let text = read_text(path)?;
        // The head first: a later version may have other keys.
        let head: Head = serde_json::from_str(&text).map_err(|error| refused(one_line(&error)))?;
        if head.format != FORMAT {
            return Err(refused(format!("its format is {:?}, not {FORMAT:?}", head.format)));
        }
        if head.version != VERSION {
            return Err(refused(format!(
                "its version is {}, and this onewinner reads version {VERSION}",
                head.version
            )));
        }
        let saved: Self = serde_json::from_str(&text).map_err(|error| refused(one_line(&error)))?;
        match saved.why_unsupported() {
            Some(reason) => Err(refused(reason)),
            None => Ok(saved),
        }
    }

    /// Why this version cannot replay it.
    fn why_unsupported(&self) -> Option<String> {
        let (processes, steps, most_steps) = (self.scenario.processes, self.schedule.len(), Limits::default().steps);
        if !self.backend.is_explored() {
            return Some(format!("{} replays no schedules; `sim` and `traced` do", self.backend));
        }
        if let (Subject::Program(program), BackendKind::Sim) = (&self.subject, self.backend) {
            return Some(format!("{} cannot run the program {:?}", self.backend, program.line));
        }
        if self.backend == BackendKind::Traced && !cfg!(target_os = "linux") {
            return Some("this build of onewinner traces no processes".to_owned());
        }
        if !property::ALL.iter().any(|property| property.name() == self.property) {
            return Some(format!("there is no property {:?}", self.property));
        }
        if !(1..=MOST_PROCESSES).contains(&processes) {
            return Some(format!(
                "its number of processes, {processes}, is not from 1 to {MOST_PROCESSES}"
            ));
        }
        (steps > most_steps).then(|| format!("its schedule has {steps} steps, more than {most_steps}"))
    }
}

impl Environment {
    fn of(plan: &Plan) -> Self {
        let onewinner = env!("CARGO_PKG_VERSION").to_owned();
        #[cfg(target_os = "linux")]
        if let Backend::Traced { directories, .. } = &plan.backend {
            let unknown = || "unknown".to_owned();
            let directory = directories.first().cloned().unwrap_or_else(std::env::temp_dir);
            return Self {
                kernel: machine::kernel(),
                file_system: machine::file_system(&directory).map_or_else(|_| unknown(), |found| found.kind),
                uid: Some(effective_user()),
                onewinner,
            };
        }
        let simulated = || "simulated".to_owned();
        debug_assert_eq!(plan.backend.replays_on(), BackendKind::Sim);
        Self {
            kernel: simulated(),
            file_system: simulated(),
            uid: None,
            onewinner,
        }
    }
}

/// The surroundings of the plan's program, if it is one.
fn context_of(plan: &Plan) -> Option<ProgramContext> {
    match &plan.subject {
        #[cfg(target_os = "linux")]
        Subject::Program(program) => ProgramContext::of(program),
        _ => None,
    }
}

/// The calls of a history, as a file stores them.
pub(crate) fn recorded_calls(history: &History) -> Vec<SavedCall> {
    let saved = |(_, process, call, reply, _): (usize, ProcessId, &Call, &Reply, _)| SavedCall {
        process,
        call: call.clone(),
        reply: reply.clone(),
    };
    history.calls().map(saved).collect()
}

/// The first step in which an execution differs from recorded calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The step, from 0.
    pub(crate) step: usize,
    /// The recorded step.
    pub(crate) expected: String,
    /// The step of the execution.
    pub(crate) found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, expected, found } = self;
        write!(f, "step {step} differs: expected {expected}; found {found}")
    }
}

/// The first step in which the execution differs from the recorded calls of a schedule.
pub(crate) fn first_difference(
    recorded: &[SavedCall],
    schedule: &Schedule,
    execution: &Execution,
) -> Option<Difference> {
    let found = recorded_calls(&execution.history);
    let steps = recorded.len().max(found.len());
    if let Some(step) = (0..steps).find(|&step| recorded.get(step) != found.get(step)) {
        let found = match (&execution.end, found.get(step)) {
            (End::Diverged { reason, .. }, None) => reason.clone(),
            (_, call) => describe(call),
        };
        let expected = describe(recorded.get(step));
        return Some(Difference { step, expected, found });
    }
    // The calls agree, but the schedule has more steps.
    let step = execution.schedule.len();
    let process = schedule.steps().get(step)?;
    Some(Difference {
        step,
        expected: format!("a step of {process}"),
        found: describe(None),
    })
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

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// Reads a regular file of limited size: a pipe or a device may have no end.
fn read_text(path: &Path) -> Result<String, FileError> {
    let unreadable = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let refused = |reason: String| FileError::Content {
        path: path.to_owned(),
        reason,
    };
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(refused("it is not a regular file".to_owned()));
    }
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    let read = file.take(LARGEST_FILE + 1).read_to_string(&mut text);
    match read.map_err(unreadable)? as u64 {
        ..=LARGEST_FILE => Ok(text),
        _ => Err(refused(format!("it has more than {LARGEST_FILE} bytes"))),
    }
}

/// The path from the root, so that a replay in another working directory finds it.
fn absolute(directory: &Path) -> PathBuf {
    std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned())
}

/// The message on one line: it may quote line breaks of the file.
fn one_line(error: &serde_json::Error) -> String {
    error.to_string().replace(char::is_control, " ")
}
