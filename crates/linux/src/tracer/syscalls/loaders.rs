//! Where the dynamic loader is in the memory of each process, and where in it the counter of the processor is read. Knows no
//! clock.
//!
//! The loader of libc reads the counter about eight times in each program that it starts. It measures how long it works, and
//! shows this to nobody who has not set `LD_DEBUG` (glibc, `elf/rtld.c`, `print_statistics`). Each reading stops the task: in a
//! small program, a quarter of all its stops. So a place where a loader was seen to read the counter is removed from the next
//! program that begins with the same loader.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::sys::counter;
use crate::sys::trace::{Auxiliary, Memory};

/// The places of dynamic loaders.
#[derive(Debug, Default)]
pub(super) struct Loaders {
    /// The length of a loader in memory, and the distance from its beginning to a reading of the counter.
    readings: BTreeSet<(u64, u64)>,
    /// By the number of the process.
    running: BTreeMap<i32, Range<u64>>,
    /// Those of fork snapshots, by their serial numbers.
    kept: BTreeMap<u64, Range<u64>>,
}

impl Loaders {
    /// A new execution begins.
    pub(super) fn begin(&mut self) {
        self.running.clear();
    }

    /// A process begins to run another program.
    pub(super) fn begins(&mut self, group: i32, auxiliary: &Auxiliary, memory: &Memory) {
        // Where it is unknown, each reading of the counter counts.
        let loader = auxiliary.loader(memory).ok().flatten();
        for place in loader.iter().flat_map(|loader| self.readings(loader)) {
            // Where the kernel refuses, the task stops at each reading.
            let _stays = counter::remove(memory, place);
        }
        self.executed(group, loader);
    }

    /// A process runs another program, whose loader is there, if that is known.
    fn executed(&mut self, group: i32, loader: Option<Range<u64>>) {
        match loader {
            Some(loader) => drop(self.running.insert(group, loader)),
            None => drop(self.running.remove(&group)),
        }
    }

    /// A process has become the fork snapshot with this serial number.
    pub(super) fn keep(&mut self, group: i32, serial: u64) {
        if let Some(loader) = self.running.remove(&group) {
            self.kept.insert(serial, loader);
        }
    }

    /// A process is a copy of this fork snapshot.
    pub(super) fn copied(&mut self, group: i32, serial: u64) {
        self.executed(group, self.kept.get(&serial).cloned());
    }

    /// This fork snapshot is gone.
    pub(super) fn discard(&mut self, serial: u64) {
        self.kept.remove(&serial);
    }

    /// Whether an instruction that reads the counter belongs to the loader of a process. Where that is unknown, none does.
    pub(super) fn reads(&mut self, group: i32, instruction: u64) -> bool {
        let loader = self.running.get(&group);
        let Some(loader) = loader.filter(|loader| loader.contains(&instruction)) else {
            return false;
        };
        let place = (loader.end - loader.start, instruction - loader.start);
        self.readings.insert(place);
        true
    }

    /// The addresses at which a loader was seen to read the counter.
    pub(super) fn readings(&self, loader: &Range<u64>) -> impl Iterator<Item = u64> {
        let (start, length) = (loader.start, loader.end - loader.start);
        let of_this = self.readings.range((length, 0)..=(length, u64::MAX));
        of_this.map(move |(_, place)| start + place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_loader_of_its_snapshot_where_that_was_and_a_process_of_another_execution_has_none() {
        let mut loaders = Loaders::default();
        loaders.executed(1, Some(10..20));
        assert_eq!(
            [9, 10, 19, 20].map(|place| loaders.reads(1, place)),
            [false, true, true, false]
        );
        loaders.keep(1, 7);
        assert!(!loaders.reads(1, 10));
        loaders.executed(2, Some(30..40));
        loaders.begin();
        assert!(!loaders.reads(2, 30));
        loaders.copied(3, 7);
        assert!(loaders.reads(3, 10));
        loaders.copied(3, 8);
        assert!(!loaders.reads(3, 10));
    }
    #[test]
    fn a_reading_is_expected_at_the_same_place_of_the_same_loader() {
        let mut loaders = Loaders::default();
        loaders.executed(1, Some(10..20));
        assert!(loaders.reads(1, 13) && !loaders.reads(1, 20));
        let expected = |loader| loaders.readings(&loader).collect::<Vec<_>>();
        assert_eq!(expected(10..20), [13]);
        assert_eq!(expected(50..60), [53]);
        assert_eq!(expected(50..61), [0; 0]);
    }
}
