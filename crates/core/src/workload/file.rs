//! Reads or writes a whole file over [`Fs`], in as few calls as are correct, because each is a step in a search.
//!
//! Handles what [`Fs`] leaves to its caller: signals, short reads, short writes, and closing the descriptor in every case.
//! Does not depend on what the bytes mean.

use std::path::Path;

use crate::fs::{Errno, Fd, Fs, Mode, OpenFlags};
use crate::primitive::CallError;

/// How often an interrupted call is made in a row before `EINTR` is returned.
const ATTEMPTS: usize = 8;
/// The size of one `read`, in bytes.
const CHUNK: usize = 4096;

/// The bytes of a file, or `None` when it is absent. Of a file larger than `limit` bytes, a little more than `limit`.
pub(super) fn read(fs: &dyn Fs, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, CallError> {
    let fd = match open(fs, path, OpenFlags::READ) {
        Err(error) if error.errno == Errno::ENOENT => return Ok(None),
        opened => opened?,
    };
    let bytes = read_to_end(fs, fd, limit).map_err(CallError::when("read", path));
    closing(fs, fd, path, bytes).map(Some)
}

/// Opens the file with `flags`, writes all the bytes, and closes it.
pub(super) fn write(fs: &dyn Fs, path: &Path, flags: OpenFlags, bytes: &[u8]) -> Result<(), CallError> {
    let fd = open(fs, path, flags)?;
    let written = write_all(fs, fd, bytes).map_err(CallError::when("write", path));
    closing(fs, fd, path, written)
}

fn open(fs: &dyn Fs, path: &Path, flags: OpenFlags) -> Result<Fd, CallError> {
    uninterrupted(|| fs.open(path, flags, Mode::FILE)).map_err(CallError::when("open", path))
}

/// Only an empty read proves the end of a file: a short one may come before it (read(2), "Return value"). Each read but the last
/// returns at least a byte, so the loop ends at the limit.
fn read_to_end(fs: &dyn Fs, fd: Fd, limit: usize) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    let mut chunk = [0; CHUNK];
    while bytes.len() <= limit {
        let count = uninterrupted(|| fs.read(fd, &mut chunk))?;
        if count == 0 {
            break;
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
    Ok(bytes)
}

/// Usually one call. A short write is continued, by at least a byte each time. A write of 0 bytes becomes `ENOSPC`, as in Git's
/// `write_in_full` (`wrapper.c`), because it would never end.
fn write_all(fs: &dyn Fs, fd: Fd, mut rest: &[u8]) -> Result<(), Errno> {
    while !rest.is_empty() {
        match uninterrupted(|| fs.write(fd, rest))? {
            0 => return Err(Errno::ENOSPC),
            count => rest = &rest[count..],
        }
    }
    Ok(())
}

/// Closes exactly once, because Linux frees the descriptor even when `close` returns `EINTR` (close(2)). Returns the first error.
fn closing<T>(fs: &dyn Fs, fd: Fd, path: &Path, done: Result<T, CallError>) -> Result<T, CallError> {
    let closed = fs.close(fd).map_err(CallError::when("close", path));
    let done = done?;
    closed?;
    Ok(done)
}

fn uninterrupted<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 1..ATTEMPTS {
        match call() {
            Err(Errno::EINTR) => {}
            reply => return reply,
        }
    }
    call()
}
