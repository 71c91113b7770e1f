//! The kernel's file system as a world: a fresh directory stands for the root.
//!
//! Its processes are values of `RealFs` in one process of the machine; they share nothing but the directory, and one ends when
//! its value is dropped. Deliberately
//! knows nothing of the simulation that it is held against.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use onewinner::fs::call::{Call, Reply, Value};
use onewinner::fs::real::RealFs;
use onewinner::fs::{Errno, FileKind};
use onewinner::id::ProcessId;
use tempfile::TempDir;

use super::steps::PROCESSES;
use super::world::World;

/// A directory of the machine and the processes that use it.
pub(crate) struct Kernel {
    root: TempDir,
    processes: Vec<RealFs>,
    ended: Vec<bool>,
}

impl Kernel {
    /// An empty world in a fresh directory below `place`.
    pub(crate) fn new_in(place: &Path) -> Self {
        Self {
            root: TempDir::new_in(place).expect("the place is a directory where we may write"),
            processes: (0..PROCESSES).map(|_| RealFs::new()).collect(),
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
            if entry.file_type().expect("nobody else works here").is_dir() {
                self.list(&path, names);
                names.push((path, FileKind::Directory, Vec::new()));
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
                self.processes[process.index()] = RealFs::new();
                self.ended[process.index()] = true;
                return Ok(Value::Done);
            }
            Call::Alive { process } if self.ended[process.index()] => return Err(Errno::ESRCH),
            Call::Alive { .. } => return Ok(Value::Done),
            _ => {}
        }
        let mut call = call.clone();
        for path in call.paths_mut() {
            *path = self.placed(path);
        }
        call.perform(&self.processes[process.index()])
    }

    fn names(&self) -> Vec<(PathBuf, FileKind, Vec<u8>)> {
        let mut names = Vec::new();
        self.list(Path::new("/"), &mut names);
        names.sort();
        names
    }

    fn open_descriptors(&self, process: ProcessId) -> usize {
        self.processes[process.index()].open_descriptors()
    }
}
