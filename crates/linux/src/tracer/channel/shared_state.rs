//! The events of contenders, in memory that they share with the tracer. The tracer reads it while they are stopped.
//!
//! Does not interpret events: each is a line of JSON.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sys::Shared;
use crate::sys::memory::ShareError;
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;

/// The most bytes of events between two stops of a contender; each takes a word of memory.
const ROOM: usize = 16 * 1024;

/// The events of each contender since they were last read.
pub(crate) struct SharedState(Shared<AtomicU64>);

impl SharedState {
    pub(crate) fn new(processes: usize) -> Result<Self, ShareError> {
        Ok(Self(Shared::zeroed(processes * (ROOM + 1))?))
    }

    /// Forgets all events.
    pub(crate) fn begin(&self) {
        for part in self.0.chunks(ROOM + 1) {
            part[0].store(0, Ordering::Relaxed);
        }
    }

    fn part(&self, process: ProcessId) -> &[AtomicU64] {
        &self.0[process.index() * (ROOM + 1)..][..ROOM + 1]
    }

    /// Adds an event. One that does not fit becomes a panic, which never counts as a pass.
    pub(crate) fn push(&self, process: ProcessId, what: &What) {
        let part = self.part(process);
        let used = length(part);
        let mut line = serde_json::to_vec(what).unwrap_or_default();
        if line.is_empty() || used + line.len() + 1 > ROOM / 2 {
            let message = "an event that cannot be sent to the tracer".to_owned();
            line = serde_json::to_vec(&What::Panicked { message }).expect("plain text");
        }
        line.push(b'\n');
        for (place, byte) in part[1 + used..].iter().zip(&line) {
            place.store(u64::from(*byte), Ordering::Relaxed);
        }
        part[0].store((used + line.len()).min(ROOM) as u64, Ordering::Relaxed);
    }

    /// The events of a contender since the last call, with `directory` as the root of their paths.
    pub(crate) fn drain(&self, process: ProcessId, directory: &Path) -> Vec<What> {
        let part = self.part(process);
        let bytes: Vec<u8> = part[1..=length(part)]
            .iter()
            .map(|word| word.load(Ordering::Relaxed) as u8)
            .collect();
        part[0].store(0, Ordering::Relaxed);
        let quoted = serde_json::to_string(directory).expect("a directory of ours is text");
        let text = String::from_utf8_lossy(&bytes).replace(quoted.trim_matches('"'), "");
        let read = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| What::Panicked {
                message: format!("it overwrote the events that it had sent: {error}"),
            })
        };
        text.lines().map(read).collect()
    }
}

fn length(part: &[AtomicU64]) -> usize {
    // The contender may have overwritten it.
    (part[0].load(Ordering::Relaxed) as usize).min(ROOM)
}
