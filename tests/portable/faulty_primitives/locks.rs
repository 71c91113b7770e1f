//! Locks with one fault each. Knows nothing of who finds it.

use std::path::Path;

use onewinner_core::fs::{Create, Errno, Fs, Mode, OpenFlags};
use onewinner_core::primitive::{AcquireError, CallError, Expectation, Held, LockPrimitive};

/// A lock made of two functions.
pub(crate) struct Faulty {
    name: &'static str,
    acquire: Acquire,
    release: Release,
}

type Acquire = fn(&dyn Fs, &Path) -> Result<Held, AcquireError>;
type Release = fn(&dyn Fs, &Path) -> Result<(), CallError>;

impl LockPrimitive for Faulty {
    fn name(&self) -> &'static str {
        self.name
    }

    fn protocol(&self) -> &'static str {
        ""
    }

    fn expectation(&self) -> Expectation {
        Expectation::SeveralWinners
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        (self.acquire)(fs, lock)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _: Held) -> Result<(), CallError> {
        (self.release)(fs, lock)
    }
}

/// Each is `create-new` but for the fault in its name.
macro_rules! faulty {
    ($($lock:ident = $acquire:expr, $release:expr;)*) => {
        $(pub(crate) static $lock: Faulty = Faulty { name: stringify!($lock), acquire: $acquire, release: $release };)*
    };
}

faulty! {
    RETURNS_ENOENT_WHEN_BUSY = |fs, lock| create(fs, lock, |_| failed(lock, Errno::ENOENT)), remove;
    PANICS_WHEN_BUSY = |fs, lock| create(fs, lock, |_| panic!("cannot happen")), remove;
    UNLINKS_WHEN_BUSY = |fs, lock| create(fs, lock, |_| { let _ = fs.unlink(lock); AcquireError::Busy }), remove;
    FORGETS_THE_DESCRIPTOR = forgets_the_descriptor, remove;
    LEAVES_THE_FILE = leaves_the_file, remove;
    WINS_BY_ERROR = wins_by_error, remove;
    LOCKS_BESIDE = |fs, lock| create(fs, &lock.with_extension("lck"), |_| AcquireError::Busy), |fs, lock| remove(fs, &lock.with_extension("lck"));
    NEVER_WINS = |fs, lock| { let _ = fs.stat(lock); Err(AcquireError::Busy) }, remove;
    NEVER_RELEASES = |fs, lock| create(fs, lock, |_| AcquireError::Busy), |_, _| Ok(());
    RELEASES_ELSEWHERE = |fs, lock| create(fs, lock, |_| AcquireError::Busy), |fs, lock| { let _ = fs.unlink(&lock.with_extension("x")); Ok(()) };
    RELEASES_TWICE = |fs, lock| create(fs, lock, |_| AcquireError::Busy), |fs, lock| remove(fs, lock).and_then(|()| remove(fs, lock));
    PANICS_IN_RELEASE = |fs, lock| create(fs, lock, |_| AcquireError::Busy), |_, _| panic!("cannot happen");
    CREATES_WITHOUT_EXCL = creates_without_excl, remove;
    LOOKS_THEN_CREATES = |fs, lock| match fs.stat(lock) {
        Ok(_) => Err(AcquireError::Busy),
        Err(_) => creates_without_excl(fs, lock),
    }, remove;
}

fn failed(lock: &Path, errno: Errno) -> AcquireError {
    CallError::when("create", lock)(errno).into()
}

fn remove(fs: &dyn Fs, lock: &Path) -> Result<(), CallError> {
    fs.unlink(lock).map_err(CallError::when("remove", lock))
}

/// The sound acquisition, with something else for those who come too late.
fn create(fs: &dyn Fs, lock: &Path, late: impl FnOnce(Errno) -> AcquireError) -> Result<Held, AcquireError> {
    let fd = match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
        Err(Errno::EEXIST) => return Err(late(Errno::EEXIST)),
        opened => opened.map_err(|errno| failed(lock, errno))?,
    };
    if let Err(errno) = fs.close(fd) {
        let _ = fs.unlink(lock);
        return Err(failed(lock, errno));
    }
    Ok(Held::by_name())
}

fn forgets_the_descriptor(fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
    let fd = match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
        Err(Errno::EEXIST) => return Err(AcquireError::Busy),
        opened => opened.map_err(|errno| failed(lock, errno))?,
    };
    if let Err(errno) = fs.write(fd, b"1") {
        let _ = fs.unlink(lock);
        return Err(failed(lock, errno));
    }
    let _ = fs.close(fd);
    Ok(Held::by_name())
}

fn leaves_the_file(fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
    match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
        Err(Errno::EEXIST) => Err(AcquireError::Busy),
        Err(errno) => Err(failed(lock, errno)),
        Ok(fd) => match fs.close(fd) {
            Ok(()) => Ok(Held::by_name()),
            Err(errno) => Err(failed(lock, errno)),
        },
    }
}

fn wins_by_error(fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
    match fs.open(lock, OpenFlags::CREATE_NEW, Mode::FILE) {
        Err(Errno::EEXIST) => Err(AcquireError::Busy),
        _ => Ok(Held::by_name()),
    }
}

fn creates_without_excl(fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
    let flags = OpenFlags {
        create: Create::IfAbsent,
        ..OpenFlags::WRITE
    };
    let opened = fs.open(lock, flags, Mode::FILE);
    let _ = opened.and_then(|fd| fs.close(fd));
    Ok(Held::by_name())
}
