//! What several primitives write, read and remove: the record of an owner, files beside the lock, a name that may be gone.
//!
//! A record names the process that has the lock: `P0` stands for its number. Deliberately decides nothing.

use std::path::{Path, PathBuf};

use super::CallError;
use crate::fs::{Errno, Fd, Fs, Mode, OpenFlags, ProcessId, Stat};

/// How often an attempt goes round when the lock goes away while it looks: a bound, because an attempt does not wait.
pub(super) const TRIES: usize = 3;

/// No record is longer, in bytes.
const LONGEST: usize = 16;

/// The record of whoever calls.
pub(super) fn own(fs: &dyn Fs) -> String {
    fs.process().to_string()
}

/// A name beside the lock: `lock.mutex`.
pub(super) fn beside(lock: &Path, what: &str) -> PathBuf {
    let mut name = lock.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    PathBuf::from(name)
}

/// A name beside the lock that no other process uses: `lock.P0`.
pub(super) fn private(fs: &dyn Fs, lock: &Path) -> PathBuf {
    beside(lock, &own(fs))
}

/// Writes who calls into a new file, and closes it. A file that is not whole is the caller's to remove.
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

/// Makes the file `path` with the record of whoever calls; one that cannot be finished is removed again.
///
/// Nothing is cut off: the directory is the caller's own, and what an earlier life of it wrote there is the same record.
pub(super) fn write(fs: &dyn Fs, path: &Path) -> Result<(), CallError> {
    let flags = OpenFlags {
        truncate: false,
        ..OpenFlags::OVERWRITE
    };
    let opened = fs.open(path, flags, Mode::FILE);
    let fd = opened.map_err(CallError::when("create", path))?;
    sign(fs, fd, path).inspect_err(|_| discard(fs, path))
}

/// Makes a file with the record of whoever calls, under a name that no other process uses.
///
/// One that an earlier life of this process left there goes first: it may be another name of a lock.
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

/// What a record says; nothing when the name is absent.
pub(super) fn read(fs: &dyn Fs, path: &Path) -> Result<Option<String>, CallError> {
    match fs.open(path, OpenFlags::READ, Mode::FILE) {
        Err(Errno::ENOENT) => Ok(None),
        opened => read_opened(fs, opened.map_err(CallError::when("open", path))?, path).map(Some),
    }
}

/// What a record says that is open; it is closed afterwards.
pub(super) fn read_opened(fs: &dyn Fs, fd: Fd, path: &Path) -> Result<String, CallError> {
    let mut buffer = [0; LONGEST];
    let read = fs.read(fd, &mut buffer);
    let closed = fs.close(fd);
    let length = read.map_err(CallError::when("read", path))?;
    closed.map_err(CallError::when("close", path))?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// Whether the owner that a record names is there. A record that names nobody is still being written: its owner is.
pub(super) fn is_alive(fs: &dyn Fs, record: &str, lock: &Path) -> Result<bool, CallError> {
    let Ok(owner) = record.parse::<ProcessId>() else {
        return Ok(true);
    };
    match fs.alive(owner) {
        // Somebody else's process, of which nothing more is told (kill(2)).
        Ok(()) | Err(Errno::EPERM) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(errno) => Err(CallError::when("look for the owner of", lock)(errno)),
    }
}

/// What stands at a name; nothing when it is absent.
pub(super) fn look(fs: &dyn Fs, path: &Path) -> Result<Option<Stat>, CallError> {
    match fs.stat(path) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(CallError::when("look at", path)(errno)),
    }
}

/// Removes a name, which may be gone: the release of every existence lock.
pub(super) fn remove(fs: &dyn Fs, path: &Path) -> Result<(), CallError> {
    match fs.unlink(path) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(CallError::when("remove", path)(errno)),
    }
}

/// Removes what an attempt created that has failed already: a second error would hide the first one, which the user has to see.
pub(super) fn discard(fs: &dyn Fs, path: &Path) {
    let _ = fs.unlink(path);
}
