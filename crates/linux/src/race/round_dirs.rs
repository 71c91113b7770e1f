//! The directory and the lock of each round; no two rounds share a lock.
//!
//! Directories are made and read only between rounds, while every contender waits.

use std::path::PathBuf;
use std::{fs, io};

use crate::run_directory::may_pass;
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::{Scenario, Work};
use onewinner_core::workload::hub_sync;

/// The number of locks in one directory. A new directory for each round would cost more than the round, and a single one
/// would grow with the files that a broken lock leaves behind.
const LOCKS_PER_DIRECTORY: u64 = 512;

/// The directories of rounds below one run directory.
pub(super) struct RoundDirs {
    scenario: Scenario,
    /// The run directory, through each mount that contenders use.
    roots: Vec<PathBuf>,
}

impl RoundDirs {
    pub(super) fn new(scenario: &Scenario, roots: Vec<PathBuf>) -> Self {
        debug_assert!(!roots.is_empty(), "a race takes place somewhere");
        Self {
            scenario: scenario.clone(),
            roots,
        }
    }

    fn directory_number(&self, round: u64) -> u64 {
        match self.scenario.work {
            Work::HubSync => round,
            _ => round / LOCKS_PER_DIRECTORY,
        }
    }

    /// The path through the first mount, which is used between rounds.
    fn numbered(&self, number: u64) -> PathBuf {
        self.roots[0].join(name(number))
    }

    /// The directory of a round, through the mount of `process`.
    pub(super) fn directory(&self, round: u64, process: ProcessId) -> PathBuf {
        let root = &self.roots[process.index() % self.roots.len()];
        root.join(name(self.directory_number(round)))
    }

    /// The lock of a round, through the mount of `process`.
    pub(super) fn lock(&self, round: u64, process: ProcessId) -> PathBuf {
        let directory = self.directory(round, process);
        match self.scenario.work {
            Work::HubSync => self.scenario.lock(&directory),
            _ => directory.join(format!("lock-{round}")),
        }
    }

    /// Makes the directory of the round and removes the previous one, unless both rounds share it.
    pub(super) fn prepare(&self, round: u64) -> io::Result<()> {
        let number = self.directory_number(round);
        let before = round.checked_sub(1).map(|round| self.directory_number(round));
        if before == Some(number) {
            return Ok(());
        }
        if let Some(before) = before {
            match fs::remove_dir_all(self.numbered(before)) {
                // FUSE file systems hide a file that is removed while it is open, for a while. The end of the run removes it.
                Err(error) if may_pass(&error) => {}
                removed => removed?,
            }
        }
        let directory = self.numbered(number);
        fs::create_dir(&directory)?;
        for inside in self.scenario.directories(&directory) {
            fs::create_dir(inside)?;
        }
        Ok(())
    }

    /// The number of entries that the holders of the round wrote more than once; `None` without the workload.
    pub(super) fn duplicates(&self, round: u64) -> io::Result<Option<u64>> {
        match self.scenario.work {
            Work::HubSync => match fs::read(hub_sync::entries_path(&self.numbered(self.directory_number(round)))) {
                Ok(markdown) => Ok(Some(hub_sync::duplicates(&markdown))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(0)),
                Err(error) => Err(error),
            },
            _ => Ok(None),
        }
    }
}

fn name(number: u64) -> String {
    format!("round-{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rounds_share_a_lock_and_old_directories_are_removed() {
        for (scenario, rounds) in [
            (Scenario::contend(2), 2 * LOCKS_PER_DIRECTORY + 2),
            (Scenario::hub_sync(2), 5),
        ] {
            let root = tempfile::tempdir().unwrap();
            let round_dirs = RoundDirs::new(&scenario, vec![root.path().to_owned()]);
            let mut used = std::collections::HashSet::new();
            for round in 0..rounds {
                round_dirs.prepare(round).unwrap();
                assert!(used.insert(round_dirs.lock(round, ProcessId(0))));
                fs::write(round_dirs.lock(round, ProcessId(0)), "").unwrap();
            }
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn contenders_are_divided_between_the_mounts() {
        let roots = ["/a", "/b"].map(PathBuf::from);
        let round_dirs = RoundDirs::new(&Scenario::contend(3), roots.to_vec());
        let way = |process| round_dirs.lock(7, ProcessId(process));
        assert_eq!(
            [way(0), way(1), way(2)],
            ["/a", "/b", "/a"].map(|root| PathBuf::from(root).join("round-0/lock-7"))
        );
    }

    #[test]
    fn duplicates_are_counted_only_with_the_workload() {
        let root = tempfile::tempdir().unwrap();
        let round_dirs = RoundDirs::new(&Scenario::contend(2), vec![root.path().to_owned()]);
        assert_eq!(round_dirs.duplicates(0).unwrap(), None);
        let round_dirs = RoundDirs::new(&Scenario::hub_sync(2), vec![root.path().to_owned()]);
        round_dirs.prepare(0).unwrap();
        assert_eq!(round_dirs.duplicates(0).unwrap(), Some(0));
    }
}
