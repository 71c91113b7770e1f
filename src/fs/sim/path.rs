//! Walking a path, loading each entry on the way;
//! [path_resolution(7)](https://man7.org/linux/man-pages/man7/path_resolution.7.html).
//!
//! A relative path starts at the root, which is every process's working directory. The path is taken apart here and not by
//! [`Path::components`], which tidies away the `.` and the `/` at the end that Linux heeds.

use std::path::Path;

use super::State;
use crate::access::{Accesses, InodeId, Object};
use crate::fs::Errno;

/// `NAME_MAX`, in bytes.
const LONGEST_NAME: usize = 255;
/// `PATH_MAX`, in bytes, the terminating zero included.
const LONGEST_PATH: usize = 4096;

/// Where a path leads: a place in a directory, which may be empty, or a directory that was not named.
pub(super) enum Place<'a> {
    /// An entry, present or absent.
    Entry(Slot<'a>),
    /// A directory reached without a name of its own.
    Unnamed(Last, InodeId),
}

/// What stands in place of a name at the end of a path; `LAST_ROOT`, `LAST_DOT` and `LAST_DOTDOT` of `fs/namei.c`.
#[derive(Clone, Copy)]
pub(super) enum Last {
    Root,
    Dot,
    DotDot,
}

/// An entry of a directory that exists.
pub(super) struct Slot<'a> {
    /// The directories from below the root, which every entry has above it, to the entry's own.
    pub(super) ancestors: Vec<InodeId>,
    /// The name in the last of them.
    pub(super) name: &'a str,
    /// Whether the path insists on a directory.
    pub(super) slash: Slash,
}

/// How a path ends behind its last name.
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
        Object::Entry(self.directory(), self.name.into())
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
        // As on file systems that take only UTF-8 (zfs with `utf8only`): better refused than two names taken for one.
        let text = path.to_str().ok_or(Errno::EILSEQ)?;
        let slash = if text.ends_with('/') {
            Slash::Trailing
        } else {
            Slash::Absent
        };
        let mut ancestors = Vec::new();
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
                    let slot = Slot { ancestors, name, slash };
                    if names.peek().is_none() {
                        return Ok(Place::Entry(slot));
                    }
                    let next = self.look_up(&slot, accesses)?.ok_or(Errno::ENOENT)?;
                    if self.inodes.entries(next).is_none() {
                        return Err(Errno::ENOTDIR);
                    }
                    ancestors = slot.ancestors;
                    ancestors.push(next);
                }
            }
        }
        Ok(Place::Unnamed(last, deepest(&ancestors)))
    }

    /// What the entry names now: a load of the entry, whether it is there or not.
    ///
    /// A name that is too long is found out only here, after both paths of a call have been walked.
    pub(super) fn look_up(&self, slot: &Slot<'_>, accesses: &mut Accesses) -> Result<Option<InodeId>, Errno> {
        if slot.name.len() > LONGEST_NAME {
            return Err(Errno::ENAMETOOLONG);
        }
        accesses.load(slot.object());
        let entries = self.inodes.entries(slot.directory());
        Ok(entries.and_then(|entries| entries.get(slot.name)))
    }

    /// What the entry names, which must be there, and a directory if the path ends in a slash.
    pub(super) fn resolve(&self, slot: &Slot<'_>, accesses: &mut Accesses) -> Result<InodeId, Errno> {
        let id = self.look_up(slot, accesses)?.ok_or(Errno::ENOENT)?;
        if slot.slash == Slash::Trailing && self.inodes.entries(id).is_none() {
            return Err(Errno::ENOTDIR);
        }
        Ok(id)
    }

    /// Walks the whole path to what it names.
    pub(super) fn find(&self, path: &Path, accesses: &mut Accesses) -> Result<InodeId, Errno> {
        match self.walk(path, accesses)? {
            Place::Entry(slot) => self.resolve(&slot, accesses),
            Place::Unnamed(_, directory) => Ok(directory),
        }
    }
}
