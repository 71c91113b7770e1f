//! Lock protocols of the world, small, over `Fs`. Knows nothing of how often they fail.

use std::path::Path;

use onewinner::fs::{AccessMode, Create, Errno, Fd, Flock, Fs, Mode, OpenFlags, Stat};
use onewinner::primitive::{AcquireError, CallError, CrashClass, Expectation, Held, LockPrimitive};

/// As often as a retry loop goes round.
pub(crate) const TRIES: usize = 3;

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

pub(crate) static MKDIR: Zoo = Zoo {
    name: "mkdir",
    class: CrashClass::Manual,
    acquire: |fs, lock| match fs.mkdir(lock, Mode::DIRECTORY) {
        Err(Errno::EEXIST) => Ok(None),
        made => made.map(|()| Some(Held::by_name())),
    },
    release: |fs, lock, _| fs.rmdir(lock),
};

/// As mkdir, and declared to be what it is not.
pub(crate) static MKDIR_CALLED_AUTO: Zoo = Zoo {
    name: "mkdir, called auto",
    class: CrashClass::Auto,
    ..MKDIR
};

/// A lock on a file that says when it is gone: unsound if the releaser is killed in between.
pub(crate) static TOMBSTONE: Zoo = Zoo {
    name: "tombstone",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked_and(fs, lock, |stat| stat.size == 0),
    release: |fs, lock, held| {
        ignore_absence(fs.unlink(lock))?;
        fs.write(descriptor(&held), b"d")?;
        fs.close(descriptor(&held))
    },
};

pub(crate) static ABSENT_AS_STALE: Zoo = Zoo {
    name: "absent-as-stale",
    class: CrashClass::Manual,
    acquire: |fs, lock| create_or(fs, lock, |fs, lock| ignore_absence(fs.unlink(lock))),
    release: |fs, lock, _| ignore_absence(fs.unlink(lock)),
};

pub(crate) static ABSENT_RETRIES: Zoo = Zoo {
    name: "absent: retry",
    class: CrashClass::Manual,
    acquire: |fs, lock| create_or(fs, lock, |_, _| Ok(())),
    release: |fs, lock, _| ignore_absence(fs.unlink(lock)),
};

pub(crate) static FLOCK_KEPT: Zoo = Zoo {
    name: "flock kept, try",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked(fs, lock, Flock::TryExclusive),
    release: |fs, _, held| fs.close(descriptor(&held)),
};

pub(crate) static FLOCK_KEPT_WAITING: Zoo = Zoo {
    name: "flock kept, blocking",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked(fs, lock, Flock::Exclusive),
    release: |fs, _, held| fs.close(descriptor(&held)),
};

pub(crate) static FLOCK_UNLINK: Zoo = Zoo {
    name: "flock + unlink, try",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked(fs, lock, Flock::TryExclusive),
    release: close_then_unlink,
};

pub(crate) static FLOCK_UNLINK_WAITING: Zoo = Zoo {
    name: "flock + unlink, blocking",
    class: CrashClass::Auto,
    acquire: |fs, lock| locked(fs, lock, Flock::Exclusive),
    release: close_then_unlink,
};

pub(crate) static NLINK_CHECK: Zoo = Zoo {
    name: "flock + nlink check",
    class: CrashClass::Auto,
    acquire: locked_and_named,
    release: unlink_then_close,
};

pub(crate) static HALF_FIX: Zoo = Zoo {
    name: "half fix",
    class: CrashClass::Auto,
    acquire: locked_and_named,
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

pub(crate) fn unlink_then_close(fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), Errno> {
    ignore_absence(fs.unlink(lock))?;
    fs.close(descriptor(&held))
}

pub(crate) fn close_then_unlink(fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), Errno> {
    fs.close(descriptor(&held))?;
    ignore_absence(fs.unlink(lock))
}

/// Creates exclusively; whoever finds the name and then finds it gone does `gone` and tries again.
pub(crate) fn create_or(
    fs: &dyn Fs,
    lock: &Path,
    gone: fn(&dyn Fs, &Path) -> Result<(), Errno>,
) -> Result<Option<Held>, Errno> {
    for _ in 0..TRIES {
        match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
            Err(Errno::EEXIST) => {}
            opened => return opened.map(|_| Some(Held::by_name())),
        }
        match fs.stat(lock) {
            Err(Errno::ENOENT) => gone(fs, lock)?,
            looked => return looked.map(|_| None),
        }
    }
    Ok(None)
}

pub(crate) fn locked(fs: &dyn Fs, lock: &Path, operation: Flock) -> Result<Option<Held>, Errno> {
    let flags = OpenFlags {
        access: AccessMode::ReadWrite,
        create: Create::IfAbsent,
        ..OpenFlags::READ
    };
    let fd = fs.open(lock, flags, Mode::FILE)?;
    match fs.flock(fd, operation) {
        Err(Errno::EAGAIN) => fs.close(fd).map(|()| None),
        locked => locked.map(|()| Some(Held { descriptor: Some(fd) })),
    }
}

pub(crate) fn locked_and_named(fs: &dyn Fs, lock: &Path) -> Result<Option<Held>, Errno> {
    locked_and(fs, lock, |stat| stat.links > 0)
}

pub(crate) fn locked_and(fs: &dyn Fs, lock: &Path, is_current: fn(Stat) -> bool) -> Result<Option<Held>, Errno> {
    for _ in 0..TRIES {
        let Some(held) = locked(fs, lock, Flock::TryExclusive)? else {
            return Ok(None);
        };
        if is_current(fs.fstat(descriptor(&held))?) {
            return Ok(Some(held));
        }
        fs.close(descriptor(&held))?;
    }
    Ok(None)
}
