//! The inode table and directories of the simulated file system.
//!
//! Both are short vectors: a scenario has a handful of files, and a search copies them often.

use crate::access::InodeId;

/// All inodes that have a name or an open descriptor.
#[derive(Clone, Debug)]
pub(super) struct Inodes(Vec<(InodeId, Inode)>);

/// A file, directory or symbolic link.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub(super) body: Body,
    /// The inode number that `stat` returns.
    pub(super) number: u64,
    /// The number of names; the root has none.
    pub(super) links: u32,
    /// The number of open file descriptions that refer to it.
    pub(super) opens: u32,
    /// Whether a file is old: `Expire` made it so, and nothing was written since.
    pub(super) old: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    File(Vec<u8>),
    Directory(Entries),
    /// The target as given.
    Symlink(Box<str>),
}

/// The entries of a directory, sorted by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries(Vec<(Box<str>, InodeId)>);

impl Inodes {
    pub(super) fn with_root() -> Self {
        let root = Inode {
            body: Body::Directory(Entries::default()),
            number: 0,
            links: 0,
            opens: 0,
            old: false,
        };
        Self(vec![(InodeId::ROOT, root)])
    }

    fn position(&self, id: InodeId) -> usize {
        let found = self.0.iter().position(|(each, _)| *each == id);
        found.expect("an inode exists while a name or a descriptor refers to it")
    }

    pub(super) fn get(&self, id: InodeId) -> &Inode {
        &self.0[self.position(id)].1
    }

    pub(super) fn get_mut(&mut self, id: InodeId) -> &mut Inode {
        let position = self.position(id);
        &mut self.0[position].1
    }

    pub(super) fn entries(&self, directory: InodeId) -> Option<&Entries> {
        match &self.get(directory).body {
            Body::Directory(entries) => Some(entries),
            Body::File(_) | Body::Symlink(_) => None,
        }
    }

    pub(super) fn entries_mut(&mut self, directory: InodeId) -> &mut Entries {
        match &mut self.get_mut(directory).body {
            Body::Directory(entries) => entries,
            Body::File(_) | Body::Symlink(_) => unreachable!("a path was resolved to a directory"),
        }
    }

    pub(super) fn insert(&mut self, id: InodeId, number: u64, body: Body) {
        let inode = Inode {
            body,
            number,
            links: 0,
            opens: 0,
            old: false,
        };
        self.0.push((id, inode));
    }

    pub(super) fn remove(&mut self, id: InodeId) {
        if id != InodeId::ROOT {
            let position = self.position(id);
            self.0.remove(position);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (InodeId, &Inode)> {
        self.0.iter().map(|(id, inode)| (*id, inode))
    }

    pub(super) fn names_of(&self, id: InodeId) -> usize {
        self.iter()
            .filter_map(|(_, inode)| match &inode.body {
                Body::Directory(entries) => Some(entries.iter().filter(|(_, named)| *named == id).count()),
                Body::File(_) | Body::Symlink(_) => None,
            })
            .sum()
    }
}

impl Entries {
    fn search(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(each, _)| (**each).cmp(name))
    }

    pub(super) fn get(&self, name: &str) -> Option<InodeId> {
        self.search(name).ok().map(|position| self.0[position].1)
    }

    pub(super) fn set(&mut self, name: &str, id: InodeId) {
        match self.search(name) {
            Ok(position) => self.0[position].1 = id,
            Err(position) => self.0.insert(position, (name.into(), id)),
        }
    }

    pub(super) fn clear(&mut self, name: &str) {
        let position = self.search(name).expect("the name was looked up in this call");
        self.0.remove(position);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Box<str>, InodeId)> {
        self.0.iter().map(|(name, id)| (name, *id))
    }
}

/// Whether inode numbers are reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Each inode has a number of its own.
    Fresh,
    /// The next inode gets the lowest free number.
    Reused,
}
