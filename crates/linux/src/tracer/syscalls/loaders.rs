//! Where the dynamic loader is in the memory of each process. Knows no clock.

use std::collections::BTreeMap;
use std::ops::Range;

/// The places of dynamic loaders.
#[derive(Debug, Default)]
pub(super) struct Loaders {
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

    /// A process runs another program, whose loader is there, if that is known.
    pub(super) fn executed(&mut self, group: i32, loader: Option<Range<u64>>) {
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

    /// Whether an instruction belongs to the loader of a process. Where that is unknown, none does.
    pub(super) fn contains(&self, group: i32, instruction: u64) -> bool {
        let loader = self.running.get(&group);
        loader.is_some_and(|loader| loader.contains(&instruction))
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
            [9, 10, 19, 20].map(|place| loaders.contains(1, place)),
            [false, true, true, false]
        );
        loaders.keep(1, 7);
        assert!(!loaders.contains(1, 10));
        loaders.executed(2, Some(30..40));
        loaders.begin();
        assert!(!loaders.contains(2, 30));
        loaders.copied(3, 7);
        assert!(loaders.contains(3, 10));
        loaders.copied(3, 8);
        assert!(!loaders.contains(3, 10));
    }
}
