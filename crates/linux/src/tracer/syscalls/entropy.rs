//! The random bytes of programs: different for each contender, the same in every execution.

use std::collections::BTreeMap;
use std::io;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::at_call::AtCall;
use crate::sys::trace::Memory;
use onewinner_core::id::ProcessId;

/// The most random bytes that one call returns.
const MOST_DRAWN: usize = 1 << 20;

/// The random bytes of all contenders.
#[derive(Default)]
pub(crate) struct Entropy {
    sources: BTreeMap<ProcessId, ChaCha8Rng>,
    /// The source of a contender at the moment when its fork snapshot was taken.
    kept: BTreeMap<ProcessId, ChaCha8Rng>,
}

impl Entropy {
    /// A new execution begins.
    pub(crate) fn begin(&mut self) {
        self.sources.clear();
    }

    /// A fork snapshot of the contender is taken.
    pub(crate) fn keep(&mut self, process: ProcessId) {
        if let Some(source) = self.sources.get(&process) {
            self.kept.insert(process, source.clone());
        }
    }

    /// A contender starts; a copy goes on from its snapshot.
    pub(crate) fn starts(&mut self, process: ProcessId) {
        if let Some(kept) = self.kept.get(&process) {
            self.sources.entry(process).or_insert_with(|| kept.clone());
        }
    }

    /// Answers getrandom(2): writes random bytes for a task, and returns how many.
    pub(crate) fn draw(&mut self, at: &AtCall<'_>) -> io::Result<i64> {
        self.fill(at.process, at.memory, at.entry.arguments[0], at.entry.arguments[1])
    }

    /// Writes up to `wanted` random bytes to the memory of a contender, and returns how many.
    pub(crate) fn fill(&mut self, process: ProcessId, memory: &Memory, place: u64, wanted: u64) -> io::Result<i64> {
        let wanted = usize::try_from(wanted).unwrap_or(MOST_DRAWN);
        let mut bytes = vec![0; wanted.min(MOST_DRAWN)];
        let source = self
            .sources
            .entry(process)
            .or_insert_with(|| ChaCha8Rng::seed_from_u64(u64::from(process.0)));
        source.fill_bytes(&mut bytes);
        memory.write(place, &bytes)?;
        Ok(i64::try_from(bytes.len()).expect("at most 1 MiB"))
    }
}
