//! Path resolution, which loads each entry on the way;
//! [path_resolution(7)](https://man7.org/linux/man-pages/man7/path_resolution.7.html).
//!
//! A relative path starts at the root, which is every process's working directory. [`Path::components`] is not used, because it
//! drops a final `.` or `/`, which matters to Linux. Symbolic links are followed in links.rs.

use std::borrow::Cow;
use std::path::Path;

use super::State;
use crate::access::{Accesses, InodeId, Object};
use crate::fs::Errno;

/// `NAME_MAX`, in bytes.
const LONGEST_NAME: usize = 255;
/// `PATH_MAX`, in bytes, including the terminating zero.
const LONGEST_PATH: usize = 4096;

/// Where a path ends: at an entry of a directory, which may be absent, or at a directory without a name of its own.
pub(super) enum Location<'a> {
    /// An entry, present or absent.
    Entry(Slot<'a>),
    /// A directory that was reached by `/`, `.` or `..`: the directories from below the root to itself.
    Unnamed(Last, Vec<InodeId>),
}

/// The end of a path that is not a name: `LAST_ROOT`, `LAST_DOT` and `LAST_DOTDOT` of `fs/namei.c`.
#[derive(Clone, Copy)]
pub(super) enum Last {
    Root,
    Dot,
    DotDot,
}

/// An entry of a directory that exists.
pub(super) struct Slot<'a> {
    /// The directories from below the root to that of the entry.
    pub(super) ancestors: Vec<InodeId>,
    /// The name in the last directory.
    pub(super) name: Cow<'a, str>,
    /// Whether the path requires a directory.
    pub(super) slash: Slash,
}

/// What follows the last name of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slash {
    Absent,
    Trailing,
}

impl Slot<'_> {
    pub(super) fn directory(&self) -> InodeId {
        deepest(&self.ancestors)
    }

    pub(super) fn object(&self) -> Object {
        Object::Entry(self.directory(), self.name.as_ref().into())
    }

    /// The same entry with an owned name.
    pub(super) fn into_owned(self) -> Slot<'static> {
        Slot {
            ancestors: self.ancestors,
            name: Cow::Owned(self.name.into_owned()),
            slash: self.slash,
        }
    }
}

/// The last of the directories from below the root.
pub(super) fn deepest(ancestors: &[InodeId]) -> InodeId {
    ancestors.last().copied().unwrap_or(InodeId::ROOT)
}

/// The text of a path, as the kernel copies it from the caller (`fs/namei.c`, `getname`).
pub(super) fn text_of(path: &Path) -> Result<&str, Errno> {
    if path.as_os_str().is_empty() {
        return Err(Errno::ENOENT);
    }
    if path.as_os_str().len() >= LONGEST_PATH {
        return Err(Errno::ENAMETOOLONG);
    }
    // As on file systems that accept only UTF-8 (zfs with `utf8only`), so that two names are never taken for one.
    path.to_str().ok_or(Errno::EILSEQ)
}

/// The resolution of one path.
pub(super) struct Walk<'s, 'a> {
    pub(super) state: &'s State,
    pub(super) accesses: &'a mut Accesses,
    /// The number of symbolic links followed so far.
    pub(super) followed: u32,
}

impl<'s, 'a> Walk<'s, 'a> {
    pub(super) fn new(state: &'s State, accesses: &'a mut Accesses) -> Self {
        Self {
            state,
            accesses,
            followed: 0,
        }
    }

    /// Walks from a directory, given as the directories from below the root to itself, to the directory of the last component. Does
    /// not look up that component.
    pub(super) fn along<'t>(&mut self, from: Vec<InodeId>, text: &'t str) -> Result<Location<'t>, Errno> {
        let slash = if text.ends_with('/') {
            Slash::Trailing
        } else {
            Slash::Absent
        };
        let mut ancestors = if text.starts_with('/') { Vec::new() } else { from };
        let mut last = Last::Root;
        let mut names = text.split('/').filter(|name| !name.is_empty()).peekable();
        while let Some(name) = names.next() {
            match name {
                "." => last = Last::Dot,
                ".." => {
                    last = Last::DotDot;
                    // The root is its own parent.
                    ancestors.pop();
                }
                name => {
                    let name = Cow::Borrowed(name);
                    let slot = Slot { ancestors, name, slash };
                    if names.peek().is_none() {
                        return Ok(Location::Entry(slot));
                    }
                    ancestors = self.enter(slot)?;
                }
            }
        }
        Ok(Location::Unnamed(last, ancestors))
    }
}

impl State {
    /// Walks to the directory of the last component, without looking up that component.
    pub(super) fn walk<'t>(&self, path: &'t Path, accesses: &mut Accesses) -> Result<Location<'t>, Errno> {
        Walk::new(self, accesses).along(Vec::new(), text_of(path)?)
    }

    /// The inode of the entry, if it exists. Loads the entry in both cases.
    ///
    /// A name that is too long is detected only here, after both paths of a call have been walked.
    pub(super) fn look_up(&self, slot: &Slot<'_>, accesses: &mut Accesses) -> Result<Option<InodeId>, Errno> {
        if slot.name.len() > LONGEST_NAME {
            return Err(Errno::ENAMETOOLONG);
        }
        accesses.load(slot.object());
        let entries = self.inodes.entries(slot.directory());
        Ok(entries.and_then(|entries| entries.get(&slot.name)))
    }

    /// The inode of the entry, which must exist, and be a directory if the path ends in a slash.
    pub(super) fn resolve(&self, slot: &Slot<'_>, accesses: &mut Accesses) -> Result<InodeId, Errno> {
        let id = self.look_up(slot, accesses)?.ok_or(Errno::ENOENT)?;
        if slot.slash == Slash::Trailing && self.inodes.entries(id).is_none() {
            return Err(Errno::ENOTDIR);
        }
        Ok(id)
    }
}
