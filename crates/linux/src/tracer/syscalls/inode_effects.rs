//! What a call does to an inode that it names, by a path or a descriptor. Knows no names.

use super::call_flags::NewAttributes;
use super::footprint::FootprintBuilder;
use super::watched_tree::{Inode, InodeKind, Side};
use crate::sys::bits;
use crate::sys::syscalls::SyscallClass;
use onewinner_core::access::{AccessKind, Object};

/// Devices without a state that several processes could share, by number: null, zero, full, random, urandom
/// (`Documentation/admin-guide/devices.txt`, memory devices).
const STATELESS: [u64; 5] = [0x103, 0x105, 0x107, 0x108, 0x109];

impl FootprintBuilder<'_> {
    /// An inode that the call names by a descriptor or a path. `kind` is whether a call on content reads or writes it.
    pub(super) fn object(&mut self, there: &Inode, kind: AccessKind) {
        self.side = there.side;
        self.path.clone_from(&there.path);
        let id = there.id;
        if there.side == Side::Watched {
            self.touched.watched.get_or_insert_default();
        }
        match (self.class, there.kind) {
            (SyscallClass::Stat | SyscallClass::Lstat, _) => self.shows_all(there),
            (SyscallClass::Open, kind) => self.opens(there, kind),
            (SyscallClass::LookUp | SyscallClass::ReadLink, _) => self.load(Object::Attributes(id)),
            (SyscallClass::Execute, _) => {
                self.load(Object::Attributes(id));
                self.load(Object::Content(id));
            }
            (SyscallClass::Link, _) => self.store(Object::Links(id)),
            (SyscallClass::Attributes, _) => self.attributes(there),
            (SyscallClass::List, _) => self.load(Object::Listing(id)),
            (SyscallClass::Socket, _) => self.load(Object::Attributes(id)),
            (SyscallClass::Other, InodeKind::Device(number))
                if !STATELESS.contains(&number) && !self.flags.counts_input =>
            {
                self.refuse("controls a device, whose state is not tracked");
            }
            (
                SyscallClass::Read
                | SyscallClass::Seek
                | SyscallClass::Write
                | SyscallClass::Copy
                | SyscallClass::Truncate
                | SyscallClass::Other
                | SyscallClass::Map,
                InodeKind::Device(number),
            ) => self.device(number),
            // What one reads, nobody else can read.
            (SyscallClass::Read | SyscallClass::Write | SyscallClass::Copy, InodeKind::Pipe) => {
                self.touched.is_stream = true;
                self.load(Object::Opens(id));
                self.store(Object::Content(id));
            }
            (SyscallClass::Read | SyscallClass::Seek, _) => self.load(Object::Content(id)),
            (SyscallClass::Write, _) => self.writes(there),
            (SyscallClass::Copy, _) if kind == AccessKind::Store => self.writes(there),
            (SyscallClass::Copy, _) => self.load(Object::Content(id)),
            (SyscallClass::Truncate, _) if self.flags.size == Some(there.size) => {
                self.load(Object::Content(id));
                self.store(Object::Times(id));
            }
            (SyscallClass::Truncate, _) => self.store(Object::Content(id)),
            (SyscallClass::Map, _) if there.side == Side::Watched => {
                self.refuse("maps a watched file into memory (mmap), where accesses cannot be observed");
            }
            (SyscallClass::Map, _) => self.add(Object::Content(id), kind),
            (SyscallClass::Other, _) if self.flags.reads_attributes => self.load(Object::Attributes(id)),
            (SyscallClass::Other, _) if self.flags.counts_input => self.load(Object::Content(id)),
            (SyscallClass::Other, _) if there.side == Side::Watched => {
                self.refuse("makes a call on a watched file that is not tracked");
            }
            (SyscallClass::Other, _) => {
                self.load(Object::Listing(id));
                self.store(Object::Content(id));
                self.store(Object::Attributes(id));
            }
            // Locks and closed descriptors are looked at apart. Flushing to the disk changes nothing that another contender can
            // observe.
            _ => {}
        }
    }

    /// Everything that stat(2) shows.
    fn shows_all(&mut self, there: &Inode) {
        // The size and the times of a directory elsewhere, such as /tmp, are a figure of the whole machine.
        if there.is_directory() && there.side == Side::Watched {
            self.load(Object::Listing(there.id));
        } else if !there.is_directory() {
            self.load(Object::Content(there.id));
        }
        self.load(Object::Links(there.id));
        self.load(Object::Attributes(there.id));
        self.load(Object::Times(there.id));
    }

    /// An existing file is opened.
    fn opens(&mut self, there: &Inode, kind: InodeKind) {
        self.load(Object::Attributes(there.id));
        if self.flags.unnamed && there.is_directory() {
            match there.side {
                Side::Watched => self.touched.makes_unnamed = true,
                Side::Elsewhere => self.touched.unnamed_elsewhere = true,
            }
            self.takes_number();
            return;
        }
        if self.flags.names_only {
            return;
        }
        match kind {
            InodeKind::Device(bits::TERMINAL_MASTER) => {
                self.refuse("makes a terminal, whose name in /dev/pts others can see");
            }
            InodeKind::Device(bits::KERNEL_LOG | bits::REAL_TIME_CLOCK) => {
                self.refuse("opens a device with real times");
            }
            InodeKind::Pipe if self.flags.waits => {
                self.refuse("opens a named pipe and waits for its other end");
            }
            // Whether it has a reader or a writer.
            InodeKind::Pipe => {
                self.touched.uses_pipe |= there.side == Side::Watched;
                self.store(Object::Opens(there.id));
            }
            InodeKind::File if self.flags.truncates && there.size > 0 => self.store(Object::Content(there.id)),
            // An empty file stays as it is: `exec 9>lock` of a loser changes nothing but its times.
            InodeKind::File if self.flags.truncates => {
                self.load(Object::Content(there.id));
                self.store(Object::Times(there.id));
            }
            _ => {}
        }
        // Reads elsewhere are not looked at again.
        if there.side == Side::Elsewhere {
            self.shows_all(there);
        }
    }

    fn writes(&mut self, there: &Inode) {
        // Two names there may stand for one setting, and other calls show it.
        if there.path.starts_with("/proc") || there.path.starts_with("/sys") {
            self.refuse(format!("changes {}, a setting of the machine", there.path.display()));
        }
        self.store(Object::Content(there.id));
        // A write takes away set-uid and set-gid bits.
        if there.mode & 0o6000 != 0 {
            self.store(Object::Attributes(there.id));
        }
    }

    fn attributes(&mut self, there: &Inode) {
        let changes = match self.flags.attributes {
            NewAttributes::Times => false,
            NewAttributes::Mode(mode) => mode != there.mode,
            NewAttributes::Owner { user, group } => {
                let differs = |new: u32, old: u32| new != u32::MAX && new != old;
                differs(user, there.user) || differs(group, there.group) || there.mode & 0o6000 != 0
            }
            NewAttributes::Others => true,
        };
        if changes {
            self.store(Object::Attributes(there.id));
        } else {
            self.load(Object::Attributes(there.id));
            self.store(Object::Times(there.id));
        }
    }

    fn device(&mut self, number: u64) {
        if !STATELESS.contains(&number) {
            self.add_step(Object::Device(number), AccessKind::Store);
        }
    }
}
