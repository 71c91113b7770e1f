//! Lock primitives, written once over [`Fs`]: every backend runs the same code.
//!
//! A new primitive is one file and one line in [`ALL`] (catalogue.rs). Does not depend on backends, schedules or properties.

mod absent;
mod break_mutex;
mod break_rename;
mod break_unlink;
mod catalogue;
mod create_new;
mod create_new_owner;
mod fcntl;
mod flock;
mod flock_checked;
mod flock_unlink;
mod lease;
mod link;
mod mkdir;
mod pid_file;
mod record;
mod rename_directory;
mod rename_new;
mod rename_over;
mod stat_then_write;
mod symlink;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs::{Errno, Fd, Fs};

pub use absent::Absent;
pub use break_mutex::BreakMutex;
pub use break_rename::BreakRename;
pub use break_unlink::BreakUnlink;
pub use catalogue::{ALL, CONTROLS, by_name};
pub use create_new::CreateNew;
pub use create_new_owner::CreateNewOwner;
pub use fcntl::Fcntl;
pub use flock::Flock;
pub use flock_checked::FlockChecked;
pub use flock_unlink::FlockUnlink;
pub use lease::Lease;
pub use link::Link;
pub use mkdir::Mkdir;
pub use pid_file::PidFile;
pub use rename_directory::RenameDirectory;
pub use rename_new::RenameNew;
pub use rename_over::RenameOver;
pub use stat_then_write::StatThenWrite;
pub use symlink::Symlink;

/// A lock on a file system, as a protocol of system calls.
///
/// Each contender calls [`try_acquire`](Self::try_acquire). A contender that gets [`Held`] passes it to
/// [`release`](Self::release) once, from the same process and on the same [`Fs`]. All contenders share the value, so it must
/// not hold state.
///
/// Duties of an implementer:
///
/// 1. Everything that another process could notice goes through `fs`: no clock, no randomness, no `std::fs`.
/// 2. `try_acquire` does not wait. If the lock is held, or was held a moment ago, it returns [`AcquireError::Busy`].
/// 3. If a call fails for another reason, it removes what the attempt created and returns [`AcquireError::Failed`].
/// 4. `release` succeeds if the lock file is already gone, and returns every other error.
///
/// It must not panic, and must not retry without a bound.
///
/// The lock need not exclude anybody: the catalogue contains broken locks on purpose, see
/// [`expectation`](Self::expectation).
///
/// ```
/// use std::path::Path;
/// use onewinner_core::fs::sim;
/// use onewinner_core::primitive::{AcquireError, CreateNew, LockPrimitive};
///
/// let (fs, lock) = (sim::alone(), Path::new("/lock"));
/// let held = CreateNew.try_acquire(&fs, lock)?;
/// assert!(matches!(CreateNew.try_acquire(&fs, lock), Err(AcquireError::Busy)));
/// CreateNew.release(&fs, lock, held)?;
/// assert!(CreateNew.try_acquire(&fs, lock).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait LockPrimitive: Send + Sync {
    /// The name on the command line, in kebab case.
    fn name(&self) -> &'static str;

    /// The protocol in one line, as system calls. `L` is the lock.
    fn protocol(&self) -> &'static str;

    /// What the lock is expected to do when several processes contend.
    fn expectation(&self) -> Expectation;

    /// The names of the properties that some schedule is known to violate. Schedules with a kill, an injected error, a stale
    /// lock or an expiring lease count too.
    fn violates(&self) -> &'static [&'static str] {
        &[]
    }

    /// Where the protocol or its bug is described: manual pages, kernel files, issues as `owner/name#number`.
    fn references(&self) -> &'static [&'static str] {
        &[]
    }

    /// What happens to the lock when its holder is killed.
    fn crash_class(&self) -> CrashClass {
        CrashClass::Manual
    }

    /// Makes one attempt to take the lock at the path `lock`.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Busy`] when another process holds it; [`AcquireError::Failed`] when a call failed.
    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError>;

    /// Releases the lock.
    ///
    /// # Errors
    ///
    /// The call that failed. The lock may then still be held.
    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError>;
}

/// What a lock is expected to do, for `confirm` and spec files to compare with the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// One contender wins, and all others are busy.
    ExactlyOneWinner,
    /// Some schedule lets two or more in: the lock is broken, and the harness must detect it.
    SeveralWinners,
}

/// What happens to a lock when a process that holds, takes or breaks it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrashClass {
    /// The next attempt wins.
    Auto,
    /// The next attempt wins after a documented time.
    Bounded,
    /// A person must clean up.
    Manual,
}

impl fmt::Display for CrashClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Bounded => "bounded",
            Self::Manual => "manual",
        })
    }
}

/// The proof of an acquisition, with what the release needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a lock that is not released stays held"]
pub struct Held {
    /// The descriptor that carries a kernel lock; `None` for locks that are held by the existence of a name.
    pub descriptor: Option<Fd>,
}

impl Held {
    /// Held by the existence of a name.
    pub fn by_name() -> Self {
        Self { descriptor: None }
    }

    /// Held by a kernel lock on this descriptor.
    pub fn by(fd: Fd) -> Self {
        Self { descriptor: Some(fd) }
    }

    /// The descriptor of a kernel lock.
    ///
    /// # Panics
    ///
    /// When the lock is held by its name, so that the caller has mixed up two locks.
    fn fd(&self) -> Fd {
        self.descriptor.expect("a kernel lock is held by a descriptor")
    }
}

/// Why an attempt did not acquire the lock.
///
/// The two reasons must never be mixed up: after `Busy` it makes sense to wait, after `Failed` it does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcquireError {
    /// Another process holds it, or held it during the attempt.
    #[error("the lock is held")]
    Busy,
    /// A call failed, so nothing is known about the lock.
    #[error(transparent)]
    Failed(#[from] CallError),
}

/// `Busy` becomes [`io::ErrorKind::AlreadyExists`], the error of a failed `create_new` in the standard library.
impl From<AcquireError> for io::Error {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Busy => Self::new(io::ErrorKind::AlreadyExists, AcquireError::Busy),
            AcquireError::Failed(error) => error.into(),
        }
    }
}

/// A system call that failed: the operation, the file, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallError {
    /// The operation, as a verb: `create`, `write`. If a program or function reports the error, its text follows in
    /// parentheses: see [`words`](Self::words).
    pub operation: String,
    /// The file.
    pub path: PathBuf,
    /// The reason.
    pub errno: Errno,
}

impl CallError {
    /// Makes the error of `operation` on `path`; for `map_err`.
    pub fn when(operation: &'static str, path: &Path) -> impl FnOnce(Errno) -> Self {
        move |errno| Self {
            operation: operation.to_owned(),
            path: path.to_owned(),
            errno,
        }
    }

    /// An error that a program or function reports in its own words, e.g. by the line `error TEXT`. It keeps the error number
    /// that they name.
    pub fn in_words(operation: &str, path: &Path, words: &str) -> Self {
        let words = words.replace(char::is_control, " ");
        Self {
            operation: format!("{operation} ({})", words.trim()),
            path: path.to_owned(),
            errno: Errno::named_in(&words).unwrap_or(Errno::Unnamed(0)),
        }
    }

    /// The words of the program or function that reported the error, if one did.
    pub fn words(&self) -> Option<&str> {
        let (_, words) = self.operation.split_once(" (")?;
        words.strip_suffix(')')
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, path, errno } = self;
        match (operation.split_once(" ("), self.words()) {
            (Some((operation, _)), Some(words)) => write!(f, "failed to {operation} {path:?}: {words}"),
            _ => write!(f, "failed to {operation} {path:?}: {} ({errno})", errno.text()),
        }
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.errno)
    }
}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> Self {
        Self::new(Self::from(error.errno).kind(), error)
    }
}

/// Violated by every lock whose release removes a name: a forked child can remove the name too.
const FREED_BY_A_CHILD: &[&str] = &["fork-independence"];

/// Violated by such a lock that also lets two processes in.
const TWO_HOLDERS: &[&str] = &["mutual-exclusion", "only-own", "fork-independence"];

#[cfg(test)]
mod tests;
