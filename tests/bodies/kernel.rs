//! The kernel's file system, with a fresh directory as the root.
//!
//! Its processes are threads, each with a table of descriptors of its own (`unshare(CLONE_FILES)`): that table is what the
//! kernel takes for a process when it asks whose a record lock is (`fs/locks.c`, `flc_owner` is `current->files`). One ends
//! when it has closed all of them. Does not depend on the simulation that it is compared with.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::{JoinHandle, spawn};

use nix::sched::{CloneFlags, unshare};
use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::fs::{Errno, FileKind};
use onewinner_core::id::ProcessId;
use onewinner_linux::real_fs::RealFs;
use tempfile::TempDir;

use super::steps::PROCESSES;
use super::world::World;

/// A directory of the machine and the processes that use it.
pub(crate) struct Kernel {
    root: TempDir,
    processes: Vec<Process>,
    ended: Vec<bool>,
}

/// What a process is asked to do.
type Order = Box<dyn FnOnce(&mut RealFs) + Send>;

/// A thread that makes calls.
struct Process {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    /// Whether it has a table of descriptors of its own: some containers forbid it.
    apart: bool,
}

impl Process {
    fn new() -> Self {
        let (orders, received) = channel::<Order>();
        let (sender, receiver) = channel();
        let thread = spawn(move || {
            let apart = unshare(CloneFlags::CLONE_FILES).is_ok();
            sender.send(apart).expect("it is waited for");
            let mut fs = RealFs::new();
            received.into_iter().for_each(|order| order(&mut fs));
        });
        Self {
            apart: receiver.recv().expect("a thread begins"),
            orders: Some(orders),
            thread: Some(thread),
        }
    }

    fn ask<T: Send + 'static>(&self, order: impl FnOnce(&mut RealFs) -> T + Send + 'static) -> T {
        let (sender, receiver) = channel();
        let request = move |fs: &mut RealFs| sender.send(order(fs)).expect("it is waited for");
        let orders = self.orders.as_ref().expect("it lives as long as its world");
        orders.send(Box::new(request)).expect("its thread waits for orders");
        receiver.recv().expect("a call returns")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.orders = None;
        let ended = self.thread.take().map(JoinHandle::join);
        debug_assert!(ended.is_some_and(|ended| ended.is_ok()), "calls do not panic");
    }
}

impl Kernel {
    /// An empty root: a fresh directory below `place`.
    pub(crate) fn new_in(place: &Path) -> Self {
        Self {
            root: TempDir::new_in(place).expect("the place is a directory where we may write"),
            processes: (0..PROCESSES).map(|_| Process::new()).collect(),
            ended: vec![false; usize::from(PROCESSES)],
        }
    }

    /// The path as the kernel gets it, byte for byte behind that of the directory: a join would tidy it up.
    fn placed(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() {
            return path.to_owned();
        }
        let mut placed = OsString::from(self.root.path());
        placed.push(path);
        placed.into()
    }

    fn list(&self, directory: &Path, names: &mut Vec<(PathBuf, FileKind, Vec<u8>)>) {
        let below = self
            .root
            .path()
            .join(directory.strip_prefix("/").expect("listed from the root"));
        for entry in fs::read_dir(below).expect("a directory that we made") {
            let entry = entry.expect("nobody else works here");
            let path = directory.join(entry.file_name());
            let kind = entry.file_type().expect("nobody else works here");
            if kind.is_dir() {
                self.list(&path, names);
                names.push((path, FileKind::Directory, Vec::new()));
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path()).expect("a link that we made");
                names.push((path, FileKind::Symlink, target.into_os_string().into_vec()));
            } else {
                let content = fs::read(entry.path()).expect("a file that we made");
                names.push((path, FileKind::File, content));
            }
        }
    }
}

impl World for Kernel {
    fn perform(&mut self, process: ProcessId, call: &Call) -> Reply {
        match call {
            // What the kernel does to the descriptors of a process that ends.
            Call::Exit => {
                self.processes[process.index()].ask(|fs| *fs = RealFs::new());
                self.ended[process.index()] = true;
                return Ok(Value::Done);
            }
            Call::Alive { process } => {
                let alive = self.ended.get(process.index()).is_some_and(|ended| !ended);
                return if alive { Ok(Value::Done) } else { Err(Errno::ESRCH) };
            }
            _ => {}
        }
        let mut call = call.clone();
        for path in call.paths_mut() {
            *path = self.placed(path);
        }
        self.processes[process.index()].ask(move |fs| call.perform(fs))
    }

    fn names(&self) -> Vec<(PathBuf, FileKind, Vec<u8>)> {
        let mut names = Vec::new();
        self.list(Path::new("/"), &mut names);
        names.sort();
        names
    }

    fn open_descriptors(&self, process: ProcessId) -> usize {
        self.processes[process.index()].ask(|fs| fs.open_descriptors())
    }

    fn has_record_locks(&self) -> bool {
        self.processes.iter().all(|process| process.apart)
    }
}
