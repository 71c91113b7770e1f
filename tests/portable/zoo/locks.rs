//! The shipped locks of the world under the names that the counts have, and a few small ones that are not shipped: they wait, or
//! declare what they are not. Knows nothing of how often they fail.

use std::path::Path;

use onewinner_core::fs::{AccessMode, Create, Errno, Fd, Flock as Operation, Fs, Mode, OpenFlags};
use onewinner_core::primitive::{
    Absent, AcquireError, CallError, CrashClass, Expectation, Flock, FlockChecked, FlockUnlink,
};
use onewinner_core::primitive::{Held, LockPrimitive, Mkdir};

/// A protocol made of two functions; an attempt that returns nothing has lost.
pub(crate) struct Zoo {
    pub(crate) name: &'static str,
    pub(crate) class: CrashClass,
    pub(crate) acquire: fn(&dyn Fs, &Path) -> Result<Option<Held>, Errno>,
    pub(crate) release: fn(&dyn Fs, &Path, Held) -> Result<(), Errno>,
}

impl LockPrimitive for Zoo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn protocol(&self) -> &'static str {
        ""
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn crash_class(&self) -> CrashClass {
        self.class
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let held = (self.acquire)(fs, lock).map_err(CallError::when("take", lock))?;
        held.ok_or(AcquireError::Busy)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        (self.release)(fs, lock, held).map_err(CallError::when("give back", lock))
    }
}

pub(crate) static MKDIR: Mkdir = Mkdir::Bare;
pub(crate) static ABSENT_AS_STALE: Absent = Absent::Stale;
pub(crate) static ABSENT_RETRIES: Absent = Absent::Retry;
pub(crate) static FLOCK_KEPT: Flock = Flock;
pub(crate) static FLOCK_UNLINK: FlockUnlink = FlockUnlink::CloseFirst;
pub(crate) static NLINK_CHECK: FlockChecked = FlockChecked::LinkCount;
pub(crate) static HALF_FIX: FlockChecked = FlockChecked::HalfFix;
pub(crate) static TOMBSTONE: FlockChecked = FlockChecked::Tombstone;

/// As mkdir, and declared to be what it is not.
pub(crate) static MKDIR_CALLED_AUTO: Zoo = Zoo {
    name: "mkdir, called auto",
    class: CrashClass::Auto,
    acquire: |fs, lock| match fs.mkdir(lock, Mode::DIRECTORY) {
        Err(Errno::EEXIST) => Ok(None),
        made => made.map(|()| Some(Held::by_name())),
    },
    release: |fs, lock, _| fs.rmdir(lock),
};

pub(crate) static FLOCK_KEPT_WAITING: Zoo = Zoo {
    name: "flock kept, blocking",
    class: CrashClass::Auto,
    acquire: locked,
    release: |fs, _, held| fs.close(descriptor(&held)),
};

pub(crate) static FLOCK_UNLINK_WAITING: Zoo = Zoo {
    name: "flock + unlink, blocking",
    class: CrashClass::Auto,
    acquire: locked,
    release: close_then_unlink,
};

pub(crate) fn descriptor(held: &Held) -> Fd {
    held.descriptor.expect("held by a descriptor")
}

pub(crate) fn ignore_absence(removed: Result<(), Errno>) -> Result<(), Errno> {
    match removed {
        Err(Errno::ENOENT) => Ok(()),
        removed => removed,
    }
}

pub(crate) fn close_then_unlink(fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), Errno> {
    fs.close(descriptor(&held))?;
    ignore_absence(fs.unlink(lock))
}

fn locked(fs: &dyn Fs, lock: &Path) -> Result<Option<Held>, Errno> {
    let flags = OpenFlags {
        access: AccessMode::ReadWrite,
        create: Create::IfAbsent,
        ..OpenFlags::READ
    };
    let fd = fs.open(lock, flags, Mode::FILE)?;
    fs.flock(fd, Operation::Exclusive)?;
    Ok(Some(Held::by(fd)))
}
