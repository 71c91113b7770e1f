//! Checks whether a file lock really lets only one process in.
//!
//! `onewinner` runs the lock with several contenders and chooses which one makes its next system call. It searches the
//! schedules one by one. If two processes hold the lock at once, it prints the interleaving, and it replays it ten times.
//!
//! ```no_run
//! # fn try_acquire(path: &std::path::Path) -> std::io::Result<std::fs::File> { std::fs::File::create_new(path) }
//! #[test]
//! fn my_lock_lets_one_in() {
//!     onewinner::explore(|path| try_acquire(path)).run().expect_holds();
//! }
//! ```
//!
//! # Which function to call
//!
//! - [`explore`]: a lock in ordinary Rust code. Real processes run it on a real file system. Linux only.
//! - [`explore_primitive`]: a lock written over [`fs::Fs`]. The simulated file system, loom, and on Linux real processes
//!   run the same code.
//!
//! # What the answer means
//!
//! - *Holds*: no property was violated, in the schedules that the report names.
//! - *Violated*: the report shows a counterexample.
//! - *Inconclusive*: the search was cut, or something happened that `onewinner` cannot judge. The reason says what to change.
//!   It does not count as a pass.
//!
//! # Where it runs
//!
//! Linux has all backends. On other systems [`explore_primitive`] has `sim` and `loom`.
//!
//! # How it works
//!
//! ```text
//!  test ──▶ Plan{subject, scenario, backend, bounds}
//!             │
//!           check ──▶ backend ──▶ contenders attempt, hold, release
//!             │          │           │  one system call = one step
//!             │          │  explore picks a process ──▶ the call is performed ──▶ result + accesses
//!             │          ▼
//!             │       execution: schedule, history, end         every backend ends here
//!             ▼
//!           property: history ──▶ finding ──▶ verdict ──▶ shrink, replay ×10 ──▶ Report
//! ```

#![deny(missing_docs)]

extern crate self as onewinner;

pub mod testing;

#[cfg(all(target_os = "linux", not(onewinner_portable)))]
#[doc(inline)]
pub use testing::explore;
#[doc(inline)]
pub use testing::explore_primitive;

/// The file system as a lock sees it: [`Fs`](fs::Fs) has one method for each system call.
///
/// ```
/// use std::path::Path;
/// use onewinner::fs::{Errno, Fs, Mode, OpenFlags, sim};
///
/// let fs = sim::alone();
/// let lock = Path::new("/lock");
/// let fd = fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE)?;
/// fs.close(fd)?;
/// assert_eq!(fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE), Err(Errno::EEXIST));
/// # Ok::<(), Errno>(())
/// ```
pub mod fs {
    #[doc(inline)]
    pub use onewinner_core::fs::{
        AccessMode, Create, Errno, Fd, FileKind, Flock, Fs, Mode, OLD_S, OpenFlags, ProcessId, RecordLock, Stat,
    };
    #[cfg(all(target_os = "linux", not(onewinner_portable)))]
    #[doc(inline)]
    pub use onewinner_linux::real_fs::RealFs;

    /// The simulated file system.
    pub mod sim {
        #[doc(inline)]
        pub use onewinner_core::fs::sim::alone;
    }
}

/// Locks written over [`Fs`](crate::fs::Fs): the trait to implement, its types, and the locks that `onewinner` ships.
///
/// ```
/// use std::path::Path;
/// use onewinner::fs::sim;
/// use onewinner::primitive::{AcquireError, CreateNew, LockPrimitive};
///
/// let (fs, lock) = (sim::alone(), Path::new("/lock"));
/// let held = CreateNew.try_acquire(&fs, lock)?;
/// assert!(matches!(CreateNew.try_acquire(&fs, lock), Err(AcquireError::Busy)));
/// CreateNew.release(&fs, lock, held)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub mod primitive {
    #[doc(inline)]
    pub use onewinner_core::primitive::{
        ALL, Absent, AcquireError, BreakMutex, BreakRename, BreakUnlink, CONTROLS, CallError, CrashClass, CreateNew,
        CreateNewOwner, Expectation, Fcntl, Flock, FlockChecked, FlockUnlink, Held, Lease, Link, LockPrimitive, Mkdir,
        PidFile, RenameDirectory, RenameNew, RenameOver, StatThenWrite, Symlink, by_name,
    };
}
