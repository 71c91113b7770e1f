//! The simulated file system: a small POSIX kernel as a pure state machine.
//!
//! [`State::step`] takes a call of one process and returns the kernel's reply with the footprint of the call. It never
//! waits, never looks at a clock, and tells the same story every time; [`State::waits`] tells whether the kernel would let
//! the process wait. The conformance tests hold it against the kernel.
//!
//! Not modelled: symbolic links, permissions (every process is root), times, disk space, names that are not UTF-8 (they
//! are `EILSEQ`), directories that change while a path is walked (a path is resolved in one instant), and a shared `flock`
//! that is made exclusive while others share it and that waits for them (it is `ENOSYS`).

mod calls;
mod inode;
mod life;
mod locks;
mod names;
mod numbers;
mod path;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::access::{Accesses, InodeId};
use crate::fs::call::{ByCall, Call, Reply};
use crate::fs::{Errno, Fd, FileKind, Fs};
use crate::id::ProcessId;

use inode::{Body, Inode, Inodes};
use locks::Lock;
use numbers::Numbers;

/// Everything that the simulated kernel knows.
#[derive(Clone, Debug)]
pub struct State {
    inodes: Inodes,
    /// The open file descriptions; a freed place is used again.
    descriptions: Vec<Option<Description>>,
    /// The descriptor tables: that of whoever prepares the tree, then one for each process.
    tables: Vec<Table>,
    numbers: Numbers,
}

/// What `open` makes and descriptors share: [open(2)](https://man7.org/linux/man-pages/man2/open.2.html), "Open file
/// descriptions".
#[derive(Clone, Debug)]
struct Description {
    inode: InodeId,
    offset: u64,
    readable: bool,
    writable: bool,
    append: bool,
    /// The `flock` lock that it has on its inode.
    lock: Option<Lock>,
}

/// What belongs to one process: its descriptors, and the count of inodes that it created, which names them.
#[derive(Clone, Debug, Default)]
struct Table {
    descriptors: Vec<Option<usize>>,
    created: u32,
    /// Whether it has exited or was killed.
    ended: bool,
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
    /// The bytes of a file; empty for a directory.
    pub content: Vec<u8>,
}

impl State {
    /// An empty file system with `processes` processes, none of which has a descriptor open.
    pub fn new(processes: usize) -> Self {
        Self {
            inodes: Inodes::with_root(),
            descriptions: Vec::new(),
            tables: vec![Table::default(); processes + 1],
            numbers: Numbers::Fresh,
        }
    }

    /// Performs a call of `process` and tells what it touched.
    ///
    /// # Panics
    ///
    /// When the process is not one of those given to [`State::new`], or it [waits](State::waits) at the call.
    pub fn step(&mut self, process: ProcessId, call: &Call) -> (Reply, Accesses) {
        let stepped = self.perform(Some(process), call);
        self.validate();
        stepped
    }

    /// Performs a call before the processes begin, to build the tree that they find.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn prepare(&mut self, call: &Call) -> Reply {
        self.perform(None, call).0
    }

    /// All names, in the order of their paths.
    pub fn tree(&self) -> Vec<Node> {
        let mut nodes = Vec::new();
        self.list(InodeId::ROOT, Path::new("/"), &mut nodes);
        nodes.sort();
        nodes
    }

    /// How many descriptors the process has open.
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

    fn table(&self, actor: Option<ProcessId>) -> &Table {
        &self.tables[actor.map_or(0, |process| process.index() + 1)]
    }

    fn table_mut(&mut self, actor: Option<ProcessId>) -> &mut Table {
        &mut self.tables[actor.map_or(0, |process| process.index() + 1)]
    }

    /// A name for the next inode of this process that does not depend on what others created.
    fn next_id(&mut self, actor: Option<ProcessId>) -> InodeId {
        let table = self.table_mut(actor);
        table.created += 1;
        InodeId {
            creator: actor,
            serial: table.created,
        }
    }

    /// Opens a description in the lowest free descriptor.
    fn install(&mut self, actor: Option<ProcessId>, description: Description, touched: &mut Accesses) -> Fd {
        self.pin(description.inode, touched);
        let place = match self.descriptions.iter().position(Option::is_none) {
            Some(place) => place,
            None => {
                self.descriptions.push(None);
                self.descriptions.len() - 1
            }
        };
        self.descriptions[place] = Some(description);
        let descriptors = &mut self.table_mut(actor).descriptors;
        let number = match descriptors.iter().position(Option::is_none) {
            Some(number) => number,
            None => {
                descriptors.push(None);
                descriptors.len() - 1
            }
        };
        descriptors[number] = Some(place);
        Fd(u32::try_from(number).expect("a simulated process opens few files"))
    }

    fn description(&self, actor: Option<ProcessId>, fd: Fd) -> Result<&Description, Errno> {
        let place = self.place(actor, fd)?;
        Ok(self.descriptions[place]
            .as_ref()
            .expect("a descriptor names an open description"))
    }

    fn description_mut(&mut self, actor: Option<ProcessId>, fd: Fd) -> Result<&mut Description, Errno> {
        let place = self.place(actor, fd)?;
        Ok(self.descriptions[place]
            .as_mut()
            .expect("a descriptor names an open description"))
    }

    fn place(&self, actor: Option<ProcessId>, fd: Fd) -> Result<usize, Errno> {
        let descriptors = &self.table(actor).descriptors;
        descriptors.get(fd.0 as usize).copied().flatten().ok_or(Errno::EBADF)
    }

    /// Checks, in debug builds, that names and descriptors are counted right and that nothing is kept without one.
    fn validate(&self) {
        if cfg!(debug_assertions) {
            for (id, inode) in self.inodes.iter() {
                let open = self
                    .descriptions
                    .iter()
                    .flatten()
                    .filter(|open| open.inode == id)
                    .count();
                let named = self.inodes.names_of(id);
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
        }
    }
}
