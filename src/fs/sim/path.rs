//! Walking a path, loading each entry on the way;
//! [path_resolution(7)](https://man7.org/linux/man-pages/man7/path_resolution.7.html).
//!
//! A relative path starts at the root, which is every process's working directory.

use std::borrow::Cow;
use std::path::{Component, Path};

use super::State;
use crate::access::{Accesses, InodeId, Object};
use crate::fs::Errno;

/// `NAME_MAX`, in bytes.
const LONGEST_NAME: usize = 255;
/// `PATH_MAX`, in bytes, the terminating zero included.
const LONGEST_PATH: usize = 4096;

/// Where a path leads: a place in a directory, which may be empty, or a directory that was not named (`/`, `a/..`).
pub(super) enum Place<'a> {
    /// An entry, present or absent.
    Entry(Slot<'a>),
    /// A directory reached without a name of its own.
    Unnamed(InodeId),
}

/// An entry of a directory that exists.
pub(super) struct Slot<'a> {
    /// The directories from below the root, which every entry has above it, to the entry's own.
    pub(super) ancestors: Vec<InodeId>,
    /// The name in the last of them.
    pub(super) name: Cow<'a, str>,
}

impl Slot<'_> {
    pub(super) fn directory(&self) -> InodeId {
        deepest(&self.ancestors)
    }

    pub(super) fn object(&self) -> Object {
        Object::Entry(self.directory(), (&*self.name).into())
    }
}

fn deepest(ancestors: &[InodeId]) -> InodeId {
    ancestors.last().copied().unwrap_or(InodeId::ROOT)
}

impl State {
    /// Walks to the directory that holds the last component, without looking that component up.
    pub(super) fn walk<'a>(&self, path: &'a Path, accesses: &mut Accesses) -> Result<Place<'a>, Errno> {
        if path.as_os_str().is_empty() {
            return Err(Errno::ENOENT);
        }
        if path.as_os_str().len() >= LONGEST_PATH {
            return Err(Errno::ENAMETOOLONG);
        }
        let mut ancestors = Vec::new();
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            match component {
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
                Component::ParentDir => {
                    // The root is its own parent.
                    ancestors.pop();
                }
                Component::Normal(name) => {
                    let slot = Slot {
                        ancestors,
                        name: name.to_string_lossy(),
                    };
                    if slot.name.len() > LONGEST_NAME {
                        return Err(Errno::ENAMETOOLONG);
                    }
                    if components.peek().is_none() {
                        return Ok(Place::Entry(slot));
                    }
                    let next = self.look_up(&slot, accesses).ok_or(Errno::ENOENT)?;
                    if self.inodes.entries(next).is_none() {
                        return Err(Errno::ENOTDIR);
                    }
                    ancestors = slot.ancestors;
                    ancestors.push(next);
                }
            }
        }
        Ok(Place::Unnamed(deepest(&ancestors)))
    }

    /// What the entry names now: a load of the entry, whether it is there or not.
    pub(super) fn look_up(&self, slot: &Slot<'_>, accesses: &mut Accesses) -> Option<InodeId> {
        accesses.load(slot.object());
        self.inodes
            .entries(slot.directory())
            .and_then(|entries| entries.get(&slot.name))
    }

    /// Walks the whole path to what it names.
    pub(super) fn find(&self, path: &Path, accesses: &mut Accesses) -> Result<InodeId, Errno> {
        match self.walk(path, accesses)? {
            Place::Entry(slot) => self.look_up(&slot, accesses).ok_or(Errno::ENOENT),
            Place::Unnamed(directory) => Ok(directory),
        }
    }
}
