//! Several mounts of one store, as on several hosts: all show the same names and contents, but kernel locks may be separate.
//!
//! A kernel lock is on an inode in the kernel. Two overlays of one upper directory, or two FUSE daemons for one directory, have
//! separate inodes for one file. Knows no call.

use crate::id::ProcessId;

/// The host of each process. A process does not see locks of other hosts. By default, all are on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// For `flock`.
    pub flock: Vec<usize>,
    /// For record locks.
    pub records: Vec<usize>,
}

/// Whether two processes are on different hosts. The one that prepares the tree is on the first host.
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

    /// Whether a second process gets the lock that the first one holds, on these hosts.
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
        first.expect("the lock is free");
        match second {
            Ok(_) => true,
            Err(errno) => {
                assert_eq!(errno, Errno::EAGAIN);
                false
            }
        }
    }

    #[test]
    fn locks_are_visible_only_on_their_own_host() {
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
