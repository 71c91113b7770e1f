//! The calls of a lock over `Fs`: from registers and memory to [`Call`] and [`Reply`].
//!
//! The directory of the execution is the root of paths. Knows nothing of what calls do.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::interpreter::AtCall;
use super::replies;
use crate::pid_table::PidTable;
use crate::sys::arguments::{self, RecordOwner, Replaces};
use crate::sys::{syscalls, waits};
use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::fs::{Create, Fd, Mode, RecordLock};
use onewinner_core::id::ProcessId;

/// The longest path, in bytes.
const LONGEST_PATH: usize = 4096;

/// The most bytes that a lock may write in one call.
const MOST_WRITTEN: usize = 16 * 1024 * 1024;

/// What decoding needs: where contenders work, which files they have open, and their process numbers.
pub(crate) struct Calls {
    directories: Vec<PathBuf>,
    /// The kernel's descriptors of each process, by their number in `Fs`.
    descriptors: Vec<Vec<Option<i32>>>,
    pid_table: PidTable,
}

impl Calls {
    pub(crate) fn new(processes: usize, pid_table: PidTable) -> Self {
        Self {
            directories: Vec::new(),
            descriptors: vec![Vec::new(); processes],
            pid_table,
        }
    }

    /// The number of processes.
    pub(crate) fn processes(&self) -> usize {
        self.descriptors.len()
    }

    /// A new execution begins in these directories: no process exists, and no file is open.
    pub(crate) fn begin(&mut self, directories: &[PathBuf]) {
        self.directories = directories.to_vec();
        self.descriptors.iter_mut().for_each(Vec::clear);
        self.pid_table.clear();
    }

    /// The call at which a task is stopped; `None` for one that no method of `Fs` makes.
    pub(crate) fn decode(&self, at: &AtCall<'_>, name: &str) -> Option<Call> {
        let number = |argument: usize| at.entry.arguments[argument];
        let mode = |argument: usize| Mode((number(argument) & 0o7777) as u16);
        let (path, fd) = (|argument| self.path(at, argument), |argument| self.fd(at, argument));
        Some(match name {
            "openat" => {
                let flags = arguments::open_flags(number(2) as i32)?;
                // Without O_CREAT C libraries leave the argument out, and the kernel does not look at it.
                let mode = match flags.create {
                    Create::Never => Mode::FILE,
                    Create::IfAbsent | Create::Exclusively => mode(3),
                };
                let path = path(1)?;
                Call::Open { path, flags, mode }
            }
            "close" => Call::Close { fd: fd(0)? },
            "read" => Call::Read {
                fd: fd(0)?,
                length: usize::try_from(number(2)).ok()?,
            },
            "write" => {
                let length = usize::try_from(number(2))
                    .ok()
                    .filter(|length| *length <= MOST_WRITTEN)?;
                let mut bytes = vec![0; length];
                let read = at.memory.read(number(1), &mut bytes).ok()?;
                bytes.truncate(read);
                Call::Write { fd: fd(0)?, bytes }
            }
            "newfstatat" if arguments::is_of_the_descriptor(number(3) as i32) => Call::Fstat { fd: fd(0)? },
            "newfstatat" => Call::Stat { path: path(1)? },
            "fstat" => Call::Fstat { fd: fd(0)? },
            "flock" => Call::Flock {
                fd: fd(0)?,
                operation: arguments::flock(number(1) as i32)?,
            },
            "fcntl" => {
                let operation = record_lock(at)?;
                match arguments::record_owner(number(1) as i32)? {
                    RecordOwner::Process => Call::RecordLock { fd: fd(0)?, operation },
                    RecordOwner::Description => Call::OfdLock { fd: fd(0)?, operation },
                }
            }
            "kill" if number(1) as i32 == 0 => Call::Alive {
                process: self.pid_table.who(number(0) as i32)?,
            },
            _ => return self.decode_named(at, name),
        })
    }

    /// The same for calls that make, move or remove names.
    fn decode_named(&self, at: &AtCall<'_>, name: &str) -> Option<Call> {
        let number = |argument: usize| at.entry.arguments[argument];
        let mode = |argument: usize| Mode((number(argument) & 0o7777) as u16);
        let path = |argument| self.path(at, argument);
        Some(match name {
            "linkat" => Call::Link {
                existing: path(1)?,
                new: path(3)?,
            },
            "rename" => Call::Rename {
                from: path(0)?,
                to: path(1)?,
            },
            "renameat" => Call::Rename {
                from: path(1)?,
                to: path(3)?,
            },
            "renameat2" => {
                let (from, to) = (path(1)?, path(3)?);
                match arguments::replaces(number(4) as u32)? {
                    Replaces::Anything => Call::Rename { from, to },
                    Replaces::Nothing => Call::RenameNew { from, to },
                }
            }
            "symlink" => Call::Symlink {
                target: self.target(at, 0)?,
                path: path(1)?,
            },
            "symlinkat" => Call::Symlink {
                target: self.target(at, 0)?,
                path: path(2)?,
            },
            "readlink" => Call::Readlink { path: path(0)? },
            "readlinkat" => Call::Readlink { path: path(1)? },
            "utimensat" if number(3) == 0 => {
                let mut times = [0xff; arguments::TIMES_BYTES];
                at.memory.read(number(2), &mut times).ok()?;
                let path = path(1)?;
                arguments::is_long_ago(&times).then_some(Call::Expire { path })?
            }
            "unlink" => Call::Unlink { path: path(0)? },
            "unlinkat" if arguments::is_of_a_directory(number(2) as i32) => Call::Rmdir { path: path(1)? },
            "unlinkat" => Call::Unlink { path: path(1)? },
            "mkdir" => Call::Mkdir {
                path: path(0)?,
                mode: mode(1),
            },
            "mkdirat" => Call::Mkdir {
                path: path(1)?,
                mode: mode(2),
            },
            "rmdir" => Call::Rmdir { path: path(0)? },
            _ => return None,
        })
    }

    /// The kernel's answer as a reply of `Fs`; `None` if it cannot be read.
    pub(crate) fn reply(&mut self, at: &AtCall<'_>, call: &Call, returned: i64) -> Option<Reply> {
        if let Call::Close { fd } = call {
            self.descriptors[at.process.index()][fd.0 as usize] = None;
        }
        if returned < 0 {
            return replies::errno(returned).map(Err);
        }
        let named = |name: &str| syscalls::of(at.entry.number).is_some_and(|call| call.name == name);
        Some(Ok(match call {
            Call::Open { .. } => Value::Fd(self.install(at.process, i32::try_from(returned).ok()?)),
            Call::Read { .. } => Value::Bytes(written(at, 1, returned)?),
            Call::Write { .. } => Value::Count(usize::try_from(returned).ok()?),
            Call::Stat { .. } | Call::Fstat { .. } => {
                let length = i64::try_from(arguments::STAT_BYTES).ok()?;
                let bytes = written(at, if named("fstat") { 1 } else { 2 }, length)?;
                Value::Stat(arguments::stat_of(bytes.first_chunk()?))
            }
            Call::Readlink { .. } => {
                let buffer = if named("readlink") { 1 } else { 2 };
                if at.entry.arguments[buffer + 1] <= returned.cast_unsigned() {
                    return None; // It fills its buffer: it may have been cut.
                }
                let target = written(at, buffer, returned)?;
                Value::Path(self.seen(at.process, Path::new(OsStr::from_bytes(&target))))
            }
            _ => Value::Done,
        }))
    }

    fn install(&mut self, process: ProcessId, descriptor: i32) -> Fd {
        let descriptors = &mut self.descriptors[process.index()];
        let place = descriptors
            .iter()
            .position(Option::is_none)
            .unwrap_or(descriptors.len());
        descriptors.resize(descriptors.len().max(place + 1), None);
        descriptors[place] = Some(descriptor);
        Fd(u32::try_from(place).expect("a process opens few files"))
    }

    fn text(at: &AtCall<'_>, argument: usize) -> Option<PathBuf> {
        let bytes = at.memory.string(at.entry.arguments[argument], LONGEST_PATH).ok()?;
        Some(PathBuf::from(OsStr::from_bytes(&bytes)))
    }

    /// A path, which must lead below the directory.
    fn path(&self, at: &AtCall<'_>, argument: usize) -> Option<PathBuf> {
        self.inside(at.process, &Self::text(at, argument)?)
    }

    /// The target of a new symbolic link. One that may lead out of the directory would mean something else in the model.
    fn target(&self, at: &AtCall<'_>, argument: usize) -> Option<PathBuf> {
        let text = Self::text(at, argument)?;
        let climbs = text.components().any(|part| part == Component::ParentDir);
        if climbs {
            None
        } else if text.is_absolute() {
            self.inside(at.process, &text)
        } else {
            Some(text)
        }
    }

    /// A path relative to the directory, byte for byte: a slash at its end matters.
    fn inside(&self, process: ProcessId, path: &Path) -> Option<PathBuf> {
        let directory = &self.directories[process.index() % self.directories.len()];
        let bytes = path.as_os_str().as_bytes();
        match bytes.strip_prefix(directory.as_os_str().as_bytes())? {
            [] => Some(PathBuf::from("/")),
            rest @ [b'/', ..] => Some(PathBuf::from(OsStr::from_bytes(rest))),
            _ => None,
        }
    }

    /// The target of a link that was read, as it was written.
    fn seen(&self, process: ProcessId, target: &Path) -> PathBuf {
        self.inside(process, target).unwrap_or_else(|| target.to_owned())
    }

    fn fd(&self, at: &AtCall<'_>, argument: usize) -> Option<Fd> {
        let wanted = Some(at.entry.arguments[argument] as i32);
        let open = &self.descriptors[at.process.index()];
        let place = open.iter().position(|open| *open == wanted)?;
        u32::try_from(place).ok().map(Fd)
    }
}

/// What `fcntl` reads: an operation on the whole file.
fn record_lock(at: &AtCall<'_>) -> Option<RecordLock> {
    let mut bytes = [0; waits::RECORD_BYTES];
    at.memory.read(at.entry.arguments[2], &mut bytes).ok()?;
    arguments::record_lock(&bytes)
}

/// The bytes that the kernel has written where an argument says.
fn written(at: &AtCall<'_>, argument: usize, length: i64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    let read = at.memory.read(at.entry.arguments[argument], &mut bytes).ok()?;
    (read == bytes.len()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::trace::Memory;

    #[test]
    fn a_write_of_more_than_any_memory_is_not_decoded() {
        let calls = Calls::new(1, PidTable::new(1).unwrap());
        let memory = Memory::of(std::process::id().cast_signed()).unwrap();
        let at = AtCall::of_this_process(&memory, [1, 0, u64::MAX, 0, 0, 0]);
        assert_eq!(calls.decode(&at, "write"), None);
    }
}
