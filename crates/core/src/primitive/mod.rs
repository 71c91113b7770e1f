//! Lock primitives, written once over [`Fs`]: what the model checks is the code that runs.
//!
//! A new primitive is one file and one line in [`ALL`] (catalogue.rs). Deliberately knows no backend, schedule or property.

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
/// Each contender calls [`try_acquire`](Self::try_acquire); one that got [`Held`] calls [`release`](Self::release) with it
/// once, from the same process and on the same [`Fs`]. The value itself is shared by all contenders, so it holds no state.
///
/// Duties of an implementer:
///
/// 1. Everything that another process could notice goes through `fs`: no clock, no randomness, no `std::fs`.
/// 2. `try_acquire` does not wait. A lock that is held, or was a moment ago, is [`AcquireError::Busy`].
/// 3. A call that failed for any other reason is [`AcquireError::Failed`], and what the attempt created is removed first.
/// 4. `release` of a lock file that is gone is no error; a release that fails is reported.
///
/// It must not panic, and must not retry without a bound.
///
/// Not demanded: that the lock excludes anybody. The catalogue has broken ones on purpose;
/// [`expectation`](Self::expectation) says which.
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

    /// The protocol in one line, as system calls.
    fn protocol(&self) -> &'static str;

    /// What the lock is claimed to do when several contend.
    fn expectation(&self) -> Expectation;

    /// The names of the properties that some schedule is known to violate, with a kill, an error, a stale lock or a lease that
    /// runs out too.
    fn violates(&self) -> &'static [&'static str] {
        &[]
    }

    /// Where the protocol, or its fault, is described: manual pages, files of the kernel, issues as `owner/name#number`.
    fn references(&self) -> &'static [&'static str] {
        &[]
    }

    /// What becomes of the lock when whoever has it is killed.
    fn crash_class(&self) -> CrashClass {
        CrashClass::Manual
    }

    /// Attempts to take the lock named `lock`, once.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Busy`] when somebody else has it; [`AcquireError::Failed`] when a call failed.
    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError>;

    /// Gives the lock back.
    ///
    /// # Errors
    ///
    /// The call that failed; the lock may then still be taken.
    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError>;
}

/// What a primitive is declared to do, for `confirm` and specs to hold against the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// One contender wins, all others are busy.
    ExactlyOneWinner,
    /// Some schedule lets two or more in: the primitive is broken, and the harness must see it.
    SeveralWinners,
}

/// What becomes of a lock when whoever has it, or is about to take or break it, is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrashClass {
    /// The next attempt wins.
    Auto,
    /// The next attempt after a documented time wins.
    Bounded,
    /// Somebody has to clean up.
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

/// The proof of an acquisition, and what the release needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a lock that is not released stays held"]
pub struct Held {
    /// The descriptor that carries the lock, for kernel locks; existence locks have none.
    pub descriptor: Option<Fd>,
}

impl Held {
    /// Held by the existence of a name alone.
    pub fn by_name() -> Self {
        Self { descriptor: None }
    }

    /// Held by a lock of the kernel's, on this descriptor.
    pub fn by(fd: Fd) -> Self {
        Self { descriptor: Some(fd) }
    }

    /// # Panics
    ///
    /// When the lock is held by its name: whoever releases has mixed up two locks.
    fn fd(&self) -> Fd {
        self.descriptor.expect("a lock of the kernel's is held by a descriptor")
    }
}

/// Why an attempt did not acquire the lock: two results that must never be mixed up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcquireError {
    /// Another process has it, or had it while this one looked.
    #[error("the lock is held")]
    Busy,
    /// A call failed: nothing is known about the lock.
    #[error(transparent)]
    Failed(#[from] CallError),
}

/// Busy becomes [`io::ErrorKind::AlreadyExists`], as a failed `create_new` in the standard library.
impl From<AcquireError> for io::Error {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Busy => Self::new(io::ErrorKind::AlreadyExists, AcquireError::Busy),
            AcquireError::Failed(error) => error.into(),
        }
    }
}

/// A system call that failed: what was attempted, on what, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("failed to {operation} {path:?}: {} ({errno})", errno.text())]
pub struct CallError {
    /// The operation, as a verb: `create`, `write`.
    pub operation: String,
    /// The file.
    pub path: PathBuf,
    /// The reason.
    #[source]
    pub errno: Errno,
}

impl CallError {
    /// For `map_err`: the error of `operation` on `path`.
    pub fn when(operation: &'static str, path: &Path) -> impl FnOnce(Errno) -> Self {
        move |errno| Self {
            operation: operation.to_owned(),
            path: path.to_owned(),
            errno,
        }
    }
}

impl From<CallError> for io::Error {
    fn from(error: CallError) -> Self {
        Self::new(Self::from(error.errno).kind(), error)
    }
}

/// What every lock violates that is a name, or whose release removes one: whoever knows the name can remove it, a forked child
/// first of all.
const FREED_BY_A_CHILD: &[&str] = &["fork-independence"];

/// What a lock violates besides that lets two in.
const TWO_HOLDERS: &[&str] = &["mutual-exclusion", "only-own", "fork-independence"];

#[cfg(test)]
mod tests;
