//! What a call sequence runs on: a file system with several processes, and everything that can be seen of it.
//!
//! The bodies are generic over [`World`], so that a later implementation of `Fs` is one more `impl`. Does not depend on the
//! kernel (kernel.rs) or on what is compared (calls.rs, commutation.rs).

use std::collections::BTreeMap;
use std::path::PathBuf;

use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::fs::sim::State;
use onewinner_core::fs::{Fd, FileKind, Flock, RecordLock, Stat};
use onewinner_core::id::ProcessId;

use super::steps::PROCESSES;

/// A file system that [`PROCESSES`] processes use, one call at a time.
///
/// A body calls [`perform`](Self::perform) again and again and looks in between; looking changes nothing that a later call
/// can notice.
pub(crate) trait World {
    /// Performs a call of one process.
    fn perform(&mut self, process: ProcessId, call: &Call) -> Reply;

    /// Every name below the root with what it names and, for a file, its bytes; in the order of the paths.
    fn names(&self) -> Vec<(PathBuf, FileKind, Vec<u8>)>;

    /// How many descriptors the process has open.
    fn open_descriptors(&self, process: ProcessId) -> usize;

    /// Whether its processes have record locks of their own.
    fn has_record_locks(&self) -> bool;
}

/// The simulated file system.
pub(crate) struct Simulated(pub(crate) State);

impl World for Simulated {
    fn perform(&mut self, process: ProcessId, call: &Call) -> Reply {
        self.0.step(process, call).0
    }

    fn names(&self) -> Vec<(PathBuf, FileKind, Vec<u8>)> {
        let named = self.0.tree().into_iter();
        named.map(|node| (node.path, node.kind, node.content)).collect()
    }

    fn open_descriptors(&self, process: ProcessId) -> usize {
        self.0.open_descriptors(process)
    }

    fn has_record_locks(&self) -> bool {
        true
    }
}

/// How an inode can be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Name(PathBuf),
    Descriptor(ProcessId, Fd),
}

/// Everything that can be seen of a file system without changing it.
///
/// Inode numbers stand in it as identities only: the position of the first way to the same inode.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    names: Vec<(PathBuf, FileKind, Vec<u8>)>,
    ways: Vec<(Way, Stat)>,
}

/// Looks at a file system.
pub(crate) fn look(world: &mut impl World) -> Sight {
    let mut first = BTreeMap::new();
    let mut ways = ways(world);
    for (position, (_, stat)) in ways.iter_mut().enumerate() {
        *stat = stat.with_inode(*first.entry(stat.inode()).or_insert(position as u64));
    }
    let names = world.names();
    Sight { names, ways }
}

/// Reads and writes through every open descriptor, which brings its offset to light, asks for its locks, and looks at what has
/// become of all. Record locks are asked for only `with_records`.
pub(crate) fn probe(world: &mut impl World, with_records: bool) -> (Vec<Reply>, Sight) {
    let mut replies = Vec::new();
    for (number, (process, fd, _)) in descriptors(world).into_iter().enumerate() {
        let bytes = b"probe".to_vec();
        replies.push(world.perform(process, &Call::Read { fd, length: 2 }));
        replies.push(world.perform(process, &Call::Write { fd, bytes }));
        // A request that fails has given up what the descriptor had: it shows the locks of others, and then its own.
        let operation = Flock::TryExclusive;
        replies.push(world.perform(process, &Call::Flock { fd, operation }));
        if with_records {
            let asked = record_locks(fd, number);
            replies.extend(asked.iter().map(|call| world.perform(process, call)));
        }
    }
    for process in ProcessId::first(usize::from(PROCESSES)).chain([ProcessId::GONE]) {
        replies.push(world.perform(ProcessId(0), &Call::Alive { process }));
    }
    (replies, look(world))
}

/// Each kind of record lock shows the other, of the same process too; which is asked for first changes from one descriptor to
/// the next, because the one that is granted hides what its own kind was before.
fn record_locks(fd: Fd, number: usize) -> [Call; 4] {
    let record = |operation| Call::RecordLock { fd, operation };
    let ofd = |operation| Call::OfdLock { fd, operation };
    let (take, unlock) = (RecordLock::TryExclusive, RecordLock::Unlock);
    if number.is_multiple_of(2) {
        [ofd(take), record(take), record(unlock), ofd(unlock)]
    } else {
        [record(take), ofd(take), ofd(unlock), record(unlock)]
    }
}

/// The reply without the inode number, which means nothing on another file system.
pub(crate) fn without_inode(reply: Reply) -> Reply {
    match reply {
        Ok(Value::Stat(stat)) => Ok(Value::Stat(stat.with_inode(0))),
        reply => reply,
    }
}

/// The open descriptors of all processes; the file system must not count more than there are.
fn descriptors(world: &mut impl World) -> Vec<(ProcessId, Fd, Stat)> {
    let mut open = Vec::new();
    for process in ProcessId::first(usize::from(PROCESSES)) {
        let wanted = open.len() + world.open_descriptors(process);
        let mut numbers = (0..1024).map(Fd);
        while open.len() < wanted {
            let fd = numbers.next().expect("as many descriptors answer as are counted");
            if let Ok(Value::Stat(stat)) = world.perform(process, &Call::Fstat { fd }) {
                open.push((process, fd, stat));
            }
        }
    }
    open
}

/// All ways to all inodes: the names in the order of their paths, then the descriptors.
pub(crate) fn ways(world: &mut impl World) -> Vec<(Way, Stat)> {
    let mut ways = Vec::new();
    for (path, kind, _) in world.names() {
        let stat = match world.perform(ProcessId(0), &Call::Stat { path: path.clone() }) {
            Ok(Value::Stat(stat)) => stat,
            Err(_) if kind == FileKind::Symlink => continue,
            other => panic!("a name that is listed answers to stat: {path:?}, {other:?}"),
        };
        ways.push((Way::Name(path), stat));
    }
    let open = descriptors(world).into_iter();
    ways.extend(open.map(|(process, fd, stat)| (Way::Descriptor(process, fd), stat)));
    ways
}
