//! Operations that several primitives share: owner records, files next to the lock, names that may be gone.
//!
//! A record names the process that holds the lock, for example `P0`. Deliberately decides nothing.

use std::path::{Path, PathBuf};

use super::CallError;
use crate::fs::{Errno, Fd, Fs, Mode, OpenFlags, ProcessId, Stat};

/// How often an attempt tries again when the lock disappears meanwhile. It is bounded because an attempt does not wait.
pub(super) const TRIES: usize = 3;

/// The length of the longest record, in bytes.
const LONGEST: usize = 16;

/// The record of the calling process.
pub(super) fn own(fs: &dyn Fs) -> String {
    fs.process().to_string()
}

/// A name next to the lock: `lock.mutex`.
pub(super) fn beside(lock: &Path, what: &str) -> PathBuf {
    let mut name = lock.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    PathBuf::from(name)
}

/// A name next to the lock that no other process uses: `lock.P0`.
pub(super) fn private(fs: &dyn Fs, lock: &Path) -> PathBuf {
    beside(lock, &own(fs))
}

/// Writes the record of the calling process into a new file, and closes it. After an error the caller removes the file.
pub(super) fn sign(fs: &dyn Fs, fd: Fd, path: &Path) -> Result<(), CallError> {
    let written = write_whole(fs, fd, own(fs).as_bytes());
    let closed = fs.close(fd);
    written.map_err(CallError::when("write", path))?;
    closed.map_err(CallError::when("close", path))
}

fn write_whole(fs: &dyn Fs, fd: Fd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match fs.write(fd, bytes)? {
            0 => return Err(Errno::ENOSPC),
            written => bytes = &bytes[written..],
        }
    }
    Ok(())
}

/// Creates the file `path` with the record of the calling process, and removes it again if writing fails.
///
/// No truncation is needed: only this process writes there, always the same record.
pub(super) fn write(fs: &dyn Fs, path: &Path) -> Result<(), CallError> {
    let flags = OpenFlags {
        truncate: false,
        ..OpenFlags::OVERWRITE
    };
    let opened = fs.open(path, flags, Mode::FILE);
    let fd = opened.map_err(CallError::when("create", path))?;
    sign(fs, fd, path).inspect_err(|_| discard(fs, path))
}

/// Creates a file with the record of the calling process, under a name that no other process uses.
///
/// A file of that name from an earlier attempt is removed first, because it may be a hard link to a lock.
pub(super) fn write_private(fs: &dyn Fs, lock: &Path) -> Result<PathBuf, CallError> {
    let path = private(fs, lock);
    let create = || fs.open(&path, OpenFlags::CREATE_NEW, Mode::FILE);
    let opened = match create() {
        Err(Errno::EEXIST) => {
            remove(fs, &path)?;
            create()
        }
        opened => opened,
    };
    let fd = opened.map_err(CallError::when("create", &path))?;
    sign(fs, fd, &path).inspect_err(|_| discard(fs, &path))?;
    Ok(path)
}

/// The content of a record; `None` when the name is absent.
pub(super) fn read(fs: &dyn Fs, path: &Path) -> Result<Option<String>, CallError> {
    match fs.open(path, OpenFlags::READ, Mode::FILE) {
        Err(Errno::ENOENT) => Ok(None),
        opened => read_opened(fs, opened.map_err(CallError::when("open", path))?, path).map(Some),
    }
}

/// The content of an open record, which is closed afterwards.
pub(super) fn read_opened(fs: &dyn Fs, fd: Fd, path: &Path) -> Result<String, CallError> {
    let mut buffer = [0; LONGEST];
    let read = fs.read(fd, &mut buffer);
    let closed = fs.close(fd);
    let length = read.map_err(CallError::when("read", path))?;
    closed.map_err(CallError::when("close", path))?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// Whether the owner named by a record is alive. A record without a name is still being written, so its owner is alive.
pub(super) fn is_alive(fs: &dyn Fs, record: &str, lock: &Path) -> Result<bool, CallError> {
    let Ok(owner) = record.parse::<ProcessId>() else {
        return Ok(true);
    };
    match fs.alive(owner) {
        // EPERM: the process exists and belongs to another user (kill(2)).
        Ok(()) | Err(Errno::EPERM) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(errno) => Err(CallError::when("look for the owner of", lock)(errno)),
    }
}

/// The attributes of a name; `None` when it is absent.
pub(super) fn look(fs: &dyn Fs, path: &Path) -> Result<Option<Stat>, CallError> {
    match fs.stat(path) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(CallError::when("look at", path)(errno)),
    }
}

/// Removes a name that may already be gone.
pub(super) fn remove(fs: &dyn Fs, path: &Path) -> Result<(), CallError> {
    match fs.unlink(path) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(CallError::when("remove", path)(errno)),
    }
}

/// Removes what a failed attempt created. Its own error is ignored, because the user must see the first one.
pub(super) fn discard(fs: &dyn Fs, path: &Path) {
    let _ = fs.unlink(path);
}
