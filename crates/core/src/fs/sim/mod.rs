//! The simulated file system: a small POSIX kernel as a pure state machine.
//!
//! [`State::step`] takes a call of one process and returns the kernel's reply with the footprint of the call. It is
//! deterministic, never waits, and reads no clock. [`State::waits`] returns whether the kernel would make the process wait. The
//! conformance tests compare it with the kernel.
//!
//! Not modelled:
//!
//! - permissions (every process is root), disk space, and times except whether a file is old;
//! - names and targets that are not UTF-8 (`EILSEQ`);
//! - directories that change while a path is resolved (it is resolved in one step);
//! - record locks on a part of a file, and record locks that wait;
//! - a child of a child (`ENOSYS`);
//! - a waiting conversion of a shared `flock` to exclusive while others share it (`ENOSYS`).

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

/// The state of the simulated kernel.
#[derive(Clone, Debug)]
pub struct State {
    inodes: Inodes,
    /// The open file descriptions; freed indices are reused.
    descriptions: Vec<Option<Description>>,
    /// The descriptor tables: first that of [`State::prepare`], then one for each process.
    tables: Vec<Table>,
    /// The record locks that are held.
    records: Vec<Record>,
    numbers: Numbers,
    hosts: Hosts,
    watch: InodeWatch,
}

/// One name in the tree, for display.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// The path from the root.
    pub path: PathBuf,
    /// Its type.
    pub kind: FileKind,
    /// The identity of its inode: hard links have the same.
    pub inode: InodeId,
    /// The bytes of a file, the target of a symbolic link; empty for a directory.
    pub content: Vec<u8>,
}

impl State {
    /// An empty file system with `processes` processes, without open descriptors.
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

    /// The same file system, with a watch that is notified when an inode number is read.
    #[must_use]
    pub fn watched_by(mut self, watch: InodeWatch) -> Self {
        self.watch = watch;
        self
    }

    /// The same file system, with each process on the given host.
    #[must_use]
    pub fn on_hosts(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Performs a call of `process`. Returns the reply and the footprint.
    ///
    /// # Panics
    ///
    /// When the process is not one of those given to [`State::new`], or must [wait](State::waits) at the call.
    pub fn step(&mut self, process: ProcessId, call: &Call) -> (Reply, Accesses) {
        let stepped = self.perform(Actor::of(Some(process)), call);
        self.validate();
        stepped
    }

    /// Performs a call before the first step, to build the initial tree.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn prepare(&mut self, call: &Call) -> Reply {
        self.perform(Actor::of(None), call).0
    }

    /// All names, sorted by path.
    pub fn tree(&self) -> Vec<Node> {
        let mut nodes = Vec::new();
        self.list(InodeId::ROOT, Path::new("/"), &mut nodes);
        nodes.sort();
        nodes
    }

    /// The number of open descriptors of the process, without those of its child.
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

    /// Checks in debug builds that names and descriptors are counted correctly, that every inode has one of them, and that every
    /// lock belongs to an open file.
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

/// A simulated file system with one process. Its calls are performed immediately.
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
