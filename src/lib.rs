//! Checks whether a file lock really lets only one process in.
//!
//! `onewinner` runs the lock in several processes, the *contenders*. It stops each one before its system calls and chooses
//! which one continues. One order of the system calls is a *schedule*; `onewinner` runs the schedules one by one. If two
//! processes hold the lock at the same time, it prints the schedule that breaks the lock, the *counterexample*.
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
//! - [`explore`] checks a lock in ordinary Rust code. Real processes run it on a real file system. Linux only.
//! - [`explore_primitive`] checks a lock written over [`fs::Fs`]. The same code runs on a simulated file system, under the
//!   model checker loom, and on Linux in real processes.
//!
//! Both return an [`Exploration`](testing::Exploration). Its methods are the options; `run` returns a
//! [`Report`](testing::Report).
//!
//! # What the result means
//!
//! - *Holds*: no schedule in the report violates a property of the lock.
//! - *Violated*: the report shows a counterexample.
//! - *Inconclusive*: a limit cut the search, or the lock did something that `onewinner` cannot judge. The report gives the
//!   reason and what to change. It does not count as a pass.
//!
//! # Where it runs
//!
//! Linux has all backends. On other systems [`explore_primitive`] has `sim` and `loom`. The backend `loom` is the feature
//! `loom`, which is on by default: it takes a quarter of the time to build everything.
//!
//! # How it works
//!
//! ```text
//!  test ──▶ Plan{subject, scenario, backend, bounds}
//!             │
//!           check ──▶ backend ──▶ contenders acquire, hold, release
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

/// The file system interface for locks: [`Fs`](fs::Fs) has one method per system call.
///
/// On the simulated file system, two exclusive creates of one file behave as in the kernel:
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

    /// The simulated file system, for examples and unit tests of a lock.
    pub mod sim {
        #[doc(inline)]
        pub use onewinner_core::fs::sim::alone;
    }
}

/// Locks written over [`Fs`](crate::fs::Fs): the trait to implement, its types, and the locks that come with `onewinner`.
///
/// Implement [`LockPrimitive`](primitive::LockPrimitive) for your lock, and pass it to
/// [`explore_primitive`]. A shipped lock in use:
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
