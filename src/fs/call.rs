//! Calls and replies as values: what a scheduler holds while a process waits, and what a history keeps.
//!
//! [`Call::perform`] and [`ByCall`] turn values into method calls and back, so that a decorator or a backend is one function
//! from [`Call`] to [`Reply`]. Deliberately knows no implementation of [`Fs`].

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Errno, Fd, Fs, Mode, OpenFlags, Stat};

/// A system call with its arguments; the methods of [`Fs`] say what each does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
#[non_exhaustive]
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
}

/// What the kernel answered: a value, or an error number.
pub type Reply = Result<Value, Errno>;

/// The value of a call that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Nothing but the success.
    Done,
    /// A new descriptor.
    Fd(Fd),
    /// The bytes read; none at the end of the file.
    Bytes(Vec<u8>),
    /// How many bytes were written.
    Count(usize),
    /// What `stat` or `fstat` told.
    Stat(Stat),
}

impl Call {
    /// The name of the system call.
    pub fn name(&self) -> &'static str {
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
        }
    }

    /// The paths among the arguments.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let (first, second) = match self {
            Self::Open { path, .. }
            | Self::Stat { path }
            | Self::Unlink { path }
            | Self::Mkdir { path, .. }
            | Self::Rmdir { path } => (Some(path), None),
            Self::Link { existing: a, new: b } | Self::Rename { from: a, to: b } => (Some(a), Some(b)),
            Self::Close { .. } | Self::Read { .. } | Self::Write { .. } | Self::Fstat { .. } => (None, None),
        };
        first.into_iter().chain(second).map(PathBuf::as_path)
    }

    /// The same call with paths as they are seen from `directory`: for people, not to be performed.
    #[must_use]
    pub fn relative_to(&self, directory: &Path) -> Self {
        let mut call = self.clone();
        let shorten = |path: &mut PathBuf| {
            if let Some(rest) = path
                .strip_prefix(directory)
                .ok()
                .filter(|rest| !rest.as_os_str().is_empty())
            {
                *path = rest.to_owned();
            }
        };
        match &mut call {
            Self::Open { path, .. }
            | Self::Stat { path }
            | Self::Unlink { path }
            | Self::Mkdir { path, .. }
            | Self::Rmdir { path } => shorten(path),
            Self::Link { existing: a, new: b } | Self::Rename { from: a, to: b } => {
                shorten(a);
                shorten(b);
            }
            Self::Close { .. } | Self::Read { .. } | Self::Write { .. } | Self::Fstat { .. } => {}
        }
        call
    }

    /// Performs the call on `fs`.
    ///
    /// # Errors
    ///
    /// Those of the method.
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
        }
    }
}

/// As a line of a trace: `open("/lock", O_WRONLY|O_CREAT|O_EXCL, 0644)`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            // Without O_CREAT the mode is not looked at (open(2)).
            Self::Open { path, flags, mode: _ } if flags.create == super::Create::Never => {
                write!(f, "{name}({path:?}, {flags})")
            }
            Self::Open { path, flags, mode } => write!(f, "{name}({path:?}, {flags}, 0{:o})", mode.0),
            Self::Close { fd } | Self::Fstat { fd } => write!(f, "{name}({})", fd.0),
            Self::Read { fd, length } => write!(f, "{name}({}, {length})", fd.0),
            Self::Write { fd, bytes } => write!(f, "{name}({}, {:?})", fd.0, String::from_utf8_lossy(bytes)),
            Self::Stat { path } | Self::Unlink { path } | Self::Rmdir { path } => write!(f, "{name}({path:?})"),
            Self::Mkdir { path, mode } => write!(f, "{name}({path:?}, 0{:o})", mode.0),
            Self::Link { existing: a, new: b } | Self::Rename { from: a, to: b } => write!(f, "{name}({a:?}, {b:?})"),
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
        }
    }
}

/// An [`Fs`] made of one function from calls to replies.
///
/// # Panics
///
/// Its methods panic when the function answers a call with a value of another call: that is a bug in the harness.
pub struct ByCall<F>(pub F);

impl<F: Fn(Call) -> Reply> ByCall<F> {
    fn done(&self, call: Call) -> Result<(), Errno> {
        match (self.0)(call)? {
            Value::Done => Ok(()),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn told(&self, call: Call) -> Result<Stat, Errno> {
        match (self.0)(call)? {
            Value::Stat(stat) => Ok(stat),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }
}

impl<F: Fn(Call) -> Reply> Fs for ByCall<F> {
    fn open(&self, path: &Path, flags: OpenFlags, mode: Mode) -> Result<Fd, Errno> {
        let path = path.to_owned();
        match (self.0)(Call::Open { path, flags, mode })? {
            Value::Fd(fd) => Ok(fd),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn close(&self, fd: Fd) -> Result<(), Errno> {
        self.done(Call::Close { fd })
    }

    fn read(&self, fd: Fd, buffer: &mut [u8]) -> Result<usize, Errno> {
        let length = buffer.len();
        match (self.0)(Call::Read { fd, length })? {
            Value::Bytes(bytes) => {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn write(&self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        let bytes = bytes.to_owned();
        match (self.0)(Call::Write { fd, bytes })? {
            Value::Count(count) => Ok(count),
            other => unreachable!("the reply {other:?} belongs to another call"),
        }
    }

    fn stat(&self, path: &Path) -> Result<Stat, Errno> {
        let path = path.to_owned();
        self.told(Call::Stat { path })
    }

    fn fstat(&self, fd: Fd) -> Result<Stat, Errno> {
        self.told(Call::Fstat { fd })
    }

    fn link(&self, existing: &Path, new: &Path) -> Result<(), Errno> {
        self.done(Call::Link {
            existing: existing.to_owned(),
            new: new.to_owned(),
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Errno> {
        self.done(Call::Rename {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }

    fn unlink(&self, path: &Path) -> Result<(), Errno> {
        let path = path.to_owned();
        self.done(Call::Unlink { path })
    }

    fn mkdir(&self, path: &Path, mode: Mode) -> Result<(), Errno> {
        let path = path.to_owned();
        self.done(Call::Mkdir { path, mode })
    }

    fn rmdir(&self, path: &Path) -> Result<(), Errno> {
        let path = path.to_owned();
        self.done(Call::Rmdir { path })
    }
}
