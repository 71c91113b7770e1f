//! Calls on names in directories.
//!
//! The checks have the order of Linux (`fs/namei.c`), which decides which of two errors is returned.

use std::path::Path;

use super::State;
use super::inode::{Body, Entries, Numbers};
use super::links::Final;
use super::path::{Last, Location, Slash, Slot};
use super::tables::Actor;
use crate::access::{Accesses, InodeId, Object};
use crate::fs::{Errno, FileKind, Stat};

/// Whether a rename replaces an existing target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Replaced,
    Refused,
}

impl State {
    pub(super) fn stat(&self, path: &Path, touched: &mut Accesses) -> Result<Stat, Errno> {
        let id = self.find(path, Final::Followed, touched)?;
        Ok(self.attributes(id, touched))
    }

    pub(super) fn attributes(&self, id: InodeId, touched: &mut Accesses) -> Stat {
        let inode = self.inodes.get(id);
        let (size, links) = match &inode.body {
            Body::Directory(_) => (0, 1),
            Body::File(content) => {
                touched.load(Object::Content(id));
                touched.load(Object::Links(id));
                (content.len() as u64, u64::from(inode.links))
            }
            Body::Symlink(_) => unreachable!("no call reads the attributes of a link or opens one"),
        };
        Stat {
            kind: inode.kind(),
            size,
            links,
            inode: inode.number,
            old: inode.old,
            watch: self.watch,
        }
    }

    pub(super) fn create(&mut self, actor: Actor, slot: &Slot<'_>, body: Body, touched: &mut Accesses) -> InodeId {
        let id = self.next_id(actor);
        let number = self.next_number(id, touched);
        self.inodes.insert(id, number, body);
        self.name(slot, id, touched);
        id
    }

    /// Sets the entry to the inode.
    fn name(&mut self, slot: &Slot<'_>, id: InodeId, touched: &mut Accesses) {
        touched.store(slot.object());
        self.inodes.entries_mut(slot.directory()).set(&slot.name, id);
        self.inodes.get_mut(id).links += 1;
    }

    /// Removes a name of the inode, which is freed if it was the last.
    fn drop_link(&mut self, id: InodeId, touched: &mut Accesses) {
        self.count_link(id, touched);
        self.inodes.get_mut(id).links -= 1;
        self.after_unlink(id, touched);
    }

    /// The link count changes. For a directory or a symbolic link, no call can observe it.
    fn count_link(&self, id: InodeId, touched: &mut Accesses) {
        if matches!(self.inodes.get(id).body, Body::File(_)) || self.numbers == Numbers::Reused {
            touched.store(Object::Links(id));
        }
    }

    /// The entry for a name that does not exist yet.
    pub(super) fn free_slot<'a>(&self, new: &'a Path, touched: &mut Accesses) -> Result<Slot<'a>, Errno> {
        let Location::Entry(slot) = self.walk(new, touched)? else {
            return Err(Errno::EEXIST);
        };
        if self.look_up(&slot, touched)?.is_some() {
            return Err(Errno::EEXIST);
        }
        if slot.slash == Slash::Trailing {
            return Err(Errno::ENOENT);
        }
        Ok(slot)
    }

    pub(super) fn link(&mut self, existing: &Path, new: &Path, touched: &mut Accesses) -> Result<(), Errno> {
        let id = self.find(existing, Final::Itself, touched)?;
        let slot = self.free_slot(new, touched)?;
        if self.inodes.get(id).kind() == FileKind::Directory {
            return Err(Errno::EPERM);
        }
        self.count_link(id, touched);
        self.name(&slot, id, touched);
        Ok(())
    }

    pub(super) fn rename(
        &mut self,
        from: &Path,
        to: &Path,
        target: Target,
        touched: &mut Accesses,
    ) -> Result<(), Errno> {
        let (from, to) = (self.walk(from, touched)?, self.walk(to, touched)?);
        let (from, to) = match (from, to) {
            (Location::Entry(from), Location::Entry(to)) => (from, to),
            (Location::Entry(_), Location::Unnamed(..)) if target == Target::Refused => return Err(Errno::EEXIST),
            _ => return Err(Errno::EBUSY),
        };
        let moved = self.look_up(&from, touched)?.ok_or(Errno::ENOENT)?;
        let replaced = self.look_up(&to, touched)?;
        if target == Target::Refused && replaced.is_some() {
            return Err(Errno::EEXIST);
        }
        let slash = from.slash == Slash::Trailing || to.slash == Slash::Trailing;
        if slash && self.inodes.get(moved).kind() != FileKind::Directory {
            return Err(Errno::ENOTDIR);
        }
        if to.ancestors.contains(&moved) {
            return Err(Errno::EINVAL);
        }
        if replaced.is_some_and(|replaced| from.ancestors.contains(&replaced)) {
            return Err(Errno::ENOTEMPTY);
        }
        if let Some(replaced) = replaced {
            if replaced == moved {
                return Ok(());
            }
            match (&self.inodes.get(moved).body, &self.inodes.get(replaced).body) {
                (Body::Directory(_), Body::Directory(entries)) => {
                    touched.load(Object::Listing(replaced));
                    if !entries.is_empty() {
                        return Err(Errno::ENOTEMPTY);
                    }
                }
                (Body::Directory(_), _) => return Err(Errno::ENOTDIR),
                (_, Body::Directory(_)) => return Err(Errno::EISDIR),
                _ => {}
            }
            self.drop_link(replaced, touched);
        }
        // The moved inode keeps its link: it always has a name.
        touched.store(from.object());
        touched.store(to.object());
        self.inodes.entries_mut(from.directory()).clear(&from.name);
        self.inodes.entries_mut(to.directory()).set(&to.name, moved);
        Ok(())
    }

    pub(super) fn unlink(&mut self, path: &Path, touched: &mut Accesses) -> Result<(), Errno> {
        let Location::Entry(slot) = self.walk(path, touched)? else {
            return Err(Errno::EISDIR);
        };
        let id = self.resolve(&slot, touched)?;
        if self.inodes.get(id).kind() == FileKind::Directory {
            return Err(Errno::EISDIR);
        }
        self.unname(&slot, id, touched);
        Ok(())
    }

    fn unname(&mut self, slot: &Slot<'_>, id: InodeId, touched: &mut Accesses) {
        touched.store(slot.object());
        self.inodes.entries_mut(slot.directory()).clear(&slot.name);
        self.drop_link(id, touched);
    }

    pub(super) fn mkdir(&mut self, actor: Actor, path: &Path, touched: &mut Accesses) -> Result<(), Errno> {
        let Location::Entry(slot) = self.walk(path, touched)? else {
            return Err(Errno::EEXIST);
        };
        if self.look_up(&slot, touched)?.is_some() {
            return Err(Errno::EEXIST);
        }
        self.create(actor, &slot, Body::Directory(Entries::default()), touched);
        Ok(())
    }

    pub(super) fn rmdir(&mut self, path: &Path, touched: &mut Accesses) -> Result<(), Errno> {
        let slot = match self.walk(path, touched)? {
            Location::Entry(slot) => slot,
            Location::Unnamed(Last::Root, _) => return Err(Errno::EBUSY),
            Location::Unnamed(Last::Dot, _) => return Err(Errno::EINVAL),
            Location::Unnamed(Last::DotDot, _) => return Err(Errno::ENOTEMPTY),
        };
        let id = self.resolve(&slot, touched)?;
        let entries = self.inodes.entries(id).ok_or(Errno::ENOTDIR)?;
        touched.load(Object::Listing(id));
        if !entries.is_empty() {
            return Err(Errno::ENOTEMPTY);
        }
        self.unname(&slot, id, touched);
        Ok(())
    }
}
