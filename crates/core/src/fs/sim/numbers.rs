//! Inode numbers: whether freed numbers are reused, and the footprint of that.
//!
//! ext4 uses the lowest free number of a group, so the next file gets the number of a removed one. xfs does the same a moment
//! later. tmpfs and btrfs do not reuse numbers (`fs/ext4/ialloc.c`, `fs/xfs/xfs_icache.c`, `mm/shmem.c`). A name or an open
//! descriptor keeps a number in use. With reuse, comparing numbers can mislead; without, nothing here is touched. Knows no call.

use super::State;
use super::inode::Numbers;
use crate::access::{Accesses, InodeId, Object};

impl State {
    /// The same file system with reuse of inode numbers, as on ext4.
    ///
    /// # Panics
    ///
    /// When an inode was already created.
    pub fn reusing_numbers(mut self) -> Self {
        assert!(self.inodes.iter().count() == 1, "an inode has its number for good");
        self.numbers = Numbers::Reused;
        self
    }

    /// The number for a new inode.
    pub(super) fn next_number(&self, id: InodeId, touched: &mut Accesses) -> u64 {
        match self.numbers {
            Numbers::Fresh => {
                let creator = id.creator.map_or(0, |process| u64::from(process.0) + 1);
                creator << 32 | u64::from(id.serial)
            }
            Numbers::Reused => {
                touched.store(Object::Allocator);
                let is_free = |number: &u64| self.inodes.iter().all(|(_, inode)| inode.number != *number);
                (1..).find(is_free).expect("there are more numbers than inodes")
            }
        }
    }

    /// Counts one more open description of the inode.
    pub(super) fn pin(&mut self, id: InodeId, touched: &mut Accesses) {
        self.inodes.get_mut(id).opens += 1;
        if self.numbers == Numbers::Reused {
            touched.store(Object::Opens(id));
        }
    }

    /// Counts one fewer, and frees the inode if it was the last reference.
    pub(super) fn unpin(&mut self, id: InodeId, touched: &mut Accesses) {
        self.inodes.get_mut(id).opens -= 1;
        if self.numbers == Numbers::Reused {
            touched.store(Object::Opens(id));
            if self.inodes.get(id).opens == 0 && id != InodeId::ROOT {
                touched.load(Object::Links(id));
            }
        }
        self.reclaim(id, touched);
    }

    /// A name of the inode was removed. Frees the inode if it was the last reference.
    pub(super) fn after_unlink(&mut self, id: InodeId, touched: &mut Accesses) {
        if self.numbers == Numbers::Reused && self.inodes.get(id).links == 0 {
            touched.load(Object::Opens(id));
        }
        self.reclaim(id, touched);
    }

    /// Frees an inode that has neither a name nor a descriptor.
    fn reclaim(&mut self, id: InodeId, touched: &mut Accesses) {
        let inode = self.inodes.get(id);
        if inode.links == 0 && inode.opens == 0 && id != InodeId::ROOT {
            self.inodes.remove(id);
            if self.numbers == Numbers::Reused {
                touched.store(Object::Allocator);
            }
        }
    }
}
