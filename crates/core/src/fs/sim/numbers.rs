//! Inode numbers: whether one that was given back is used again, and what then touches what.
//!
//! ext4 gives the lowest free number of a group, so that an unlinked file's comes back with the next file that is created, and
//! xfs does the same a moment later; tmpfs and btrfs count on (`fs/ext4/ialloc.c`, `fs/xfs/xfs_icache.c`, `mm/shmem.c`). A name or an open descriptor pins a number. Whoever
//! compares numbers can be deceived by the first kind; on the second, nothing here is touched. Knows no call.

use super::State;
use super::inode::Numbers;
use crate::access::{Accesses, InodeId, Object};

impl State {
    /// The same file system, on which the number of a file that is gone is used again, as on ext4.
    ///
    /// # Panics
    ///
    /// When something was created already.
    pub fn reusing_numbers(mut self) -> Self {
        assert!(self.inodes.iter().count() == 1, "an inode has its number for good");
        self.numbers = Numbers::Reused;
        self
    }

    /// The number of an inode that is created.
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

    /// One more open description refers to the inode.
    pub(super) fn pin(&mut self, id: InodeId, touched: &mut Accesses) {
        self.inodes.get_mut(id).opens += 1;
        if self.numbers == Numbers::Reused {
            touched.store(Object::Opens(id));
        }
    }

    /// One fewer does, which may have been the last.
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

    /// A name of the inode is gone, which may have been the last.
    pub(super) fn after_unlink(&mut self, id: InodeId, touched: &mut Accesses) {
        if self.numbers == Numbers::Reused && self.inodes.get(id).links == 0 {
            touched.load(Object::Opens(id));
        }
        self.reclaim(id, touched);
    }

    /// Forgets an inode that has neither a name nor a descriptor.
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
