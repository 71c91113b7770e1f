//! A whole file read or written over [`Fs`], in as few calls as are correct: each is a step in a search.
//!
//! Here live the duties that [`Fs`] leaves to its caller: signals, short reads, short writes, and a descriptor closed
//! in any case. Deliberately knows nothing of what the bytes mean.

use std::path::Path;

use crate::fs::{Errno, Fd, Fs, Mode, OpenFlags};
use crate::primitive::CallError;

/// How often a call is made in a row that a signal interrupts; then its error is `EINTR`.
const ATTEMPTS: usize = 8;
/// How much one `read` asks for, in bytes.
const CHUNK: usize = 4096;

/// The bytes of a file, or `None` when it is absent; of a file beyond `limit` bytes, somewhat more than `limit`.
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

/// Only a read of nothing proves the end of a file: a shorter one may come before it (read(2), "Return value").
/// Each read but the last brings a byte, so the loop ends at the limit.
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

/// One call as a rule; a short write is carried on, at least a byte at a time. A write of nothing is `ENOSPC`, as in
/// Git's `write_in_full` (`wrapper.c`): it would never end.
fn write_all(fs: &dyn Fs, fd: Fd, mut rest: &[u8]) -> Result<(), Errno> {
    while !rest.is_empty() {
        match uninterrupted(|| fs.write(fd, rest))? {
            0 => return Err(Errno::ENOSPC),
            count => rest = &rest[count..],
        }
    }
    Ok(())
}

/// Closes once, whatever came before: Linux frees the descriptor even when it reports `EINTR` (close(2)). The first
/// error is the one that the user has to see.
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
