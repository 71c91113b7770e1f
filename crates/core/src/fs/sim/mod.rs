//! The simulated file system: a small POSIX kernel as a pure state machine.
//!
//! [`State::step`] takes a call of one process and returns the kernel's reply with the footprint of the call. It never
//! waits, never looks at a clock, and tells the same story every time; [`State::waits`] tells whether the kernel would let
//! the process wait. The conformance tests hold it against the kernel.
//!
//! Not modelled: permissions (every process is root), times but for whether a file is old, disk space, names and targets that
//! are not UTF-8 (they are `EILSEQ`), directories that change while a path is walked (a path is resolved in one instant), record
//! locks on a part of a file or that wait, a child's child, and a shared `flock` that is made exclusive while others share it and
//! that waits for them (the last two are `ENOSYS`).

mod calls;
mod descriptors;
mod fork;
mod hosts;
mod inode;
mod life;
mod links;
mod locks;
mod names;
mod numbers;
mod path;
mod records;
mod tables;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::access::{Accesses, InodeId};
use crate::fs::call::{ByCall, Call, Reply};
use crate::fs::{FileKind, Fs, InodeWatch};
use crate::id::ProcessId;

pub use hosts::Hosts;

use inode::{Body, Inode, Inodes, Numbers};
use tables::{Actor, Description, Owner, Record, Table};

/// Everything that the simulated kernel knows.
#[derive(Clone, Debug)]
pub struct State {
    inodes: Inodes,
    /// The open file descriptions; a freed place is used again.
    descriptions: Vec<Option<Description>>,
    /// The descriptor tables: that of whoever prepares the tree, then one for each process.
    tables: Vec<Table>,
    /// The record locks that are held.
    records: Vec<Record>,
    numbers: Numbers,
    hosts: Hosts,
    watch: InodeWatch,
}

/// One name in the tree, as a person would look at it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// The path from the root.
    pub path: PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// Names of one inode have one identity.
    pub inode: InodeId,
    /// The bytes of a file, the target of a symbolic link; empty for a directory.
    pub content: Vec<u8>,
}

impl State {
    /// An empty file system with `processes` processes, none of which has a descriptor open.
    pub fn new(processes: usize) -> Self {
        Self {
            inodes: Inodes::with_root(),
            descriptions: Vec::new(),
            tables: vec![Table::default(); processes + 1],
            records: Vec::new(),
            numbers: Numbers::Fresh,
            hosts: Hosts::default(),
            watch: InodeWatch::default(),
        }
    }

    /// The same file system, whose watch sees each question for an inode number.
    #[must_use]
    pub fn watched_by(mut self, watch: InodeWatch) -> Self {
        self.watch = watch;
        self
    }

    /// The same file system, with each process on a host.
    #[must_use]
    pub fn on_hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Performs a call of `process` and tells what it touched.
    ///
    /// # Panics
    ///
    /// When the process is not one of those given to [`State::new`], or it [waits](State::waits) at the call.
    pub fn step(&mut self, process: ProcessId, call: &Call) -> (Reply, Accesses) {
        let stepped = self.perform(Actor::of(Some(process)), call);
        self.validate();
        stepped
    }

    /// Performs a call before the processes begin, to build the tree that they find.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn prepare(&mut self, call: &Call) -> Reply {
        self.perform(Actor::of(None), call).0
    }

    /// All names, in the order of their paths.
    pub fn tree(&self) -> Vec<Node> {
        let mut nodes = Vec::new();
        self.list(InodeId::ROOT, Path::new("/"), &mut nodes);
        nodes.sort();
        nodes
    }

    /// How many descriptors the process has open; those of its child are not its own.
    pub fn open_descriptors(&self, process: ProcessId) -> usize {
        self.table(Some(process)).descriptors.iter().flatten().count()
    }

    fn list(&self, directory: InodeId, path: &Path, nodes: &mut Vec<Node>) {
        let Body::Directory(entries) = &self.inodes.get(directory).body else {
            unreachable!("only directories are listed")
        };
        for (name, id) in entries.iter() {
            let path = path.join(&**name);
            let (kind, content) = match &self.inodes.get(id).body {
                Body::File(content) => (FileKind::File, content.clone()),
                Body::Symlink(target) => (FileKind::Symlink, target.as_bytes().to_owned()),
                Body::Directory(_) => {
                    self.list(id, &path, nodes);
                    (FileKind::Directory, Vec::new())
                }
            };
            nodes.push(Node {
                path,
                kind,
                inode: id,
                content,
            });
        }
    }

    /// Checks, in debug builds, that names and descriptors are counted right, that nothing is kept without one, and that
    /// nobody has a lock of a file that it has not open.
    fn validate(&self) {
        if cfg!(debug_assertions) {
            for (id, inode) in self.inodes.iter() {
                let open = self.descriptions.iter().flatten().filter(|open| open.inode == id);
                let (open, named) = (open.count(), self.inodes.names_of(id));
                assert_eq!(
                    (inode.links as usize, inode.opens as usize),
                    (named, open),
                    "counts of {id:?}"
                );
                assert!(
                    named + open > 0 || id == InodeId::ROOT,
                    "{id:?} has neither name nor descriptor"
                );
            }
            let children = self.tables.iter().filter_map(|table| table.child.as_ref());
            let tables = self.tables.iter().map(|table| &table.descriptors).chain(children);
            let named: Vec<usize> = tables.flatten().flatten().copied().collect();
            for (place, open) in self.descriptions.iter().enumerate() {
                let descriptors = named.iter().filter(|named| **named == place).count();
                let counted = open.as_ref().map_or(0, |open| open.descriptors as usize);
                assert_eq!(counted, descriptors, "descriptors of the description at {place}");
            }
            for Record { inode, owner, .. } in &self.records {
                let open = match owner {
                    Owner::Description(place) => self.opened(*place).inode == *inode,
                    Owner::Process(actor) => {
                        let mut places = self.descriptors(*actor).iter().flatten();
                        places.any(|place| self.opened(*place).inode == *inode)
                    }
                };
                assert!(open, "{owner:?} has a lock of {inode:?} and has not opened it");
            }
        }
    }
}

/// A simulated file system with one process, whose calls are performed at once.
pub fn alone() -> impl Fs {
    let state = RefCell::new(State::new(1));
    ByCall::new(ProcessId(0), move |call: Call| {
        state.borrow_mut().step(ProcessId(0), &call).0
    })
}

impl Inode {
    fn kind(&self) -> FileKind {
        match self.body {
            Body::File(_) => FileKind::File,
            Body::Directory(_) => FileKind::Directory,
            Body::Symlink(_) => FileKind::Symlink,
        }
    }
}
