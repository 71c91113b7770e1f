//! What each call does to the simulated state, and its footprint. Files are here, names in names.rs and links.rs, descriptors in
//! descriptors.rs, locks in locks.rs and records.rs, processes in life.rs and fork.rs.
//!
//! Objects are read in one fixed order, and each decides which is read next: entries along the path, then the inode. Everything
//! that decides about a failure is a load. The checks have the order of Linux (`fs/namei.c`), which decides which of two errors is
//! returned.

use std::path::Path;

use super::State;
use super::inode::Body;
use super::links::{Final, Opened};
use super::names::Target;
use super::tables::{Actor, Description};
use crate::access::{Accesses, InodeId, Object};
use crate::fs::call::{Call, Reply, Value};
use crate::fs::{AccessMode, Create, Errno, Fd, OpenFlags, Stat};

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
            Call::Rename { from, to } => self.rename(from, to, Target::Replaced, touched).map(|()| Value::Done),
            Call::RenameNew { from, to } => self.rename(from, to, Target::Refused, touched).map(|()| Value::Done),
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
            Call::Symlink { target, path } => self.symlink(actor, target, path, touched).map(|()| Value::Done),
            Call::Readlink { path } => self.readlink(path, touched).map(Value::Path),
            Call::RecordLock { fd, operation } => {
                let locked = self.record_lock(actor, *fd, *operation, touched);
                locked.map(|()| Value::Done)
            }
            Call::OfdLock { fd, operation } => {
                let locked = self.ofd_lock(actor, *fd, *operation, touched);
                locked.map(|()| Value::Done)
            }
            Call::Expire { path } => self.expire(path, touched).map(|()| Value::Done),
            Call::Fork => self.fork(actor).map(|()| Value::Done),
            Call::InChild { made } => self.in_child(actor, made, touched),
            Call::Foreign { .. } => Err(Errno::ENOSYS),
        };
        (reply, accesses)
    }

    fn open(&mut self, actor: Actor, path: &Path, flags: OpenFlags, touched: &mut Accesses) -> Result<Fd, Errno> {
        let inode = match self.find_to_open(path, flags.create, touched)? {
            Opened::There(existing) => self.open_existing(existing, flags, touched)?,
            Opened::Absent(slot) => self.create(actor, &slot, Body::File(Vec::new()), touched),
        };
        let description = Description {
            inode,
            opener: actor.process,
            offset: 0,
            readable: flags.access != AccessMode::Write,
            writable: flags.access != AccessMode::Read,
            append: flags.append,
            lock: None,
            descriptors: 1,
        };
        Ok(self.install(actor, description, touched))
    }

    fn open_existing(&mut self, id: InodeId, flags: OpenFlags, touched: &mut Accesses) -> Result<InodeId, Errno> {
        if flags.create == Create::Exclusively {
            return Err(Errno::EEXIST);
        }
        let inode = self.inodes.get_mut(id);
        match &mut inode.body {
            // O_TRUNC requires write access even with O_RDONLY (fs/open.c, build_open_flags).
            Body::Directory(_) if flags.create == Create::IfAbsent || flags.truncate => return Err(Errno::EISDIR),
            Body::Directory(_) if flags.access != AccessMode::Read => return Err(Errno::EISDIR),
            Body::Directory(_) => {}
            // Truncating an empty file also changes it (fs/namei.c, handle_truncate): it is not old any more.
            Body::File(content) if flags.truncate => {
                content.clear();
                inode.old = false;
                touched.store(Object::Content(id));
            }
            Body::File(_) => {}
            Body::Symlink(_) => unreachable!("a link is followed, or it is EEXIST"),
        }
        Ok(id)
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
        // An empty write changes nothing, not even the offset with O_APPEND (mm/filemap.c, generic_write_checks).
        if bytes.is_empty() {
            return Ok(0);
        }
        let (inode, append, offset) = (description.inode, description.append, description.offset);
        let written = self.inodes.get_mut(inode);
        let Body::File(content) = &mut written.body else {
            unreachable!("only a file is ever opened for writing")
        };
        touched.store(Object::Content(inode));
        let start = if append {
            content.len()
        } else {
            usize::try_from(offset).map_err(|_| Errno::EFBIG)?
        };
        written.old = false;
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

    /// Makes a file old. Only files have times that a call can read.
    fn expire(&mut self, path: &Path, touched: &mut Accesses) -> Result<(), Errno> {
        let id = self.find(path, Final::Followed, touched)?;
        let inode = self.inodes.get_mut(id);
        if matches!(inode.body, Body::File(_)) {
            touched.store(Object::Content(id));
            inode.old = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Mode;
    use crate::id::ProcessId;

    const P: ProcessId = ProcessId(0);

    #[test]
    fn a_file_is_old_from_its_expiry_until_it_is_written() {
        let open = |path: &str, flags| Call::Open {
            path: path.into(),
            flags,
            mode: Mode::FILE,
        };
        let (target, path) = ("f".into(), "/l".into());
        let mut state = State::new(1);
        for call in [Call::Symlink { target, path }, open("/l", OpenFlags::APPEND)] {
            assert!(state.step(P, &call).0.is_ok());
        }
        let is_old = |state: &mut State| match state.step(P, &Call::Stat { path: "/f".into() }).0 {
            Ok(Value::Stat(stat)) => stat.old,
            other => panic!("the file is there: {other:?}"),
        };
        let expire = Call::Expire { path: "/l".into() };
        let write = Call::Write {
            fd: Fd(0),
            bytes: b"a".to_vec(),
        };
        for renewed in [write, open("/f", OpenFlags::OVERWRITE)] {
            assert!(!is_old(&mut state));
            let looked = state.step(P, &Call::Stat { path: "/f".into() }).1;
            let (expired, stored) = state.step(P, &expire);
            assert!(expired.is_ok() && stored.conflict(&looked) && is_old(&mut state));
            assert!(state.step(P, &renewed).1.conflict(&looked));
        }
        assert!(!is_old(&mut state));
    }
}
