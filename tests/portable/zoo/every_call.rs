//! Locks made of the calls of `Fs` that the zoo does not make, so that tests compare the backends on those calls too. They
//! claim nothing.

use std::path::{Path, PathBuf};

use onewinner_core::fs::{AccessMode, Create, Errno, Fd, Fs, Mode, OpenFlags, ProcessId, RecordLock};
use onewinner_core::primitive::{CrashClass, Held};

use super::locks::{Zoo, close_then_unlink, descriptor, ignore_absence};

/// All of them.
pub(crate) const ALL: [&Zoo; 5] = [&LINKED, &FOLLOWED, &RECORDED, &OFD, &MOVED];

/// A symbolic link that names its maker; one whose maker is gone is removed.
static LINKED: Zoo = Zoo {
    name: "symbolic link with a maker",
    class: CrashClass::Manual,
    acquire: |fs, lock| match fs.symlink(Path::new(&fs.process().to_string()), lock) {
        Err(Errno::EEXIST) => {
            if let Some(maker) = maker(fs, lock)?
                && fs.alive(maker) == Err(Errno::ESRCH)
            {
                ignore_absence(fs.unlink(lock))?;
            }
            Ok(None)
        }
        made => made.map(|()| Some(Held::by_name())),
    },
    release: |fs, lock, _| {
        // It leads nowhere.
        assert_eq!(fs.stat(lock), Err(Errno::ENOENT));
        maker(fs, lock)?;
        ignore_absence(fs.unlink(lock))
    },
};

fn maker(fs: &dyn Fs, lock: &Path) -> Result<Option<ProcessId>, Errno> {
    match fs.readlink(lock) {
        Err(Errno::ENOENT) => Ok(None),
        target => Ok(target?.to_str().and_then(|text| text.parse().ok())),
    }
}

/// A symbolic link that leads to a file of its maker, and losers create that file: what they reach changes with the link.
static FOLLOWED: Zoo = Zoo {
    name: "symbolic link to a file",
    class: CrashClass::Manual,
    acquire: |fs, lock| match fs.symlink(Path::new(&fs.process().to_string()), lock) {
        Err(Errno::EEXIST) => {
            let looked = fs.stat(lock).map(|stat| stat.size);
            let fd = fs.open(lock, OpenFlags::APPEND, Mode::FILE)?;
            if looked.is_ok() {
                fs.write(fd, b"a")?;
            }
            fs.close(fd).map(|()| None)
        }
        made => made.map(|()| Some(Held::by_name())),
    },
    release: |fs, lock, _| {
        ignore_absence(fs.unlink(lock))?;
        ignore_absence(fs.unlink(&own(fs, lock)))
    },
};

/// A record lock on a file that is found through a symbolic link.
static RECORDED: Zoo = Zoo {
    name: "record lock behind a link",
    class: CrashClass::Auto,
    acquire: |fs, lock| recorded(fs, lock, |fs, fd, operation| fs.record_lock(fd, operation)),
    release: |fs, _, held| {
        fs.record_lock(descriptor(&held), RecordLock::Unlock)?;
        fs.close(descriptor(&held))
    },
};

/// The same of the open file description, and unlinked when it is given back.
static OFD: Zoo = Zoo {
    name: "OFD lock behind a link",
    class: CrashClass::Auto,
    acquire: |fs, lock| recorded(fs, lock, |fs, fd, operation| fs.ofd_lock(fd, operation)),
    release: close_then_unlink,
};

fn recorded(
    fs: &dyn Fs,
    lock: &Path,
    take: fn(&dyn Fs, Fd, RecordLock) -> Result<(), Errno>,
) -> Result<Option<Held>, Errno> {
    match fs.symlink(Path::new("file"), lock) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno),
    }
    let flags = OpenFlags {
        access: AccessMode::ReadWrite,
        create: Create::IfAbsent,
        ..OpenFlags::READ
    };
    let fd = fs.open(lock, flags, Mode::FILE)?;
    for operation in [RecordLock::TryShared, RecordLock::TryExclusive] {
        match take(fs, fd, operation) {
            Err(Errno::EAGAIN) => return fs.close(fd).map(|()| None),
            taken => taken?,
        }
    }
    Ok(Some(Held { descriptor: Some(fd) }))
}

/// A record that is prepared and then moved to a name that must be free; one that is old is removed.
static MOVED: Zoo = Zoo {
    name: "record moved to a free name",
    class: CrashClass::Manual,
    acquire: |fs, lock| {
        let prepared = own(fs, lock);
        let fd = fs.open(&prepared, OpenFlags::OVERWRITE, Mode::FILE)?;
        fs.write(fd, fs.process().to_string().as_bytes())?;
        fs.close(fd)?;
        match fs.rename_new(&prepared, lock) {
            Err(Errno::EEXIST) => {
                ignore_absence(fs.unlink(&prepared))?;
                if fs.stat(lock).is_ok_and(|stat| stat.old) {
                    ignore_absence(fs.unlink(lock))?;
                }
                Ok(None)
            }
            moved => moved.map(|()| Some(Held::by_name())),
        }
    },
    release: |fs, lock, _| {
        ignore_absence(fs.expire(lock))?;
        ignore_absence(fs.unlink(lock))
    },
};

/// A name that no other process uses.
fn own(fs: &dyn Fs, lock: &Path) -> PathBuf {
    lock.with_file_name(fs.process().to_string())
}
