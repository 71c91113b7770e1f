//! System calls and replies as values, for schedulers and histories.
//!
//! [`Call::perform`] and [`ByCall`] turn values into method calls and back, so that a decorator or a backend is one function
//! from [`Call`] to [`Reply`]. Does not depend on an implementation of [`Fs`].

mod by_call;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Errno, Fd, Flock, Fs, Mode, OpenFlags, RecordLock, Stat};
use crate::id::ProcessId;

pub use by_call::ByCall;

/// A system call with its arguments.
///
/// The methods of [`Fs`] describe the calls on files. The last variants are made by backends, and by the processes of
/// [`sim::State`](super::sim::State).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the method of `Fs` of the same name")]
pub enum Call {
    Open {
        path: PathBuf,
        flags: OpenFlags,
        mode: Mode,
    },
    Close {
        fd: Fd,
    },
    Read {
        fd: Fd,
        length: usize,
    },
    Write {
        fd: Fd,
        bytes: Vec<u8>,
    },
    Stat {
        path: PathBuf,
    },
    Fstat {
        fd: Fd,
    },
    Link {
        existing: PathBuf,
        new: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Unlink {
        path: PathBuf,
    },
    Mkdir {
        path: PathBuf,
        mode: Mode,
    },
    Rmdir {
        path: PathBuf,
    },
    Flock {
        fd: Fd,
        operation: Flock,
    },
    RenameNew {
        from: PathBuf,
        to: PathBuf,
    },
    Symlink {
        target: PathBuf,
        path: PathBuf,
    },
    Readlink {
        path: PathBuf,
    },
    RecordLock {
        fd: Fd,
        operation: RecordLock,
    },
    OfdLock {
        fd: Fd,
        operation: RecordLock,
    },
    Expire {
        path: PathBuf,
    },
    Alive {
        process: ProcessId,
    },
    /// The process forks, and its child makes the calls of [`Call::InChild`];
    /// [fork(2)](https://man7.org/linux/man-pages/man2/fork.2.html). Only on the simulated file system.
    Fork,
    /// A call of the child that the process forked last. The process waits for it.
    InChild {
        made: Box<Call>,
    },
    /// The process exits, and the kernel closes its descriptors; [_exit(2)](https://man7.org/linux/man-pages/man2/_exit.2.html).
    Exit,
    /// The process is killed in place of its next step. The kernel does the same as at an exit.
    Die,
    /// Waits until all these processes have ended.
    Await {
        processes: Vec<ProcessId>,
    },
    /// A call of a program that is not in [`Fs`]. It is for display only.
    Foreign {
        name: String,
        arguments: Vec<Argument>,
    },
}

/// An argument of a [`Call::Foreign`], as displayed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Argument {
    /// A path.
    Path(PathBuf),
    /// Anything else: a number, flags by name.
    Text(String),
}

/// The reply of the kernel: a value or an error number.
pub type Reply = Result<Value, Errno>;

/// The value of a call that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Success without a value.
    Done,
    /// A new descriptor.
    Fd(Fd),
    /// The bytes read; empty at the end of the file.
    Bytes(Vec<u8>),
    /// The number of bytes written.
    Count(usize),
    /// The result of `stat` or `fstat`.
    Stat(Stat),
    /// The result of `readlink`.
    Path(PathBuf),
}

impl Call {
    /// The name of the system call.
    pub fn name(&self) -> &str {
        match self {
            Self::Open { .. } => "open",
            Self::Close { .. } => "close",
            Self::Read { .. } => "read",
            Self::Write { .. } => "write",
            Self::Stat { .. } => "stat",
            Self::Fstat { .. } => "fstat",
            Self::Link { .. } => "link",
            Self::Rename { .. } => "rename",
            Self::Unlink { .. } => "unlink",
            Self::Mkdir { .. } => "mkdir",
            Self::Rmdir { .. } => "rmdir",
            Self::Flock { .. } => "flock",
            Self::RenameNew { .. } => "renameat2",
            Self::Symlink { .. } => "symlink",
            Self::Readlink { .. } => "readlink",
            Self::RecordLock { .. } | Self::OfdLock { .. } => "fcntl",
            Self::Expire { .. } => "utimensat",
            Self::Fork => "fork",
            Self::InChild { made } => made.name(),
            Self::Exit => "exit",
            Self::Die => "killed",
            Self::Alive { .. } => "kill",
            Self::Await { .. } => "wait",
            Self::Foreign { name, .. } => name,
        }
    }

    /// The paths among the arguments.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let (first, second, arguments): (_, _, &[Argument]) = match self.itself() {
            Self::Open { path, .. }
            | Self::Stat { path }
            | Self::Unlink { path }
            | Self::Mkdir { path, .. }
            | Self::Rmdir { path }
            // The target of a symbolic link is text, and need not be a path that exists.
            | Self::Symlink { path, .. }
            | Self::Readlink { path }
            | Self::Expire { path } => (Some(path), None, &[]),
            Self::Link { existing: a, new: b }
            | Self::Rename { from: a, to: b }
            | Self::RenameNew { from: a, to: b } => (Some(a), Some(b), &[]),
            Self::Foreign { arguments, .. } => (None, None, arguments),
            _ => (None, None, &[]),
        };
        let paths = arguments.iter().filter_map(|argument| match argument {
            Argument::Path(path) => Some(path),
            Argument::Text(_) => None,
        });
        first.into_iter().chain(second).chain(paths).map(PathBuf::as_path)
    }

    /// The same paths, mutable.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let call = match self {
            Self::InChild { made } => made,
            call => call,
        };
        let (first, second, arguments): (_, _, &mut [Argument]) = match call {
            Self::Open { path, .. }
            | Self::Stat { path }
            | Self::Unlink { path }
            | Self::Mkdir { path, .. }
            | Self::Rmdir { path }
            | Self::Symlink { path, .. }
            | Self::Readlink { path }
            | Self::Expire { path } => (Some(path), None, &mut []),
            Self::Link { existing: a, new: b }
            | Self::Rename { from: a, to: b }
            | Self::RenameNew { from: a, to: b } => (Some(a), Some(b), &mut []),
            Self::Foreign { arguments, .. } => (None, None, arguments),
            _ => (None, None, &mut []),
        };
        let paths = arguments.iter_mut().filter_map(|argument| match argument {
            Argument::Path(path) => Some(path),
            Argument::Text(_) => None,
        });
        first.into_iter().chain(second).chain(paths)
    }

    /// The call itself, without [`Call::InChild`] around it.
    pub fn itself(&self) -> &Self {
        match self {
            Self::InChild { made } => made,
            call => call,
        }
    }

    /// The same call with paths relative to `directory`. It is for display only.
    #[must_use]
    pub fn relative_to(&self, directory: &Path) -> Self {
        let mut call = self.clone();
        for path in call.paths_mut() {
            let rest = path.strip_prefix(directory).ok();
            if let Some(rest) = rest.filter(|rest| !rest.as_os_str().is_empty()) {
                *path = rest.to_owned();
            }
        }
        call
    }

    /// Performs the call on `fs`.
    ///
    /// # Errors
    ///
    /// Those of the method.
    ///
    /// # Panics
    ///
    /// When [`Fs`] has no method for the call.
    pub fn perform(&self, fs: &dyn Fs) -> Reply {
        match self {
            Self::Open { path, flags, mode } => fs.open(path, *flags, *mode).map(Value::Fd),
            Self::Close { fd } => fs.close(*fd).map(|()| Value::Done),
            Self::Read { fd, length } => {
                let mut bytes = vec![0; *length];
                fs.read(*fd, &mut bytes).map(|count| {
                    bytes.truncate(count);
                    Value::Bytes(bytes)
                })
            }
            Self::Write { fd, bytes } => fs.write(*fd, bytes).map(Value::Count),
            Self::Stat { path } => fs.stat(path).map(Value::Stat),
            Self::Fstat { fd } => fs.fstat(*fd).map(Value::Stat),
            Self::Link { existing, new } => fs.link(existing, new).map(|()| Value::Done),
            Self::Rename { from, to } => fs.rename(from, to).map(|()| Value::Done),
            Self::Unlink { path } => fs.unlink(path).map(|()| Value::Done),
            Self::Mkdir { path, mode } => fs.mkdir(path, *mode).map(|()| Value::Done),
            Self::Rmdir { path } => fs.rmdir(path).map(|()| Value::Done),
            Self::Flock { fd, operation } => fs.flock(*fd, *operation).map(|()| Value::Done),
            Self::RenameNew { from, to } => fs.rename_new(from, to).map(|()| Value::Done),
            Self::Symlink { target, path } => fs.symlink(target, path).map(|()| Value::Done),
            Self::Readlink { path } => fs.readlink(path).map(Value::Path),
            Self::RecordLock { fd, operation } => fs.record_lock(*fd, *operation).map(|()| Value::Done),
            Self::OfdLock { fd, operation } => fs.ofd_lock(*fd, *operation).map(|()| Value::Done),
            Self::Expire { path } => fs.expire(path).map(|()| Value::Done),
            Self::Alive { process } => fs.alive(*process).map(|()| Value::Done),
            // A decorator over the kernel's file system has no child.
            Self::Fork => Err(Errno::ENOSYS),
            Self::InChild { .. } | Self::Exit | Self::Die | Self::Await { .. } | Self::Foreign { .. } => {
                unreachable!("only a backend makes the call {self}")
            }
        }
    }
}

/// As a line of a trace: `open("/lock", O_WRONLY|O_CREAT|O_EXCL, 0644)`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            // Without O_CREAT the kernel ignores the mode (open(2)).
            Self::Open { path, flags, mode: _ } if flags.create == super::Create::Never => {
                write!(f, "{name}({path:?}, {flags})")
            }
            Self::Open { path, flags, mode } => write!(f, "{name}({path:?}, {flags}, 0{:o})", mode.0),
            Self::Close { fd } | Self::Fstat { fd } => write!(f, "{name}({})", fd.0),
            Self::Read { fd, length } => write!(f, "{name}({}, {length})", fd.0),
            Self::Write { fd, bytes } => write!(f, "{name}({}, {:?})", fd.0, String::from_utf8_lossy(bytes)),
            Self::Stat { path } | Self::Unlink { path } | Self::Rmdir { path } | Self::Readlink { path } => {
                write!(f, "{name}({path:?})")
            }
            Self::Mkdir { path, mode } => write!(f, "{name}({path:?}, 0{:o})", mode.0),
            Self::Link { existing: a, new: b } | Self::Rename { from: a, to: b } => write!(f, "{name}({a:?}, {b:?})"),
            Self::Flock { fd, operation } => write!(f, "{name}({}, {operation})", fd.0),
            Self::RenameNew { from, to } => write!(f, "{name}({from:?}, {to:?}, RENAME_NOREPLACE)"),
            Self::Symlink { target, path } => write!(f, "{name}({target:?}, {path:?})"),
            Self::RecordLock { fd, operation } => write!(f, "{name}({}, F_SETLK, {operation})", fd.0),
            Self::OfdLock { fd, operation } => write!(f, "{name}({}, F_OFD_SETLK, {operation})", fd.0),
            Self::Expire { path } => write!(f, "{name}({path:?}, long ago)"),
            Self::InChild { made } => write!(f, "child: {made}"),
            Self::Fork | Self::Exit | Self::Die => write!(f, "{name}"),
            Self::Alive { process } => write!(f, "{name}({process}, 0)"),
            Self::Await { processes } => {
                let processes: Vec<_> = processes.iter().map(ToString::to_string).collect();
                write!(f, "{name}({})", processes.join(", "))
            }
            Self::Foreign { arguments, .. } => {
                let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
                write!(f, "{name}({})", arguments.join(", "))
            }
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path:?}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("0"),
            Self::Fd(fd) => write!(f, "{}", fd.0),
            Self::Bytes(bytes) => write!(f, "{:?}", String::from_utf8_lossy(bytes)),
            Self::Count(count) => write!(f, "{count}"),
            Self::Stat(stat) => write!(f, "{stat}"),
            Self::Path(path) => write!(f, "{path:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_call_is_shown_with_its_paths_as_seen_from_the_directory() {
        let call = Call::Foreign {
            name: "renameat2".to_owned(),
            arguments: vec![
                Argument::Path("/run/1/a".into()),
                Argument::Path("/elsewhere".into()),
                Argument::Text("RENAME_NOREPLACE".to_owned()),
            ],
        };
        let shown = call.relative_to(Path::new("/run/1"));
        assert_eq!(shown.to_string(), r#"renameat2("a", "/elsewhere", RENAME_NOREPLACE)"#);
        assert_eq!(
            shown.paths().collect::<Vec<_>>(),
            [Path::new("a"), Path::new("/elsewhere")]
        );
    }
}
