//! What happened in one execution, as every backend tells it.
//!
//! A history is a list of events in the order in which they were seen. Backends that control each call put the calls in,
//! with footprints: then instants are judged by happens-before. Backends that only watch (`race`) log *acquired* after the
//! call returned and *release* before it is called, by one shared counter: then by the order of the events.
//! Deliberately knows no property and no backend.

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
pub use attempt::{Attempt, Release, Result as AttemptResult};
pub use order::Order;
pub use outcome::Outcome;

/// One run of a scenario from its first step to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The choices that made it; empty where the kernel chose.
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
    /// Every process did all that the scenario asks.
    Completed,
    /// The scheduler stopped it before.
    Cut,
    /// A schedule that was followed asked for a step that its process could not take.
    Diverged {
        /// The first step that differs, counted from 0.
        step: usize,
        /// What was expected, and what was there.
        reason: String,
    },
}

/// The events of one execution, with what frames them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// How many processes took part.
    pub processes: usize,
    /// The lock that they contended for.
    pub lock: PathBuf,
    /// The process in one of whose calls an error was injected.
    pub disturbed: Option<ProcessId>,
    /// Whether a stale lock stood there before the first event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// The process that attempts when all others are done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ProcessId>,
    /// The process that stands for the clock: it makes the lock's file old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ProcessId>,
    /// What the lock is declared to be after somebody was killed, if somebody is to be killed or a lease runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash_class: Option<CrashClass>,
    /// What happened, in the order in which it was seen.
    pub events: Vec<Event>,
    /// The file system as it was seen from outside, from the first to the last look.
    pub snapshots: Vec<Snapshot>,
}

/// Something that a process did or met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Who.
    pub process: ProcessId,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// Kinds of events. *Began* and its end bracket an operation; calls stand between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum What {
    /// An attempt to acquire begins.
    AcquireBegan,
    /// The attempt won.
    Acquired,
    /// The attempt lost: somebody else has the lock.
    Busy,
    /// The attempt ended with an error.
    Failed {
        /// The error.
        error: CallError,
    },
    /// The holder's work inside ended.
    Worked {
        /// How many entries it appended.
        appended: u64,
    },
    /// The holder's work inside ended with an error.
    WorkFailed {
        /// The error.
        error: String,
    },
    /// The holder attempted once more in its own process.
    Reentered {
        /// Whether it was granted the lock that it has.
        granted: bool,
    },
    /// The holder begins to release.
    ReleaseBegan,
    /// The lock was given back.
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
        /// The kernel's answer.
        reply: Reply,
        /// What it touched.
        accesses: Accesses,
    },
    /// An error was injected in place of a call; only `close` was performed all the same.
    Injected {
        /// The call.
        call: Call,
        /// The error that the process was told.
        errno: Errno,
    },
    /// The lock's code panicked.
    Panicked {
        /// The message.
        message: String,
    },
}

/// The file system at one moment, as somebody outside sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// How many events came before it.
    pub position: usize,
    /// Every name, its kind, and its content.
    pub files: Vec<SeenFile>,
    /// How many descriptors each process has open.
    pub descriptors: Vec<usize>,
    /// How many entries the workload wrote more than once; `None` without the workload.
    pub duplicates: Option<u64>,
}

/// A name in a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeenFile {
    /// Its path.
    pub path: PathBuf,
    /// What it is.
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
            events: Vec::new(),
            snapshots: Vec::new(),
        }
    }

    /// Whether somebody was killed.
    pub fn died(&self) -> bool {
        self.calls().any(|(_, _, call, ..)| *call == Call::Die)
    }

    /// Whether somebody acquired although a stale lock stood there at the start.
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
