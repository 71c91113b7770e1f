//! What each call does to the simulated state, and the footprint that it leaves: descriptors here, names in names.rs, locks
//! in locks.rs, processes in life.rs.
//!
//! Footprints are read in one fixed order, the first object deciding what is read next: entries along the path, then the
//! inode. What decides a failure is a load. The order of the checks is Linux's (`fs/namei.c`), because it decides which of
//! two errors is reported.

use std::path::Path;

use super::inode::Body;
use super::path::{Place, Slash};
use super::{Description, State};
use crate::access::{Accesses, InodeId, Object};
use crate::fs::call::{Call, Reply, Value};
use crate::fs::{AccessMode, Create, Errno, Fd, OpenFlags, Stat};
use crate::id::ProcessId;

/// Who calls: a process, or whoever prepares the tree.
pub(super) type Actor = Option<ProcessId>;

impl State {
    pub(super) fn perform(&mut self, actor: Actor, call: &Call) -> (Reply, Accesses) {
        let mut accesses = Accesses::none();
        let touched = &mut accesses;
        let reply = match call {
            Call::Open { path, flags, mode: _ } => self.open(actor, path, *flags, touched).map(Value::Fd),
            Call::Close { fd } => self.close(actor, *fd, touched).map(|()| Value::Done),
            Call::Read { fd, length } => self.read(actor, *fd, *length, touched).map(Value::Bytes),
            Call::Write { fd, bytes } => self.write(actor, *fd, bytes, touched).map(Value::Count),
            Call::Stat { path } => self.stat(path, touched).map(Value::Stat),
            Call::Fstat { fd } => self.fstat(actor, *fd, touched).map(Value::Stat),
            Call::Link { existing, new } => self.link(existing, new, touched).map(|()| Value::Done),
            Call::Rename { from, to } => self.rename(from, to, touched).map(|()| Value::Done),
            Call::Unlink { path } => self.unlink(path, touched).map(|()| Value::Done),
            Call::Mkdir { path, mode: _ } => self.mkdir(actor, path, touched).map(|()| Value::Done),
            Call::Rmdir { path } => self.rmdir(path, touched).map(|()| Value::Done),
            Call::Flock { fd, operation } => self.flock(actor, *fd, *operation, touched).map(|()| Value::Done),
            Call::Exit | Call::Die => {
                self.end(actor, touched);
                Ok(Value::Done)
            }
            Call::Alive { process } => self.alive(*process, touched).map(|()| Value::Done),
            Call::Await { processes } => {
                self.await_ends(processes, touched);
                Ok(Value::Done)
            }
            Call::RenameNew { .. }
            | Call::Symlink { .. }
            | Call::Readlink { .. }
            | Call::RecordLock { .. }
            | Call::OfdLock { .. }
            | Call::Expire { .. }
            | Call::Fork
            | Call::InChild { .. }
            | Call::Foreign { .. } => Err(Errno::ENOSYS),
        };
        (reply, accesses)
    }

    fn open(&mut self, actor: Actor, path: &Path, flags: OpenFlags, touched: &mut Accesses) -> Result<Fd, Errno> {
        let inode = match self.walk(path, touched)? {
            Place::Unnamed(_, directory) => self.open_existing(directory, flags, touched)?,
            Place::Entry(slot) if flags.create == Create::Never => {
                let existing = self.resolve(&slot, touched)?;
                self.open_existing(existing, flags, touched)?
            }
            // Whatever is there, which is not looked at (fs/namei.c, lookup_fast_for_open).
            Place::Entry(slot) if slot.slash == Slash::Trailing => return Err(Errno::EISDIR),
            Place::Entry(slot) => match self.look_up(&slot, touched)? {
                Some(existing) => self.open_existing(existing, flags, touched)?,
                None => self.create(actor, &slot, Body::File(Vec::new()), touched),
            },
        };
        let description = Description {
            inode,
            offset: 0,
            readable: flags.access != AccessMode::Write,
            writable: flags.access != AccessMode::Read,
            append: flags.append,
            lock: None,
        };
        Ok(self.install(actor, description, touched))
    }

    fn open_existing(&mut self, id: InodeId, flags: OpenFlags, touched: &mut Accesses) -> Result<InodeId, Errno> {
        if flags.create == Create::Exclusively {
            return Err(Errno::EEXIST);
        }
        match &mut self.inodes.get_mut(id).body {
            // O_TRUNC asks for write access even with O_RDONLY (fs/open.c, build_open_flags).
            Body::Directory(_) if flags.create == Create::IfAbsent || flags.truncate => return Err(Errno::EISDIR),
            Body::Directory(_) if flags.access != AccessMode::Read => return Err(Errno::EISDIR),
            Body::Directory(_) => {}
            // A file that is empty already counts as stored all the same: that may only add classes.
            Body::File(content) if flags.truncate => {
                content.clear();
                touched.store(Object::Content(id));
            }
            Body::File(_) => {}
        }
        Ok(id)
    }

    pub(super) fn close(&mut self, actor: Actor, fd: Fd, touched: &mut Accesses) -> Result<(), Errno> {
        let place = self.place(actor, fd)?;
        self.table_mut(actor).descriptors[fd.0 as usize] = None;
        let description = self.descriptions[place]
            .take()
            .expect("a descriptor names an open description");
        if description.lock.is_some() {
            touched.store(Object::Locks(description.inode));
        }
        self.unpin(description.inode, touched);
        Ok(())
    }

    fn read(&mut self, actor: Actor, fd: Fd, length: usize, touched: &mut Accesses) -> Result<Vec<u8>, Errno> {
        let description = self.description(actor, fd)?;
        if !description.readable {
            return Err(Errno::EBADF);
        }
        let (inode, offset) = (description.inode, description.offset);
        let Body::File(content) = &self.inodes.get(inode).body else {
            return Err(Errno::EISDIR);
        };
        touched.load(Object::Content(inode));
        let start = usize::try_from(offset).map_or(content.len(), |offset| offset.min(content.len()));
        let end = start.saturating_add(length).min(content.len());
        let bytes = content[start..end].to_owned();
        self.description_mut(actor, fd)?.offset += bytes.len() as u64;
        Ok(bytes)
    }

    fn write(&mut self, actor: Actor, fd: Fd, bytes: &[u8], touched: &mut Accesses) -> Result<usize, Errno> {
        let description = self.description(actor, fd)?;
        if !description.writable {
            return Err(Errno::EBADF);
        }
        // Nothing to write changes nothing, and does not move an appending offset (mm/filemap.c, generic_write_checks).
        if bytes.is_empty() {
            return Ok(0);
        }
        let (inode, append, offset) = (description.inode, description.append, description.offset);
        let Body::File(content) = &mut self.inodes.get_mut(inode).body else {
            unreachable!("a directory is never opened for writing")
        };
        touched.store(Object::Content(inode));
        let start = if append {
            content.len()
        } else {
            usize::try_from(offset).map_err(|_| Errno::EFBIG)?
        };
        let end = start + bytes.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[start..end].copy_from_slice(bytes);
        self.description_mut(actor, fd)?.offset = end as u64;
        Ok(bytes.len())
    }

    fn fstat(&self, actor: Actor, fd: Fd, touched: &mut Accesses) -> Result<Stat, Errno> {
        let id = self.description(actor, fd)?.inode;
        Ok(self.attributes(id, touched))
    }
}
