//! Locks that are made of the calls of `Fs` that the zoo does not make, and the fact that the kernel answers each of them as the
//! model does. They claim nothing.

use std::path::{Path, PathBuf};

use onewinner::explore::Strategy;
use onewinner::fs::call::Value;
use onewinner::fs::inject::Injection;
use onewinner::fs::{AccessMode, Create, Errno, Fd, Fs, Mode, OpenFlags, ProcessId, RecordLock};
use onewinner::history::{Event, Execution, What};
use onewinner::primitive::{CrashClass, Held};
use onewinner::scenario::{Kill, Scenario, Start};

use super::locks::{Zoo, close_then_unlink, descriptor, ignore_absence};
use super::{Tried, check, events, explored, simulated};

/// All of them.
pub(crate) const ALL: [&Zoo; 4] = [&LINKED, &RECORDED, &OFD, &MOVED];

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
        let prepared = prepared(fs, lock);
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

fn prepared(fs: &dyn Fs, lock: &Path) -> PathBuf {
    lock.with_file_name(fs.process().to_string())
}

/// Whether some call of these executions is answered so; `call` as [`Call::name`](onewinner::fs::call::Call::name) says it.
fn answers(executions: &[Execution], call: &str, errno: Option<Errno>) -> bool {
    let events = executions.iter().flat_map(|each| &each.history.events);
    let mut performed = events.filter_map(|event| match &event.what {
        What::Performed { call, reply, .. } => Some((call.name(), reply.as_ref().err().copied())),
        _ => None,
    });
    performed.any(|(name, answer)| (name, answer) == (call, errno))
}

pub(crate) fn links_record_locks_expiry_and_liveness_are_answered_as_in_the_simulated_world() -> Tried {
    let strategy = Strategy::Random { seed: 11 };
    let mut seen = Vec::new();
    for lock in ALL {
        let stale = |age_s| Scenario {
            start: Start::Stale { age_s },
            ..Scenario::cycle(2, 1)
        };
        for scenario in [Scenario::contend(4), Scenario::cycle(3, 2), stale(60), stale(3600)] {
            let (_, real) = explored(lock, &scenario, &strategy, 40)?;
            let model = simulated(lock, &scenario, &strategy, 40);
            assert_eq!(real.len(), 40);
            assert_eq!(events(&real), events(&model), "{}, {scenario}", lock.name);
            seen.extend(real);
        }
        check(lock, &Scenario::cycle(2, 1))?;
        for step in 0..6 {
            let victim = ProcessId(step % 2);
            let kills = vec![Kill {
                victim,
                step: u32::from(step),
            }];
            let scenario = Scenario {
                kills,
                ..Scenario::cycle(2, 1)
            };
            check(lock, &scenario)?;
            let (call, errno) = (u32::from(step), Errno::EIO);
            check(lock, &Scenario::fault(Injection { call, errno }))?;
        }
    }
    for (call, errno) in [
        ("symlink", Some(Errno::EEXIST)),
        ("readlink", None),
        ("kill", None),
        ("kill", Some(Errno::ESRCH)),
        ("fcntl", None),
        ("fcntl", Some(Errno::EAGAIN)),
        ("renameat2", None),
        ("renameat2", Some(Errno::EEXIST)),
        ("utimensat", None),
    ] {
        assert!(answers(&seen, call, errno), "no {call} answers {errno:?}");
    }
    let old = |event: &Event| matches!(&event.what, What::Performed { reply: Ok(Value::Stat(stat)), .. } if stat.old);
    assert!(
        seen.iter().flat_map(|each| &each.history.events).any(old),
        "nothing is old"
    );
    Ok(())
}
