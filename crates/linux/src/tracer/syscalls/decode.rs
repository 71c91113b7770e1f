//! A stopped call as a value: the call as it is shown, and the paths and descriptors in it.
//!
//! A call that is exactly one of [`Fs`](onewinner_core::fs::Fs) becomes that variant of [`Call`]; any other is
//! [`Call::Foreign`]. Knows nothing of what a call touches, and reads no file but the links of the task in `/proc`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::socket_address::{self, Address};
use crate::sys::bits;
use crate::sys::syscalls::{self, Argument, SyscallClass, SystemCall};
use crate::sys::trace::{Entry, Memory};
use onewinner_core::access::AccessKind;
use onewinner_core::fs::call::{Argument as Shown, Call};
use onewinner_core::fs::{AccessMode, Create, Fd, Flock, Mode, OpenFlags};

/// `PATH_MAX`, in bytes.
const LONGEST_PATH: usize = 4096;
/// How much of a write is shown, in bytes.
const MOST_SHOWN: usize = 64;

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// The working directory of the task.
    WorkingDirectory,
    /// One of its descriptors.
    Descriptor(i32),
}

/// A path among the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathArgument {
    /// Where it begins, unless it is absolute.
    pub(crate) base: Base,
    /// The path, as it was given; empty for the base itself.
    pub(crate) path: PathBuf,
}

/// A call that a task is about to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Its row in the table of system calls.
    pub(crate) system: &'static SystemCall,
    /// What it does: that of its row, or what its arguments make of it.
    pub(crate) class: SyscallClass,
    /// The call as it is shown; its paths begin at the root.
    pub(crate) call: Call,
    /// The paths among its arguments, in order.
    pub(crate) path_arguments: Vec<PathArgument>,
    /// The descriptors that it reads.
    pub(crate) read: Vec<i32>,
    /// The descriptors that it changes.
    pub(crate) written: Vec<i32>,
    /// The address of a socket among its arguments. One that is a path is among the paths too.
    pub(crate) address: Option<Address>,
    /// Whether a mapping may change the file.
    pub(crate) maps: AccessKind,
}

/// Why a call cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DecodeError {
    /// It is not in the table of system calls.
    #[error("it makes the system call with number {0}, which is not controlled")]
    Unknown(u64),
    /// An argument points nowhere, or the task has ended.
    #[error("failed to read the arguments of its call {name}: {error}")]
    Arguments {
        /// The call.
        name: &'static str,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// Reads the arguments of a call that the stopped `task` is about to make.
///
/// # Errors
///
/// When the call is unknown, or its memory cannot be read.
pub(crate) fn decode(task: i32, memory: &Memory, entry: &Entry) -> Result<Decoded, DecodeError> {
    let system = syscalls::of(entry.number).ok_or(DecodeError::Unknown(entry.number))?;
    let mut reading = Reading {
        task,
        memory,
        base: Base::WorkingDirectory,
        path_arguments: Vec::new(),
        read: Vec::new(),
        written: Vec::new(),
        address: None,
    };
    let mut shown = Vec::new();
    for (position, argument) in system.arguments.iter().enumerate() {
        let next = entry.arguments.get(position + 1).copied().unwrap_or(0);
        let argument = reading.argument(*argument, entry.arguments[position], next);
        shown.extend(argument.map_err(|error| DecodeError::Arguments {
            name: system.name,
            error,
        })?);
    }
    let call = fitting(system, entry, &shown, &reading.path_arguments).unwrap_or_else(|| Call::Foreign {
        name: system.name.to_owned(),
        arguments: shown,
    });
    let copies = reading.copied(system, entry).map_err(|error| DecodeError::Arguments {
        name: system.name,
        error,
    })?;
    let Reading {
        path_arguments,
        read,
        written,
        address,
        ..
    } = reading;
    Ok(Decoded {
        system,
        class: copies.unwrap_or(system.class),
        call,
        path_arguments,
        read,
        written,
        address,
        maps: AccessKind::Store,
    })
}

/// The low half of a register, as the kernel takes an `int`.
fn int(value: u64) -> i32 {
    value as i32
}

struct Reading<'a> {
    task: i32,
    memory: &'a Memory,
    base: Base,
    path_arguments: Vec<PathArgument>,
    read: Vec<i32>,
    written: Vec<i32>,
    address: Option<Address>,
}

impl Reading<'_> {
    /// A request to clone a file copies content, as `cp` makes it:
    /// [FICLONE](https://man7.org/linux/man-pages/man2/ioctl_ficlone.2.html).
    fn copied(&mut self, system: &SystemCall, entry: &Entry) -> io::Result<Option<SyscallClass>> {
        if system.name != "ioctl" {
            return Ok(None);
        }
        let source = match entry.arguments[1] {
            bits::CLONE_FILE => int(entry.arguments[2]),
            // The first member of `struct file_clone_range`.
            bits::CLONE_RANGE => {
                let mut word = [0; 8];
                self.memory.read(entry.arguments[2], &mut word)?;
                int(u64::from_ne_bytes(word))
            }
            _ => return Ok(None),
        };
        self.written = std::mem::replace(&mut self.read, vec![source]);
        Ok(Some(SyscallClass::Copy))
    }

    /// The address of a socket; one that is a path is among the paths too.
    fn address(&mut self, place: u64, length: u64) -> io::Result<Shown> {
        let read = socket_address::read(self.memory, place, length)?;
        self.address = Some(read.address);
        Ok(match read.path {
            Some(path) => self.named(path),
            None => Shown::Text(read.shown),
        })
    }

    /// Reads one argument; `next` is the one after it. A directory descriptor becomes part of the path that follows.
    fn argument(&mut self, argument: Argument, value: u64, next: u64) -> io::Result<Option<Shown>> {
        let text = match argument {
            Argument::Hidden => return Ok(None),
            Argument::Directory => {
                self.base = match int(value) {
                    bits::WORKING_DIRECTORY => Base::WorkingDirectory,
                    descriptor => Base::Descriptor(descriptor),
                };
                return Ok(None);
            }
            Argument::Path => return self.path(value).map(Some),
            Argument::Text => quoted(&self.memory.string(value, LONGEST_PATH)?),
            Argument::Descriptor => {
                self.read.push(int(value));
                int(value).to_string()
            }
            Argument::Sink => {
                self.written.push(int(value));
                int(value).to_string()
            }
            Argument::Bytes => {
                let wanted = usize::try_from(next).unwrap_or(usize::MAX);
                let mut bytes = vec![0; wanted.min(MOST_SHOWN)];
                let read = self.memory.read(value, &mut bytes)?;
                let ellipsis = if wanted > read { "…" } else { "" };
                quoted(&bytes[..read]) + ellipsis
            }
            Argument::Number | Argument::Process | Argument::Signal => int(value).to_string(),
            Argument::Length => value.cast_signed().to_string(),
            Argument::Bits => format!("{value:#x}"),
            Argument::Mode => format!("0{:o}", value & 0o7777),
            Argument::OpenFlags => open_flags(int(value)),
            Argument::AtFlags => bits::shown(int(value), bits::AT),
            Argument::RenameFlags => bits::shown(int(value), bits::RENAME),
            Argument::FlockOperation => bits::shown(int(value), bits::FLOCK),
            Argument::LockCommand => {
                let mut known = bits::LOCK_COMMANDS.iter();
                let named = known.find(|(command, _)| *command == int(value));
                named.map_or_else(|| int(value).to_string(), |(_, name)| (*name).to_owned())
            }
            Argument::Address => return self.address(value, next).map(Some),
            Argument::Message => {
                // A pointer and a length: `struct user_msghdr`, `include/linux/socket.h`.
                let mut words = [0; 12];
                self.memory.read(value, &mut words)?;
                let (place, length) = words.split_at(8);
                let place = u64::from_ne_bytes(place.try_into().expect("eight bytes"));
                let length = u32::from_ne_bytes(length.try_into().expect("four bytes"));
                return self.address(place, length.into()).map(Some);
            }
            Argument::OpenHow | Argument::Vectors | Argument::RecordLock => "…".to_owned(),
        };
        Ok(Some(Shown::Text(text)))
    }

    /// A null pointer means the base itself: `utimensat`.
    fn path(&mut self, address: u64) -> io::Result<Shown> {
        let bytes = match address {
            0 => Vec::new(),
            address => self.memory.string(address, LONGEST_PATH)?,
        };
        Ok(self.named(bytes))
    }

    fn named(&mut self, path: Vec<u8>) -> Shown {
        let path = PathBuf::from(OsString::from_vec(path));
        let base = std::mem::replace(&mut self.base, Base::WorkingDirectory);
        let shown = self.seen_from_root(base, &path);
        self.path_arguments.push(PathArgument { base, path });
        Shown::Path(shown)
    }

    /// The path as it is shown: after the path of its base, if that has one.
    fn seen_from_root(&self, base: Base, path: &Path) -> PathBuf {
        if path.is_absolute() {
            return path.to_owned();
        }
        let task = self.task;
        let link = match base {
            Base::WorkingDirectory => format!("/proc/{task}/cwd"),
            Base::Descriptor(descriptor) => format!("/proc/{task}/fd/{descriptor}"),
        };
        match fs::read_link(link) {
            Ok(base) if path.as_os_str().is_empty() => base,
            Ok(base) => base.join(path),
            Err(_) => path.to_owned(),
        }
    }
}

fn quoted(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes))
}

fn open_flags(value: i32) -> String {
    let mode = match value & bits::ACCESS_MODE {
        0 => "O_RDONLY",
        1 => "O_WRONLY",
        2 => "O_RDWR",
        _ => "O_ACCMODE",
    };
    match value & !(bits::ACCESS_MODE | bits::LARGE_FILE) {
        0 => mode.to_owned(),
        rest => format!("{mode}|{}", bits::shown(rest, bits::OPEN)),
    }
}

/// The call as one of `Fs`, if it is exactly that.
fn fitting(system: &SystemCall, entry: &Entry, shown: &[Shown], path_arguments: &[PathArgument]) -> Option<Call> {
    let arguments = entry.arguments.map(int);
    let fd = || u32::try_from(arguments[0]).ok().map(Fd);
    let path = |position: usize| match shown.get(position) {
        Some(Shown::Path(path)) => Some(path.clone()),
        _ => None,
    };
    let mode = |value: i32| Mode((value & 0o7777) as u16);
    match system.name {
        "open" => opened(path(0)?, arguments[1], mode(arguments[2])),
        "openat" => opened(path(0)?, arguments[2], mode(arguments[3])),
        "close" => fd().map(|fd| Call::Close { fd }),
        "read" => {
            let length = usize::try_from(entry.arguments[2]).ok()?;
            fd().map(|fd| Call::Read { fd, length })
        }
        "stat" => path(0).map(|path| Call::Stat { path }),
        // With a path after the descriptor the flag has no effect.
        "newfstatat" if arguments[3] == bits::EMPTY_PATH => match path_arguments {
            [
                PathArgument {
                    base: Base::Descriptor(_),
                    path,
                },
            ] if path.as_os_str().is_empty() => fd().map(|fd| Call::Fstat { fd }),
            _ => None,
        },
        "newfstatat" if arguments[3] == 0 => path(0).map(|path| Call::Stat { path }),
        "fstat" => fd().map(|fd| Call::Fstat { fd }),
        "link" | "linkat" if system.name == "link" || arguments[4] == 0 => Some(Call::Link {
            existing: path(0)?,
            new: path(1)?,
        }),
        "rename" | "renameat" | "renameat2" if system.name != "renameat2" || arguments[4] == 0 => Some(Call::Rename {
            from: path(0)?,
            to: path(1)?,
        }),
        "unlink" => path(0).map(|path| Call::Unlink { path }),
        "unlinkat" if arguments[2] == 0 => path(0).map(|path| Call::Unlink { path }),
        "unlinkat" if arguments[2] == bits::REMOVE_DIRECTORY => path(0).map(|path| Call::Rmdir { path }),
        "rmdir" => path(0).map(|path| Call::Rmdir { path }),
        "mkdir" => path(0).map(|path| Call::Mkdir {
            path,
            mode: mode(arguments[1]),
        }),
        "mkdirat" => path(0).map(|path| Call::Mkdir {
            path,
            mode: mode(arguments[2]),
        }),
        "flock" => {
            let all = [
                Flock::TryExclusive,
                Flock::Exclusive,
                Flock::TryShared,
                Flock::Shared,
                Flock::Unlock,
            ];
            let named = bits::shown(arguments[1], bits::FLOCK);
            let operation = all.into_iter().find(|operation| operation.to_string() == named)?;
            fd().map(|fd| Call::Flock { fd, operation })
        }
        "exit_group" => Some(Call::Exit),
        _ => None,
    }
}

fn opened(path: PathBuf, flags: i32, mode: Mode) -> Option<Call> {
    let has = |bit| flags & bit != 0;
    let access = match flags & bits::ACCESS_MODE {
        0 => AccessMode::Read,
        1 => AccessMode::Write,
        2 => AccessMode::ReadWrite,
        _ => return None,
    };
    let create = match (has(bits::CREATE), has(bits::EXCLUSIVE)) {
        (false, false) => Create::Never,
        (true, false) => Create::IfAbsent,
        (true, true) => Create::Exclusively,
        (false, true) => return None,
    };
    let known = [
        bits::ACCESS_MODE,
        bits::LARGE_FILE,
        bits::CLOSE_ON_EXEC,
        bits::CREATE,
        bits::EXCLUSIVE,
    ];
    let known = known
        .into_iter()
        .fold(bits::TRUNCATE | bits::APPEND, |all, bit| all | bit);
    let (truncate, append) = (has(bits::TRUNCATE), has(bits::APPEND));
    let flags_known = flags & !known == 0;
    let flags = OpenFlags {
        access,
        create,
        truncate,
        append,
    };
    flags_known.then_some(Call::Open { path, flags, mode })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The call with these arguments, made by this process itself; [`TEXT`] among them is the address of `text`.
    fn made(number: libc::c_long, text: &std::ffi::CStr, arguments: [i64; 6]) -> Decoded {
        let task = i32::try_from(std::process::id()).unwrap();
        let address = text.as_ptr() as usize as u64;
        let arguments = arguments.map(|value| if value == TEXT { address } else { value.cast_unsigned() });
        let entry = Entry {
            architecture: 0,
            number: number.cast_unsigned(),
            arguments,
        };
        decode(task, &Memory::of(task).unwrap(), &entry).unwrap()
    }

    /// Stands for the address of the text.
    const TEXT: i64 = i64::MIN;

    #[track_caller]
    fn check(number: libc::c_long, arguments: [i64; 6], expected: &str) {
        assert_eq!(made(number, c"/run/lock", arguments).call.to_string(), expected);
    }

    #[test]
    fn calls_that_fs_has_become_those() {
        let here = i64::from(libc::AT_FDCWD);
        let flags = i64::from(libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC);
        check(
            libc::SYS_openat,
            [here, TEXT, flags, 0o644, 0, 0],
            r#"open("/run/lock", O_WRONLY|O_CREAT|O_EXCL, 0644)"#,
        );
        check(libc::SYS_unlinkat, [here, TEXT, 0, 0, 0, 0], r#"unlink("/run/lock")"#);
        check(
            libc::SYS_unlinkat,
            [here, TEXT, 0x200, 0, 0, 0],
            r#"rmdir("/run/lock")"#,
        );
        check(
            libc::SYS_renameat2,
            [here, TEXT, here, TEXT, 0, 0],
            r#"rename("/run/lock", "/run/lock")"#,
        );
        check(libc::SYS_flock, [3, 6, 0, 0, 0, 0], "flock(3, LOCK_EX|LOCK_NB)");
        check(libc::SYS_newfstatat, [here, TEXT, 0, 0, 0, 0], r#"stat("/run/lock")"#);
        let fstat = made(libc::SYS_newfstatat, c"", [3, TEXT, 0, 0x1000, 0, 0]);
        assert_eq!(fstat.call, Call::Fstat { fd: Fd(3) });
    }

    #[test]
    fn what_asks_for_more_is_shown_as_it_is() {
        let here = i64::from(libc::AT_FDCWD);
        let flags = i64::from(libc::O_RDONLY | libc::O_NOFOLLOW);
        check(
            libc::SYS_openat,
            [here, TEXT, flags, 0, 0, 0],
            r#"openat("/run/lock", O_RDONLY|O_NOFOLLOW, 00)"#,
        );
        check(
            libc::SYS_renameat2,
            [here, TEXT, here, TEXT, 1, 0],
            r#"renameat2("/run/lock", "/run/lock", RENAME_NOREPLACE)"#,
        );
        check(
            libc::SYS_newfstatat,
            [3, TEXT, 0, 0x1000, 0, 0],
            r#"newfstatat("/run/lock", AT_EMPTY_PATH)"#,
        );
        check(libc::SYS_write, [3, TEXT, 4, 0, 0, 0], r#"write(3, "/run", 4)"#);
        let long = [3, 1 << 32, 0, 0, 0, 0];
        check(libc::SYS_ftruncate, long, "ftruncate(3, 4294967296)");
        check(libc::SYS_fcntl, [3, 6, 0, 0, 0, 0], "fcntl(3, F_SETLK, …)");
    }

    #[test]
    fn path_arguments_are_decoded_with_their_base_directories() {
        let here = i64::from(libc::AT_FDCWD);
        let decoded = made(libc::SYS_linkat, c"lock", [here, TEXT, 1_000_000, TEXT, 0, 0]);
        let bases: Vec<Base> = decoded.path_arguments.iter().map(|place| place.base).collect();
        assert_eq!(bases, [Base::WorkingDirectory, Base::Descriptor(1_000_000)]);
        assert!(
            decoded
                .path_arguments
                .iter()
                .all(|place| place.path == Path::new("lock"))
        );
        let from = std::env::current_dir().unwrap().join("lock");
        assert_eq!(decoded.call.paths().next(), Some(from.as_path()));

        let copied = made(libc::SYS_sendfile, c"", [4, 5, 0, 9, 0, 0]);
        assert_eq!((copied.written, copied.read), (vec![4], vec![5]));
    }

    #[test]
    fn an_unknown_call_and_an_address_that_is_none_are_errors() {
        let task = i32::try_from(std::process::id()).unwrap();
        let memory = Memory::of(task).unwrap();
        let entry = |number, address| Entry {
            architecture: 0,
            number,
            arguments: [0, address, 0, 0, 0, 0],
        };
        let unknown = decode(task, &memory, &entry(100_000, 0)).unwrap_err();
        assert!(unknown.to_string().contains("100000"), "{unknown}");
        let wild = decode(task, &memory, &entry(libc::SYS_openat.cast_unsigned(), 1)).unwrap_err();
        assert!(wild.to_string().contains("openat"), "{wild}");
    }
}
