//! The tables of the simulated kernel: callers, descriptors, open file descriptions, and locks.
//!
//! Only data: the other files contain what calls do with it.

use crate::access::InodeId;
use crate::id::ProcessId;

/// The caller: a process or the child that it forked. `None` as the process means [`State::prepare`](super::State::prepare).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Actor {
    pub(super) process: Option<ProcessId>,
    pub(super) member: Member,
}

/// A process or its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Parent,
    Child,
}

impl Actor {
    /// The process itself.
    pub(super) fn of(process: Option<ProcessId>) -> Self {
        let member = Member::Parent;
        Self { process, member }
    }
}

/// An open file description, which `open` creates and descriptors share:
/// [open(2)](https://man7.org/linux/man-pages/man2/open.2.html), "Open file descriptions".
#[derive(Clone, Debug)]
pub(super) struct Description {
    pub(super) inode: InodeId,
    /// The process or child that opened it.
    pub(super) opener: Option<ProcessId>,
    pub(super) offset: u64,
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) append: bool,
    /// Its `flock` lock on the inode.
    pub(super) lock: Option<Lock>,
    /// The number of descriptors that refer to it: of the process and of its child.
    pub(super) descriptors: u32,
}

/// The state of one process: its descriptors, its child, and the count of inodes that both created, for their identities.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) descriptors: Vec<Option<usize>>,
    pub(super) created: u32,
    /// Whether it has exited or was killed.
    pub(super) ended: bool,
    /// The descriptors of the child, while it exists.
    pub(super) child: Option<Vec<Option<usize>>>,
}

/// The mode of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    Exclusive,
    Shared,
}

/// A record lock that is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) inode: InodeId,
    pub(super) owner: Owner,
    pub(super) lock: Lock,
}

/// The owner of a record lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A process. A child does not inherit it.
    Process(Actor),
    /// The open file description at this index.
    Description(usize),
}

impl Record {
    pub(super) fn is(&self, inode: InodeId, owner: Owner) -> bool {
        self.inode == inode && self.owner == owner
    }
}
