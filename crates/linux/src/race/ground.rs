//! Where each round takes place: a lock, or a whole directory, that no round before has used.
//!
//! Deliberately prepares and looks only between rounds, when every contender waits.

use std::path::PathBuf;
use std::{fs, io};

use crate::run_directory::is_of_the_moment;
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::{Scenario, Work};
use onewinner_core::workload::hub_sync;

/// How many locks share a directory: a new directory for each round would cost more than the round, and one for all would
/// grow with what a broken lock leaves behind.
const LOCKS_PER_DIRECTORY: u64 = 512;

/// The grounds below one run directory.
pub(super) struct Ground {
    scenario: Scenario,
    /// The run directory; the same one by another way, if contenders are divided between several.
    roots: Vec<PathBuf>,
}

impl Ground {
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

    /// By way of the first root: who prepares and looks goes there.
    fn numbered(&self, number: u64) -> PathBuf {
        self.roots[0].join(name(number))
    }

    /// The directory in which round `round` takes place, as `process` gets there.
    pub(super) fn directory(&self, round: u64, process: ProcessId) -> PathBuf {
        let root = &self.roots[process.index() % self.roots.len()];
        root.join(name(self.directory_number(round)))
    }

    /// The lock for which it is.
    pub(super) fn lock(&self, round: u64, process: ProcessId) -> PathBuf {
        let directory = self.directory(round, process);
        match self.scenario.work {
            Work::HubSync => self.scenario.lock(&directory),
            _ => directory.join(format!("lock-{round}")),
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
            match fs::remove_dir_all(self.numbered(before)) {
                // File systems of user space hide files that are removed while they are open, for a while. The end of the run
                // removes them.
                Err(error) if is_of_the_moment(&error) => {}
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

    /// How many entries the holders of the round wrote more than once; `None` without the workload.
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
    fn no_two_rounds_share_a_lock_and_old_grounds_are_removed() {
        for (scenario, rounds) in [
            (Scenario::contend(2), 2 * LOCKS_PER_DIRECTORY + 2),
            (Scenario::hub_sync(2), 5),
        ] {
            let root = tempfile::tempdir().unwrap();
            let ground = Ground::new(&scenario, vec![root.path().to_owned()]);
            let mut used = std::collections::HashSet::new();
            for round in 0..rounds {
                ground.prepare(round).unwrap();
                assert!(used.insert(ground.lock(round, ProcessId(0))));
                fs::write(ground.lock(round, ProcessId(0)), "").unwrap();
            }
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn contenders_are_divided_between_the_ways_to_the_ground() {
        let roots = ["/a", "/b"].map(PathBuf::from);
        let ground = Ground::new(&Scenario::contend(3), roots.to_vec());
        let way = |process| ground.lock(7, ProcessId(process));
        assert_eq!(
            [way(0), way(1), way(2)],
            ["/a", "/b", "/a"].map(|root| PathBuf::from(root).join("round-0/lock-7"))
        );
    }

    #[test]
    fn duplicates_are_counted_in_the_hub_alone() {
        let root = tempfile::tempdir().unwrap();
        let ground = Ground::new(&Scenario::contend(2), vec![root.path().to_owned()]);
        assert_eq!(ground.duplicates(0).unwrap(), None);
        let ground = Ground::new(&Scenario::hub_sync(2), vec![root.path().to_owned()]);
        ground.prepare(0).unwrap();
        assert_eq!(ground.duplicates(0).unwrap(), Some(0));
    }
}
