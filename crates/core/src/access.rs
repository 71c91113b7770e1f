//! What a performed call touched, and which calls commute.
//!
//! This is all that the schedule search knows about file systems. A footprint depends on the call *and its result*: a create
//! that failed with `EEXIST` only loads the directory entry, so two losers commute.
//! Does not depend on the names of calls.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::ProcessId;

/// The identity of an inode: its creator and a count. It is the same in all executions in which its creator does the same.
///
/// Inode *numbers* are not identities: ext4 reuses the number of an unlinked file immediately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InodeId {
    /// The creating process; `None` for an inode that existed before the first step.
    pub creator: Option<ProcessId>,
    /// The creator's n-th inode, counted from 0.
    pub serial: u32,
}

impl InodeId {
    /// The root directory of a file system.
    pub const ROOT: Self = Self {
        creator: None,
        serial: 0,
    };
}

/// A part of the kernel's state that a call can load or store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Object {
    /// The directory entry `name` in a directory: whether it is there, and which inode it names.
    Entry(InodeId, Box<str>),
    /// All entries of a directory together, and with them its size, times and link count; it is only loaded. It overlaps each
    /// [`Object::Entry`] of that directory.
    Listing(InodeId),
    /// The bytes of a file, and with them its size.
    Content(InodeId),
    /// The link count of an inode.
    Links(InodeId),
    /// The permissions, the owner and the extended attributes of an inode.
    Attributes(InodeId),
    /// The times of an inode, stored by calls that change nothing else of it: `touch`, `O_TRUNC` of an empty file.
    ///
    /// A call that changes the content, the links or the attributes changes the times too, but does not store this object:
    /// a call that reads the times loads all of them.
    Times(InodeId),
    /// The table of `flock` locks on an inode.
    Locks(InodeId),
    /// The table of record locks on an inode, of processes and of open file descriptions. It is separate, because they
    /// conflict with each other and never with `flock`.
    Records(InodeId),
    /// The number of open file descriptions of an inode. Touched for pipes, whose ends notice each other; for others only if
    /// inode numbers are reused: see [`Object::Allocator`].
    Opens(InodeId),
    /// The free inode numbers. Creating an inode takes a number; removing its last name and descriptor frees it. The order of
    /// two such calls can be observed. Touched only if inode numbers are reused.
    Allocator,
    /// Whether a process is alive.
    Liveness(ProcessId),
    /// What a process shows of itself besides: its group, session, user, priority and limits.
    Process(ProcessId),
    /// All sockets that have an address, with all that is sent between them.
    Network,
    /// The state of a device, by its number: `st_rdev` of [stat(2)](https://man7.org/linux/man-pages/man2/stat.2.html).
    Device(u64),
    /// The time that a process has reached by a sleep or a time-out. Reading the clock loads it for every other process: the
    /// clock shows the latest of these times. So two sleeps commute, and a sleep and a reading do not.
    Clock(ProcessId),
    /// A memory cell, for programs that test the search itself.
    Cell(u32),
}

impl Object {
    /// Whether a load of one object can observe a store to the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Listing(listed), Self::Entry(directory, _)) | (Self::Entry(directory, _), Self::Listing(listed)) => {
                listed == directory
            }
            _ => self == other,
        }
    }
}

/// Whether the object was only read, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// The result depends on the object, which does not change.
    Load,
    /// The object changed or may have changed.
    Store,
}

/// One access to an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Access {
    /// The object.
    pub object: Object,
    /// The kind of access.
    pub kind: AccessKind,
}

/// The footprint of one performed call: what it touched, in the fixed order in which the kernel reads.
///
/// Invariant: it contains an object once. A store replaces a load of the same object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Accesses(Vec<Access>);

impl Accesses {
    /// The footprint of a call that touched nothing that another process can observe.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a load, unless the object is in the footprint already.
    pub fn load(&mut self, object: Object) {
        if !self.0.iter().any(|access| access.object == object) {
            self.0.push(Access {
                object,
                kind: AccessKind::Load,
            });
        }
    }

    /// Adds a store. It replaces a load of the same object.
    pub fn store(&mut self, object: Object) {
        match self.0.iter_mut().find(|access| access.object == object) {
            Some(access) => access.kind = AccessKind::Store,
            None => self.0.push(Access {
                object,
                kind: AccessKind::Store,
            }),
        }
    }

    /// Adds all of another footprint.
    pub fn extend(&mut self, other: &Self) {
        for Access { object, kind } in other.iter().cloned() {
            match kind {
                AccessKind::Load => self.load(object),
                AccessKind::Store => self.store(object),
            }
        }
    }

    /// The accesses, in reading order.
    pub fn iter(&self) -> impl Iterator<Item = &Access> {
        self.0.iter()
    }

    /// Whether nothing was touched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The objects that were changed.
    pub fn stores(&self) -> impl Iterator<Item = &Object> {
        self.0
            .iter()
            .filter(|access| access.kind == AccessKind::Store)
            .map(|access| &access.object)
    }

    /// Whether the order of two calls with these footprints can matter: they share an object, and at least one stores it.
    ///
    /// Calls of *one* process are always ordered, whatever this returns.
    pub fn conflict(&self, other: &Self) -> bool {
        self.0.iter().any(|mine| {
            other.0.iter().any(|theirs| {
                (mine.kind == AccessKind::Store || theirs.kind == AccessKind::Store)
                    && mine.object.overlaps(&theirs.object)
            })
        })
    }
}

impl fmt::Display for InodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.creator {
            _ if *self == Self::ROOT => f.write_str("the watched directory"),
            Some(process) => write!(f, "file {} of {process}", self.serial),
            None => write!(f, "file {} from before", self.serial),
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(directory, name) => write!(f, "the name {name} in {directory}"),
            Self::Listing(directory) => write!(f, "the list of names in {directory}"),
            Self::Content(file) => write!(f, "the content of {file}"),
            Self::Links(file) => write!(f, "the link count of {file}"),
            Self::Attributes(file) => write!(f, "the attributes of {file}"),
            Self::Times(file) => write!(f, "the times of {file}"),
            Self::Locks(file) => write!(f, "the kernel locks on {file}"),
            Self::Records(file) => write!(f, "the record locks on {file}"),
            Self::Opens(file) => write!(f, "who has {file} open"),
            Self::Allocator => f.write_str("the free inode numbers"),
            Self::Liveness(process) => write!(f, "whether {process} exists"),
            Self::Process(process) => write!(f, "the properties of {process}"),
            Self::Network => f.write_str("the network"),
            Self::Device(number) => write!(f, "the device {number:#x}"),
            Self::Clock(process) => write!(f, "the clock of {process}"),
            Self::Cell(cell) => write!(f, "memory cell {cell}"),
        }
    }
}

impl fmt::Display for Accesses {
    /// `the name a in the watched directory (changed), the content of file 1 of P0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (position, Access { object, kind }) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            let changed = if *kind == AccessKind::Store { " (changed)" } else { "" };
            write!(f, "{separator}{object}{changed}")?;
        }
        Ok(())
    }
}

impl FromIterator<Access> for Accesses {
    fn from_iter<I: IntoIterator<Item = Access>>(accesses: I) -> Self {
        let mut footprint = Self::none();
        for Access { object, kind } in accesses {
            match kind {
                AccessKind::Load => footprint.load(object),
                AccessKind::Store => footprint.store(object),
            }
        }
        footprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(kind: AccessKind, cell: u32) -> Accesses {
        [Access {
            object: Object::Cell(cell),
            kind,
        }]
        .into_iter()
        .collect()
    }

    #[test]
    fn two_loads_commute_and_a_store_conflicts_with_both() {
        let (load, store) = (cell(AccessKind::Load, 1), cell(AccessKind::Store, 1));
        assert!(!load.conflict(&load));
        assert!(load.conflict(&store) && store.conflict(&load) && store.conflict(&store));
        assert!(!store.conflict(&cell(AccessKind::Store, 2)));
        assert!(!store.conflict(&Accesses::none()));
    }

    #[test]
    fn a_footprint_is_shown_in_words() {
        let mut footprint = Accesses::none();
        assert_eq!(footprint.to_string(), "nothing");
        footprint.store(Object::Entry(InodeId::ROOT, "a".into()));
        footprint.load(Object::Liveness(ProcessId(1)));
        let shown = "the name a in the watched directory (changed), whether P1 exists";
        assert_eq!(footprint.to_string(), shown);
    }

    #[test]
    fn a_listing_sees_every_entry_of_its_directory_and_no_other() {
        let other = InodeId {
            creator: None,
            serial: 1,
        };
        let mut listing = Accesses::none();
        listing.load(Object::Listing(InodeId::ROOT));
        for (directory, conflicts) in [(InodeId::ROOT, true), (other, false)] {
            let mut create = Accesses::none();
            create.store(Object::Entry(directory, "a".into()));
            assert_eq!(listing.conflict(&create), conflicts);
            assert_eq!(create.conflict(&listing), conflicts);
        }
    }

    #[test]
    fn a_store_covers_an_earlier_load() {
        let mut accesses = Accesses::none();
        accesses.load(Object::Cell(0));
        accesses.store(Object::Cell(0));
        accesses.load(Object::Cell(0));
        assert_eq!(accesses, cell(AccessKind::Store, 0));
    }
}
