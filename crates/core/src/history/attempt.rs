//! Attempts: the events of a history grouped by acquisition and release.

use super::{Event, History, What};
use crate::fs::call::Call;
use crate::id::ProcessId;
use crate::primitive::CallError;

/// One attempt to acquire, with the release that followed if it won.
///
/// Positions are those of events in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The process that attempts.
    pub process: ProcessId,
    /// Where it begins.
    pub began: usize,
    /// The result.
    pub result: AttemptResult,
    /// Where the result was known; `None` while the attempt is undecided.
    pub decided: Option<usize>,
    /// The calls made to acquire.
    pub calls: Vec<usize>,
    /// The release, if it was begun.
    pub release: Option<Release>,
    /// Where the process was killed, if that ended the attempt, the hold or the release; or where a program ended by an error
    /// although it still had to release.
    pub died: Option<usize>,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// The history ends before the result is known.
    Undecided,
    /// It won.
    Acquired,
    /// It lost.
    Busy,
    /// It ended with an error.
    Failed(CallError),
    /// The lock's code panicked.
    Panicked(String),
}

/// The release of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Where it begins.
    pub began: usize,
    /// Where it ended; `None` while it continues.
    pub ended: Option<usize>,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The calls made to release.
    pub calls: Vec<usize>,
}

impl Attempt {
    /// Whether it won.
    pub fn acquired(&self) -> bool {
        self.result == AttemptResult::Acquired
    }

    /// Where the hold begins: the last call of the acquisition, or the event itself in a history without calls.
    pub fn hold_begins(&self) -> Option<usize> {
        self.acquired()
            .then(|| self.calls.last().copied().or(self.decided))
            .flatten()
    }

    /// Where the hold ends: the first call of the release, or the event itself in a history without calls. A killed holder's hold
    /// ends with its death.
    pub fn hold_ends(&self) -> Option<usize> {
        let Some(release) = &self.release else {
            return self.died;
        };
        if self.calls.is_empty() {
            return Some(release.began);
        }
        release.calls.first().copied().or(self.died)
    }

    /// The event after which the process does not hold any more: the begin of the release, or its death.
    pub fn stops_holding(&self) -> Option<usize> {
        self.release.as_ref().map(|release| release.began).or(self.died)
    }
}

impl History {
    /// The attempts in the order in which they began.
    pub fn attempts(&self) -> Vec<Attempt> {
        of(&self.events)
    }
}

/// Groups events into attempts, in the order in which they began.
fn of(events: &[Event]) -> Vec<Attempt> {
    let mut attempts: Vec<Attempt> = Vec::new();
    for (position, event) in events.iter().enumerate() {
        if matches!(event.what, What::AcquireBegan) {
            attempts.push(Attempt {
                process: event.process,
                began: position,
                result: AttemptResult::Undecided,
                decided: None,
                calls: Vec::new(),
                release: None,
                died: None,
            });
        } else if let Some(attempt) = attempts.iter_mut().rfind(|attempt| attempt.process == event.process) {
            extend(attempt, position, &event.what);
            if matches!(event.what, What::ReleaseFailed { .. }) {
                attempt.died = attempt.died.or(exit_before(events, position));
            }
        }
    }
    attempts
}

/// The exit of the process of this event, if that is its last call before the event.
fn exit_before(events: &[Event], position: usize) -> Option<usize> {
    let process = events[position].process;
    let mut before = events[..position].iter().enumerate().rev();
    let (position, what) = before.find_map(|(position, event)| match &event.what {
        What::Performed { call, .. } if event.process == process => Some((position, call)),
        _ => None,
    })?;
    (*what == Call::Exit).then_some(position)
}

fn extend(attempt: &mut Attempt, position: usize, what: &What) {
    match what {
        What::Performed { call: Call::Die, .. } => {
            attempt.died.get_or_insert(position);
            return;
        }
        // Calls that a backend makes for a process are not part of its attempt.
        What::Performed { call: Call::Exit, .. } => return,
        _ => {}
    }
    if attempt.decided.is_none() {
        attempt.decided = Some(position);
        attempt.result = match what {
            What::Acquired => AttemptResult::Acquired,
            What::Busy => AttemptResult::Busy,
            What::Failed { error } => AttemptResult::Failed(error.clone()),
            What::Panicked { message } => AttemptResult::Panicked(message.clone()),
            _ => {
                attempt.decided = None;
                AttemptResult::Undecided
            }
        };
    }
    match (what, &mut attempt.release) {
        (What::ReleaseBegan, release) => {
            *release = Some(Release {
                began: position,
                ended: None,
                succeeded: false,
                calls: Vec::new(),
            });
        }
        (What::Released | What::ReleaseFailed { .. }, Some(release)) => {
            release.ended = Some(position);
            release.succeeded = matches!(what, What::Released);
        }
        (What::Performed { .. }, Some(release)) if release.ended.is_none() => release.calls.push(position),
        (What::Performed { .. }, None) if attempt.decided.is_none() => attempt.calls.push(position),
        _ => {}
    }
}
