//! The random bytes of programs: different for each task, the same in every execution.
//!
//! Tasks of one contender run at the same time, so each one has a source of its own: which of them draws first decides nothing. A
//! source is chosen by the contender, by how often that was started, and by the rank of the task among those of the start. So a
//! process that has ended, the holder of a stale lock among them, shares no bytes with a later one.

use std::collections::BTreeMap;
use std::io;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::at_call::AtCall;
use crate::sys::trace::Memory;
use onewinner_core::id::ProcessId;

/// The most random bytes that one call returns.
const MOST_DRAWN: usize = 1 << 20;

/// The start of the holder of a stale lock.
const STALE: u16 = u16::MAX;

/// The number of bytes in a UUID, [RFC 9562](https://www.rfc-editor.org/rfc/rfc9562).
const UUID_BYTES: usize = 16;

/// A start of a contender, and the tasks that it has had.
#[derive(Clone, Copy, Debug, Default)]
struct Started {
    start: u16,
    tasks: u32,
}

/// The random bytes of all contenders.
#[derive(Default)]
pub(crate) struct Entropy {
    /// The source of each task.
    sources: BTreeMap<i32, ChaCha8Rng>,
    /// The present start of each contender.
    present: BTreeMap<ProcessId, Started>,
    /// The source of a contender when its fork snapshot was taken, and the tasks that it had had, by the serial number of that.
    kept: BTreeMap<u64, (ChaCha8Rng, u32)>,
    /// Whether the holder of a stale lock is started now.
    stale: bool,
}

impl Entropy {
    /// A new execution begins, or the holder of its stale lock.
    pub(crate) fn begin(&mut self) {
        self.sources.clear();
        self.present.clear();
        self.stale = false;
    }

    /// What starts next is the holder of a stale lock.
    pub(crate) fn leaves_a_stale_lock(&mut self) {
        self.stale = true;
    }

    /// A contender starts; its first process is born next.
    pub(crate) fn starts(&mut self, process: ProcessId) {
        let last = self.present.get(&process);
        let start = match last {
            _ if self.stale => STALE,
            Some(last) => last.start.saturating_add(1).min(STALE - 1),
            None => 0,
        };
        self.present.insert(process, Started { start, tasks: 0 });
    }

    /// A task of a contender exists.
    pub(crate) fn born(&mut self, process: ProcessId, task: i32) {
        let present = self.present.entry(process).or_default();
        present.tasks += 1;
        self.sources.insert(task, source(process, *present));
    }

    /// The contender that has started is a copy of its fork snapshot, and goes on from there.
    pub(crate) fn copied(&mut self, process: ProcessId, task: i32, serial: u64) {
        let Some(present) = self.present.get_mut(&process) else {
            return;
        };
        if let Some((kept, tasks)) = self.kept.get(&serial) {
            present.tasks = *tasks;
            self.sources.insert(task, kept.clone());
        }
    }

    /// A fork snapshot of the contender is taken, whose only task is this one. It will start again, as a copy.
    pub(crate) fn keep(&mut self, process: ProcessId, task: i32, serial: u64) {
        let Some(present) = self.present.get_mut(&process) else {
            return;
        };
        if let Some(source) = self.sources.remove(&task) {
            self.kept.insert(serial, (source, present.tasks));
        }
        match present.start.checked_sub(1) {
            Some(start) => present.start = start,
            None => {
                self.present.remove(&process);
            }
        }
    }

    /// This fork snapshot is gone.
    pub(super) fn discard(&mut self, serial: u64) {
        self.kept.remove(&serial);
    }

    /// Answers getrandom(2): writes random bytes for a task, and returns how many.
    pub(crate) fn draw(&mut self, at: &AtCall<'_>) -> io::Result<i64> {
        self.fill(at, at.entry.arguments[0], at.entry.arguments[1])
    }

    /// Writes up to `wanted` random bytes to the memory of a task, and returns how many.
    pub(crate) fn fill(&mut self, at: &AtCall<'_>, place: u64, wanted: u64) -> io::Result<i64> {
        self.fill_memory((at.process, at.task), at.memory, place, wanted)
    }

    /// As [`fill`](Self::fill), for a task that is at no call.
    pub(crate) fn fill_memory(
        &mut self,
        (process, task): (ProcessId, i32),
        memory: &Memory,
        place: u64,
        wanted: u64,
    ) -> io::Result<i64> {
        let wanted = usize::try_from(wanted).unwrap_or(MOST_DRAWN);
        let mut bytes = vec![0; wanted.min(MOST_DRAWN)];
        self.source(process, task).fill_bytes(&mut bytes);
        memory.write(place, &bytes)?;
        Ok(i64::try_from(bytes.len()).expect("at most 1 MiB"))
    }

    /// A new UUID for a task, as `/proc/sys/kernel/random/uuid` shows it.
    pub(crate) fn uuid(&mut self, at: &AtCall<'_>) -> String {
        uuid(self.source(at.process, at.task))
    }

    fn source(&mut self, process: ProcessId, task: i32) -> &mut ChaCha8Rng {
        let present = self.present.entry(process).or_default();
        // A thread that called execve has the number of its process from then on.
        self.sources.entry(task).or_insert_with(|| {
            present.tasks += 1;
            source(process, *present)
        })
    }
}

/// The UUID of the start of the machine, as `/proc/sys/kernel/random/boot_id` shows it: the same for all.
pub(crate) fn boot_id() -> String {
    uuid(&mut ChaCha8Rng::seed_from_u64(u64::MAX))
}

fn source(process: ProcessId, Started { start, tasks }: Started) -> ChaCha8Rng {
    let rank = u64::from(tasks.saturating_sub(1));
    ChaCha8Rng::seed_from_u64(rank << 32 | u64::from(start) << 16 | u64::from(process.0))
}

/// A random UUID: `uuid_gen` of `lib/uuid.c` sets the same bits.
fn uuid(source: &mut ChaCha8Rng) -> String {
    let mut bytes = [0; UUID_BYTES];
    source.fill_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const P0: ProcessId = ProcessId(0);
    const P1: ProcessId = ProcessId(1);

    fn drawn(entropy: &mut Entropy, process: ProcessId, task: i32) -> u64 {
        entropy.source(process, task).next_u64()
    }

    fn start(entropy: &mut Entropy, process: ProcessId, task: i32) {
        entropy.starts(process);
        entropy.born(process, task);
    }

    #[test]
    fn tasks_draw_different_bytes_in_any_order() {
        let draw = |order: &[(ProcessId, i32)]| {
            let mut entropy = Entropy::default();
            start(&mut entropy, P0, 10);
            start(&mut entropy, P1, 20);
            entropy.born(P0, 11);
            let mut bytes: Vec<_> = order
                .iter()
                .map(|(process, task)| (*task, drawn(&mut entropy, *process, *task)))
                .collect();
            bytes.sort_unstable();
            bytes
        };
        let bytes = draw(&[(P0, 10), (P0, 11), (P1, 20)]);
        assert_eq!(bytes, draw(&[(P1, 20), (P0, 11), (P0, 10)]));
        assert!(bytes[0].1 != bytes[1].1 && bytes[1].1 != bytes[2].1);
    }

    #[test]
    fn a_later_round_and_a_dead_holder_draw_other_bytes() {
        let mut entropy = Entropy::default();
        entropy.begin();
        entropy.leaves_a_stale_lock();
        start(&mut entropy, P0, 90);
        let dead = drawn(&mut entropy, P0, 90);
        entropy.begin();
        start(&mut entropy, P0, 10);
        let first = drawn(&mut entropy, P0, 10);
        start(&mut entropy, P0, 30);
        let second = drawn(&mut entropy, P0, 30);
        assert!(dead != first && first != second && dead != second);
    }

    #[test]
    fn a_copy_goes_on_from_its_snapshot_in_each_execution_and_a_fresh_start_does_not() {
        let mut entropy = Entropy::default();
        let fresh = |entropy: &mut Entropy| {
            entropy.begin();
            start(entropy, P0, 10);
            entropy.born(P0, 11);
            drawn(entropy, P0, 10)
        };
        let copy = |entropy: &mut Entropy| {
            start(entropy, P0, 10);
            entropy.copied(P0, 10, 1);
            let own = drawn(entropy, P0, 10);
            entropy.born(P0, 12);
            (own, drawn(entropy, P0, 12))
        };
        let before = fresh(&mut entropy);
        let child = drawn(&mut entropy, P0, 11);
        entropy.keep(P0, 10, 1);
        let after = copy(&mut entropy);
        assert!(after.0 != before && after.1 != child);
        entropy.begin();
        assert_eq!(copy(&mut entropy), after);
        assert_eq!(fresh(&mut entropy), before);
        entropy.keep(P0, 10, 1);
        assert_eq!(copy(&mut entropy), after);
    }

    #[test]
    fn a_uuid_has_the_form_of_a_random_one() {
        let text = boot_id();
        let parts: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!((&text[14..15], boot_id()), ("4", text.clone()));
    }
}
