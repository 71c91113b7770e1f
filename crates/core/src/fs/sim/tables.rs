//! What the simulated kernel keeps of its processes: who calls, descriptor tables, open file descriptions, and locks.
//!
//! Data alone: what a call does with it is in the other files.

use crate::access::InodeId;
use crate::id::ProcessId;

/// Who calls: a process or the child that it forked. Without a process it is whoever prepares the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Actor {
    pub(super) process: Option<ProcessId>,
    pub(super) member: Member,
}

/// Which of a process and its child.
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

/// What `open` makes and descriptors share: [open(2)](https://man7.org/linux/man-pages/man2/open.2.html), "Open file
/// descriptions".
#[derive(Clone, Debug)]
pub(super) struct Description {
    pub(super) inode: InodeId,
    /// Who opened it, a process or its child.
    pub(super) opener: Option<ProcessId>,
    pub(super) offset: u64,
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) append: bool,
    /// The `flock` lock that it has on its inode.
    pub(super) lock: Option<Lock>,
    /// How many descriptors refer to it: one of the process, one of the child.
    pub(super) descriptors: u32,
}

/// What belongs to one process: its descriptors, its child, and the count of inodes that both created, which names them.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) descriptors: Vec<Option<usize>>,
    pub(super) created: u32,
    /// Whether it has exited or was killed.
    pub(super) ended: bool,
    /// The descriptors of the child, while it is there.
    pub(super) child: Option<Vec<Option<usize>>>,
}

/// How a description holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    Exclusive,
    Shared,
}

/// A lock that somebody has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) inode: InodeId,
    pub(super) owner: Owner,
    pub(super) lock: Lock,
}

/// Whose a record lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A process's; a child has none of its parent's.
    Process(Actor),
    /// The open file description's at this place.
    Description(usize),
}

impl Record {
    pub(super) fn is(&self, inode: InodeId, owner: Owner) -> bool {
        self.inode == inode && self.owner == owner
    }
}
