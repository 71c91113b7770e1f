//! Between which mounts of a store kernel locks are visible: tried before the search.
//!
//! That is a fact of the machine, and the model takes it as it is. Knows no call of a contender.

use std::fs;
use std::path::{Path, PathBuf};

use crate::real_fs::RealFs;
use onewinner_core::fs::sim::Hosts;
use onewinner_core::fs::{AccessMode, Create, Errno, Flock, Fs, Mode, OpenFlags, RecordLock};

/// The file that is locked for the trial, next to the directories of executions.
const PROBE: &str = "probe";

/// Takes a kernel lock on a file. Record locks are tried as OFD locks, because a process never conflicts with itself.
type Take = fn(&RealFs, &Path) -> Result<(), Errno>;

/// The hosts of `processes`; process *i* works through the *i* mod *k*-th mount.
///
/// Where files cannot be locked at all, all are on one host: no model predicts such answers.
pub(crate) fn hosts(ways: &[PathBuf], processes: usize) -> Hosts {
    if ways.len() == 1 {
        return Hosts::default();
    }
    let of_processes = |take: Take| match of_ways(ways, take) {
        Ok(of_ways) => (0..processes).map(|process| of_ways[process % ways.len()]).collect(),
        Err(_) => Vec::new(),
    };
    let seen = Hosts {
        flock: of_processes(flock),
        records: of_processes(record),
    };
    // If it stays, it is removed with the directory of the run.
    let _gone = fs::remove_file(ways[0].join(PROBE));
    seen
}

/// For each mount the first one that sees its locks.
fn of_ways(ways: &[PathBuf], take: Take) -> Result<Vec<usize>, Errno> {
    let mut hosts: Vec<usize> = Vec::new();
    for (number, way) in ways.iter().enumerate() {
        let mut host = number;
        for (before, other) in ways[..number]
            .iter()
            .enumerate()
            .filter(|(before, _)| hosts[*before] == *before)
        {
            // Releases the lock when it is dropped, as a process does when it exits.
            let holder = RealFs::new();
            take(&holder, &other.join(PROBE))?;
            match take(&RealFs::new(), &way.join(PROBE)) {
                Ok(()) => {}
                Err(Errno::EAGAIN) => {
                    host = before;
                    break;
                }
                Err(errno) => return Err(errno),
            }
        }
        hosts.push(host);
    }
    Ok(hosts)
}

fn open(fs: &RealFs, path: &Path) -> Result<onewinner_core::fs::Fd, Errno> {
    let flags = OpenFlags {
        access: AccessMode::ReadWrite,
        create: Create::IfAbsent,
        ..OpenFlags::READ
    };
    fs.open(path, flags, Mode::FILE)
}

fn flock(fs: &RealFs, path: &Path) -> Result<(), Errno> {
    fs.flock(open(fs, path)?, Flock::TryExclusive)
}

fn record(fs: &RealFs, path: &Path) -> Result<(), Errno> {
    fs.ofd_lock(open(fs, path)?, RecordLock::TryExclusive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_to_one_directory_are_one_host_and_to_two_are_two() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let [one, other] = [&one, &other].map(|directory| directory.path().to_owned());
        for (ways, wanted) in [
            (vec![one.clone()], vec![]),
            (vec![one.clone(), one.clone()], vec![0, 0, 0]),
            (vec![one.clone(), other.clone()], vec![0, 1, 0]),
            (vec![one.clone(), other.clone(), other], vec![0, 1, 1]),
        ] {
            let found = hosts(&ways, 3);
            assert_eq!((&found.flock, &found.records), (&wanted, &wanted), "{ways:?}");
        }
    }
}
