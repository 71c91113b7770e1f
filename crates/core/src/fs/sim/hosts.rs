//! Several mounts of one store, as on several hosts: names and contents are the same by way of each, and locks of the kernel
//! may be each mount's own.
//!
//! A lock is on an inode of the kernel's, and two overlays of one upper directory, or two processes that show one directory
//! again, have an inode each for one file. Knows no call.

use crate::id::ProcessId;

/// The host of each process: who is on another one does not see its locks. All are on one, if none is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// For `flock`.
    pub flock: Vec<usize>,
    /// For record locks.
    pub records: Vec<usize>,
}

/// Whether two are on different hosts; whoever prepares the tree is on the first.
pub(super) fn apart(hosts: &[usize], one: Option<ProcessId>, other: Option<ProcessId>) -> bool {
    let host = |process: Option<ProcessId>| {
        process
            .and_then(|process| hosts.get(process.index()).copied())
            .unwrap_or(0)
    };
    host(one) != host(other)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use crate::fs::call::Call;
    use crate::fs::{AccessMode, Create, Errno, Fd, Flock, Mode, OpenFlags, RecordLock};

    /// Whether a second process gets what a first one has, on these hosts.
    fn gets(hosts: Hosts, call: &Call) -> bool {
        let mut state = State::new(2).on_hosts(hosts);
        let flags = OpenFlags {
            access: AccessMode::ReadWrite,
            create: Create::IfAbsent,
            ..OpenFlags::READ
        };
        let [first, second] = [ProcessId(0), ProcessId(1)].map(|process| {
            let (path, mode) = ("/lock".into(), Mode::FILE);
            let opened = state.step(process, &Call::Open { path, flags, mode }).0;
            opened.expect("an empty file system takes it");
            state.step(process, call).0
        });
        first.expect("nobody else has it");
        match second {
            Ok(_) => true,
            Err(errno) => {
                assert_eq!(errno, Errno::EAGAIN);
                false
            }
        }
    }

    #[test]
    fn locks_are_seen_on_their_own_host_alone() {
        let (fd, operation) = (Fd(0), RecordLock::TryExclusive);
        let flock = Call::Flock {
            fd,
            operation: Flock::TryExclusive,
        };
        let records = [Call::RecordLock { fd, operation }, Call::OfdLock { fd, operation }];
        for (hosts, by_flock, by_record) in [
            (Hosts::default(), false, false),
            (
                Hosts {
                    flock: vec![0, 1],
                    records: vec![0, 0],
                },
                true,
                false,
            ),
            (
                Hosts {
                    flock: vec![1, 1],
                    records: vec![0, 1],
                },
                false,
                true,
            ),
        ] {
            assert_eq!(gets(hosts.clone(), &flock), by_flock, "{hosts:?}");
            for record in &records {
                assert_eq!(gets(hosts.clone(), record), by_record, "{hosts:?}, {record}");
            }
        }
    }
}
