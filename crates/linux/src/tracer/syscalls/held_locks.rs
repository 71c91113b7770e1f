//! Kernel locks that contenders hold, and what a closed descriptor or an ended process frees of them.
//!
//! A lock of a description ends with the last copy of that description, in whichever process that is. A record lock ends when
//! its process closes any descriptor of the file: [fcntl_locking(2)](https://man7.org/linux/man-pages/man2/fcntl_locking.2.html).
//! The kernel is asked, because the kind of a call does not decide. Knows no footprint.

use std::collections::BTreeSet;
use std::io;

use super::decode::Decoded;
use super::interpreter::AtCall;
use super::path_walk::End;
use super::watched_tree::{Inode, Side, WatchedTree};
use crate::sys::bits;
use crate::sys::descriptors::{self, LockKind};
use crate::sys::syscalls::SyscallClass;
use onewinner_core::access::InodeId;

/// The inodes that a contender has locked, or tried to, in this execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldLocks {
    tried: BTreeSet<InodeId>,
    /// Processes in the order in which the kernel lists their record locks on an inode: one that has none comes last when it
    /// takes one (`fs/locks.c`, `posix_lock_inode`).
    order: Vec<(InodeId, i32)>,
}

/// Whether a call changes the locks of an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Released {
    /// They stay as they are.
    Nothing,
    /// They change.
    Something,
}

/// What a closed descriptor led to.
#[derive(Clone, Debug)]
pub(crate) enum Closed {
    /// A socket, by its inode number.
    Socket(u64),
    /// A file, and whether locks on it are freed.
    Object { there: Inode, frees: Released },
}

/// A descriptor that is closed, with its task.
#[derive(Clone, Copy, Debug)]
struct Descriptor {
    task: i32,
    fd: i32,
}

fn unread(error: &io::Error) -> String {
    format!("has locks that cannot be examined ({error})")
}

impl HeldLocks {
    /// A contender tries to lock it.
    pub(crate) fn tries(&mut self, inode: InodeId) {
        self.tried.insert(inode);
    }

    /// Forgets the last execution.
    pub(crate) fn clear(&mut self) {
        self.tried.clear();
        self.order.clear();
    }

    /// Whether a contender has tried to lock it.
    pub(crate) fn has_tried(&self, inode: InodeId) -> bool {
        self.tried.contains(&inode)
    }

    /// All inodes that contenders have tried to lock.
    pub(crate) fn all_tried(&self) -> impl Iterator<Item = InodeId> {
        self.tried.iter().copied()
    }

    /// What a task gives back with an unlock of this descriptor.
    pub(super) fn given_back(
        &self,
        at: &AtCall<'_>,
        fd: i32,
        there: &Inode,
        class: SyscallClass,
        tree: &WatchedTree,
    ) -> Result<Released, String> {
        if !self.has_tried(there.id) {
            return Ok(Released::Nothing);
        }
        let of_the_process = class == SyscallClass::Fcntl && !bits::of_a_description(at.entry.arguments[1] as i32);
        if of_the_process {
            return self.has_record(at.task, there, tree);
        }
        let kind = kind(at, class);
        let held = descriptors::locks(at.task, fd).map_err(|error| unread(&error))?;
        Ok(released(held.iter().any(|lock| lock.kind == kind)))
    }

    /// Whether a lock that a task takes changes anything: it may hold the same one already.
    pub(super) fn taken_again(
        &self,
        at: &AtCall<'_>,
        fd: i32,
        class: SyscallClass,
        exclusive: bool,
    ) -> Result<Released, String> {
        if class != SyscallClass::Flock {
            return Ok(Released::Something);
        }
        let kind = kind(at, class);
        let held = descriptors::locks(at.task, fd).map_err(|error| unread(&error))?;
        let same = held.iter().any(|held| held.kind == kind && held.exclusive == exclusive);
        Ok(released(!same))
    }

    /// Whether a call releases the `flock` of its description before it tries to take one of another kind: flock(2),
    /// "Converting a lock". It stays released if that fails.
    pub(super) fn converts(&self, at: &AtCall<'_>, fd: i32, exclusive: bool) -> Result<bool, String> {
        let held = descriptors::locks(at.task, fd).map_err(|error| unread(&error))?;
        let mut own = held.iter().filter(|held| held.kind == LockKind::Flock);
        Ok(own.any(|held| held.exclusive != exclusive))
    }

    /// Whether the process of a task has no record lock on an inode, as far as that can be examined.
    pub(super) fn has_no_record(&self, task: i32, there: &Inode, tree: &WatchedTree) -> bool {
        self.has_record(task, there, tree) == Ok(Released::Nothing)
    }

    /// A process has record locks on an inode.
    pub(super) fn joins(&mut self, inode: InodeId, group: i32) {
        if self.place(inode, group).is_none() {
            self.order.push((inode, group));
        }
    }

    /// A process has no record lock on an inode any more.
    pub(super) fn leaves(&mut self, inode: InodeId, group: i32) {
        self.order.retain(|entry| *entry != (inode, group));
    }

    /// The place of a process in the kernel's list of record locks on an inode.
    pub(super) fn place(&self, inode: InodeId, group: i32) -> Option<usize> {
        self.order.iter().position(|entry| *entry == (inode, group))
    }

    /// What the descriptors lead to that a call closes.
    pub(super) fn closed_by(
        &self,
        at: &AtCall<'_>,
        decoded: &Decoded,
        tree: &WatchedTree,
    ) -> Result<Vec<Closed>, String> {
        let number = |position: usize| at.entry.arguments[position] as i32;
        let open = || tree.open(at.task);
        let closing: Vec<(i32, End)> = match decoded.system.name {
            "close" => vec![(number(0), tree.descriptor(at.task, number(0)))],
            "dup2" | "dup3" if number(0) == number(1) => Vec::new(),
            // They close what the number meant before.
            "dup2" | "dup3" => vec![(number(1), tree.descriptor(at.task, number(1)))],
            "close_range" if at.entry.arguments[2] & bits::CLOSE_LATER != 0 => Vec::new(),
            "close_range" => {
                let range = number(0).cast_unsigned()..=number(1).cast_unsigned();
                let mut open = open()?;
                open.retain(|(fd, _)| range.contains(&fd.cast_unsigned()));
                open
            }
            _ => {
                let mut closed = Vec::new();
                for (fd, there) in open()? {
                    if descriptors::closes_on_execute(at.task, fd).map_err(|error| unread(&error))? {
                        closed.push((fd, there));
                    }
                }
                closed
            }
        };
        let numbers: BTreeSet<i32> = closing.iter().map(|(fd, _)| *fd).collect();
        let table = at.group;
        let closes = |group: i32, fd: i32| {
            let same = || descriptors::share_a_table(group, table).unwrap_or(false);
            numbers.contains(&fd) && (group == table || same())
        };
        self.ended(at.task, closing, &closes, tree)
    }

    /// What the descriptors of processes lead to that end together.
    pub(crate) fn closed_with(&self, groups: &BTreeSet<i32>, tree: &WatchedTree) -> Result<Vec<Closed>, String> {
        let mut closed = Vec::new();
        for group in groups {
            let ends = |other: i32, _| groups.contains(&other);
            closed.extend(self.ended(*group, tree.open(*group)?, &ends, tree)?);
        }
        Ok(closed)
    }

    fn ended(
        &self,
        task: i32,
        closing: Vec<(i32, End)>,
        closes: &dyn Fn(i32, i32) -> bool,
        tree: &WatchedTree,
    ) -> Result<Vec<Closed>, String> {
        let mut closed = Vec::new();
        for (fd, end) in closing {
            match end {
                End::Socket(socket) => closed.push(Closed::Socket(socket)),
                End::Figures(why) | End::Hidden(why) => return Err(why),
                End::Object(there) => {
                    let frees = self.freed(Descriptor { task, fd }, &there, closes, tree)?;
                    if there.side == Side::Watched || frees == Released::Something {
                        closed.push(Closed::Object { there, frees });
                    }
                }
                _ => {}
            }
        }
        Ok(closed)
    }

    fn freed(
        &self,
        descriptor: Descriptor,
        there: &Inode,
        closes: &dyn Fn(i32, i32) -> bool,
        tree: &WatchedTree,
    ) -> Result<Released, String> {
        let Descriptor { task, fd } = descriptor;
        if !self.has_tried(there.id) {
            return Ok(Released::Nothing);
        }
        let held = descriptors::locks(task, fd).map_err(|error| unread(&error))?;
        if self.has_record(task, there, tree)? == Released::Something {
            return Ok(Released::Something);
        }
        let of_a_description = held.iter().any(|lock| lock.kind != LockKind::Record);
        Ok(released(
            of_a_description && !self.is_kept(descriptor, there, closes, tree)?,
        ))
    }

    /// Whether a copy of the description stays open.
    fn is_kept(
        &self,
        Descriptor { task, fd }: Descriptor,
        there: &Inode,
        closes: &dyn Fn(i32, i32) -> bool,
        tree: &WatchedTree,
    ) -> Result<bool, String> {
        let groups: BTreeSet<i32> = tree.tasks.values().map(|(_, group)| *group).collect();
        for group in groups {
            // A process that has just ended has no descriptors.
            let Ok(open) = tree.open(group) else { continue };
            for (other, end) in open {
                let is_same = matches!(end, End::Object(other) if other.number == there.number);
                if is_same && !closes(group, other) {
                    // Where copies cannot be found, the lock counts as freed.
                    if descriptors::are_copies((task, fd), (group, other)).unwrap_or(false) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Whether the process of a task holds a record lock on an inode, through any descriptor.
    fn has_record(&self, task: i32, there: &Inode, tree: &WatchedTree) -> Result<Released, String> {
        for (fd, end) in tree.open(task)? {
            if matches!(end, End::Object(other) if other.number == there.number) {
                let held = descriptors::locks(task, fd).map_err(|error| unread(&error))?;
                if held.iter().any(|lock| lock.kind == LockKind::Record) {
                    return Ok(Released::Something);
                }
            }
        }
        Ok(Released::Nothing)
    }
}

fn kind(at: &AtCall<'_>, class: SyscallClass) -> LockKind {
    match class {
        SyscallClass::Flock => LockKind::Flock,
        _ if bits::of_a_description(at.entry.arguments[1] as i32) => LockKind::Description,
        _ => LockKind::Record,
    }
}

fn released(something: bool) -> Released {
    if something {
        Released::Something
    } else {
        Released::Nothing
    }
}
