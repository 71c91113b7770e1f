//! What happened in one execution, in the same form for every backend.
//!
//! A history is a list of events in the order in which they were observed. Backends that control each call record the calls with
//! footprints, and happens-before orders the events. `race` only observes: it records *acquired* after the call returned and
//! *release* before the call is made, numbered by one shared counter, and that order counts. Does not depend on properties or
//! backends.

mod attempt;
mod order;
mod outcome;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::access::Accesses;
use crate::fs::call::{Call, Reply};
use crate::fs::{Errno, FileKind};
use crate::happens_before::Step;
use crate::id::ProcessId;
use crate::primitive::CallError;
use crate::schedule::Schedule;

pub use crate::primitive::CrashClass;
pub use attempt::{Attempt, AttemptResult, Release};
pub use order::EventOrder;
pub use outcome::Outcome;

/// One run of a scenario from its first step to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The process of each step; empty if the kernel chose.
    pub schedule: Schedule,
    /// What happened.
    pub history: History,
    /// How it ended.
    pub end: End,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Every process finished the scenario.
    Completed,
    /// The scheduler stopped it earlier.
    Cut,
    /// It was lost, or the schedule contained a step that could not be taken.
    Diverged {
        /// The first step that differs, counted from 0.
        step: usize,
        /// What was expected and what was found.
        reason: String,
    },
}

/// The events of one execution, with the context to judge them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The number of processes that took part.
    pub processes: usize,
    /// The lock that they contended for.
    pub lock: PathBuf,
    /// The process whose call got an injected error.
    pub disturbed: Option<ProcessId>,
    /// Whether a stale lock existed before the first event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// The process that attempts after all others have finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProcessId>,
    /// The process that plays the clock: it makes the lock's file old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ProcessId>,
    /// The crash class that the lock declares, if a process is killed or a lease expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash_class: Option<CrashClass>,
    /// The paths outside the lock's directory on which calls are steps too; see [`crate::scenario::Program::shared_paths`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_paths: Vec<PathBuf>,
    /// What happened, in the order in which it was observed.
    pub events: Vec<Event>,
    /// Snapshots of the file system, in order.
    pub snapshots: Vec<Snapshot>,
}

/// An event of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The process.
    pub process: ProcessId,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened. The calls of an operation come between its begin and its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// An attempt to acquire begins.
    AcquireBegan,
    /// The attempt won.
    Acquired,
    /// The attempt lost: another process has the lock.
    Busy,
    /// The attempt ended with an error.
    Failed {
        /// The error.
        error: CallError,
    },
    /// The holder finished its work.
    Worked {
        /// The number of entries that it appended.
        appended: u64,
    },
    /// The holder's work ended with an error.
    WorkFailed {
        /// The error.
        error: String,
    },
    /// The holder attempted again in its own process.
    Reentered {
        /// Whether it acquired the lock a second time.
        granted: bool,
    },
    /// The holder begins to release.
    ReleaseBegan,
    /// The lock was released.
    Released,
    /// The release ended with an error.
    ReleaseFailed {
        /// The error.
        error: CallError,
    },
    /// A system call was performed.
    Performed {
        /// The call.
        call: Call,
        /// The reply of the kernel.
        reply: Reply,
        /// What it touched.
        accesses: Accesses,
    },
    /// An error was injected in place of a call. Only `close` was performed anyway.
    Injected {
        /// The call.
        call: Call,
        /// The error that the process got.
        errno: Errno,
    },
    /// The lock's code panicked.
    Panicked {
        /// The message.
        message: String,
    },
}

/// The file system at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The number of events before it.
    pub position: usize,
    /// Every name with its type and content.
    pub files: Vec<SeenFile>,
    /// The number of open descriptors of each process.
    pub descriptors: Vec<usize>,
    /// The number of entries that the workload wrote more than once; `None` without the workload.
    pub duplicates: Option<u64>,
}

/// A name in a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeenFile {
    /// Its path.
    pub path: PathBuf,
    /// Its type.
    pub kind: FileKind,
    /// Its bytes; empty for a directory.
    pub content: Vec<u8>,
}

impl History {
    /// An empty history of `processes` processes that contend for `lock`.
    pub fn new(processes: usize, lock: PathBuf) -> Self {
        Self {
            processes,
            lock,
            disturbed: None,
            stale: false,
            probe: None,
            clock: None,
            crash_class: None,
            shared_paths: Vec::new(),
            events: Vec::new(),
            snapshots: Vec::new(),
        }
    }

    /// Whether a process was killed.
    pub fn died(&self) -> bool {
        self.calls().any(|(_, _, call, ..)| *call == Call::Die)
    }

    /// Whether a process acquired although there was a stale lock at the start.
    pub fn took_stale(&self) -> bool {
        self.stale && self.events.iter().any(|event| event.what == What::Acquired)
    }

    /// The performed calls, each with its position among the events.
    pub fn calls(&self) -> impl Iterator<Item = (usize, ProcessId, &Call, &Reply, &Accesses)> {
        self.events
            .iter()
            .enumerate()
            .filter_map(|(position, event)| match &event.what {
                What::Performed { call, reply, accesses } => Some((position, event.process, call, reply, accesses)),
                _ => None,
            })
    }

    /// The steps, for happens-before and for the class of the execution.
    pub fn steps(&self) -> Vec<Step> {
        self.calls()
            .map(|(_, process, _, _, accesses)| Step {
                process,
                accesses: accesses.clone(),
            })
            .collect()
    }
}
