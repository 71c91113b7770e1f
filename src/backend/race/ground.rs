//! Where each round takes place: a lock, or a whole directory, that no round before has used.
//!
//! Deliberately prepares and looks only between rounds, when every contender waits.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::scenario::{Scenario, Work};
use crate::workload::hub_sync;

/// How many locks share a directory: a new directory for each round would cost more than the round, and one for all would
/// grow with what a broken lock leaves behind.
const LOCKS_PER_DIRECTORY: u64 = 512;

/// The grounds below one run directory.
pub(super) struct Ground {
    scenario: Scenario,
    root: PathBuf,
}

impl Ground {
    pub(super) fn new(scenario: &Scenario, root: &Path) -> Self {
        Self {
            scenario: scenario.clone(),
            root: root.to_owned(),
        }
    }

    fn directory_number(&self, round: u64) -> u64 {
        match self.scenario.work {
            Work::HubSync => round,
            _ => round / LOCKS_PER_DIRECTORY,
        }
    }

    fn numbered(&self, number: u64) -> PathBuf {
        self.root.join(format!("round-{number}"))
    }

    /// The directory in which round `round` takes place.
    pub(super) fn directory(&self, round: u64) -> PathBuf {
        self.numbered(self.directory_number(round))
    }

    /// The lock for which it is.
    pub(super) fn lock(&self, round: u64) -> PathBuf {
        match self.scenario.work {
            Work::HubSync => self.scenario.lock(&self.directory(round)),
            _ => self.directory(round).join(format!("lock-{round}")),
        }
    }

    /// Makes the directory of the round, unless the round before had the same, and removes the one before.
    pub(super) fn prepare(&self, round: u64) -> io::Result<()> {
        let number = self.directory_number(round);
        let before = round.checked_sub(1).map(|round| self.directory_number(round));
        if before == Some(number) {
            return Ok(());
        }
        if let Some(before) = before {
            fs::remove_dir_all(self.numbered(before))?;
        }
        let directory = self.numbered(number);
        fs::create_dir(&directory)?;
        for inside in self.scenario.directories(&directory) {
            fs::create_dir(inside)?;
        }
        Ok(())
    }

    /// How many entries the holders of the round wrote more than once; `None` without the workload.
    pub(super) fn duplicates(&self, round: u64) -> io::Result<Option<u64>> {
        match self.scenario.work {
            Work::HubSync => match fs::read(hub_sync::entries_path(&self.directory(round))) {
                Ok(markdown) => Ok(Some(hub_sync::duplicates(&markdown))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(0)),
                Err(error) => Err(error),
            },
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rounds_share_a_lock_and_old_grounds_are_removed() {
        for (scenario, rounds) in [
            (Scenario::contend(2), 2 * LOCKS_PER_DIRECTORY + 2),
            (Scenario::hub_sync(2), 5),
        ] {
            let root = tempfile::tempdir().unwrap();
            let ground = Ground::new(&scenario, root.path());
            let mut used = std::collections::HashSet::new();
            for round in 0..rounds {
                ground.prepare(round).unwrap();
                assert!(used.insert(ground.lock(round)));
                fs::write(ground.lock(round), "").unwrap();
            }
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn duplicates_are_counted_in_the_hub_alone() {
        let root = tempfile::tempdir().unwrap();
        let ground = Ground::new(&Scenario::contend(2), root.path());
        assert_eq!(ground.duplicates(0).unwrap(), None);
        let ground = Ground::new(&Scenario::hub_sync(2), root.path());
        ground.prepare(0).unwrap();
        assert_eq!(ground.duplicates(0).unwrap(), Some(0));
    }
}
