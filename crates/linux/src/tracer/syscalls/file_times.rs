//! The times of watched files, on the virtual clock: what `stat` returns of them agrees with what programs read of the clock.
//!
//! The kernel writes the times of the real clock into its inodes. They are replaced in each reply. A stale lock needs no old
//! file: all files that exist when an execution begins are as old as the run, and the clock begins later. Access times are
//! those of the creation, as on a file system that is mounted with `noatime`. Decides nothing about steps.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::at_call::AtCall;
use super::decode::Decoded;
use super::footprint::Touched;
use super::virtual_time::Time;
use super::watched_tree::WatchedTree;
use crate::sys::arguments::{self, FileTimes, STAT_BYTES, STATX_BYTES};
use crate::sys::syscalls::SyscallClass;
use onewinner_core::access::{AccessKind, InodeId, Object};

/// `UTIME_NOW` and `UTIME_OMIT` of utimensat(2).
const NOW: i64 = 0x3fff_ffff;
/// See [`NOW`].
const OMIT: i64 = 0x3fff_fffe;

/// The times of inodes that have changed since the execution began, as times of day.
#[derive(Default)]
pub(crate) struct Times(BTreeMap<InodeId, FileTimes>);

/// What a call changes of an inode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Its content: modification and change time.
    Content,
    /// Its attributes: the change time.
    Attributes,
}

impl Times {
    /// A new execution begins.
    pub(crate) fn begin(&mut self) {
        self.0.clear();
    }

    fn of(&mut self, id: InodeId, time: &Time) -> &mut FileTimes {
        self.0.entry(id).or_insert_with(|| FileTimes::all(time.oldest()))
    }

    /// A call of a task has succeeded, and new inodes are known.
    ///
    /// # Errors
    ///
    /// When the memory of the task cannot be read or written.
    pub(crate) fn after(
        &mut self,
        at: &AtCall<'_>,
        decoded: &Decoded,
        touched: &Touched,
        tree: &WatchedTree,
        time: &Time,
    ) -> io::Result<()> {
        let now = time.of_day(time.reached(at.process));
        let class = decoded.system.class;
        for path in &touched.makes {
            let number = fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
            let Some(id) = number.ok().and_then(|number| tree.identity_of(number)) else {
                continue;
            };
            match class {
                SyscallClass::Open | SyscallClass::Make => *self.of(id, time) = FileTimes::all(now),
                // It came from elsewhere, or has another name now.
                _ if id.creator.is_some() => self.0.entry(id).or_insert(FileTimes::all(now)).changed = now,
                _ => self.of(id, time).changed = now,
            }
        }
        for access in touched.watched.iter().flatten() {
            let stores = access.kind == AccessKind::Store;
            let (id, change) = match access.object {
                Object::Entry(directory, _) if stores => (directory, Change::Content),
                Object::Attributes(id) | Object::Links(id) if stores => (id, Change::Attributes),
                Object::Times(id) if stores && class == SyscallClass::Attributes => (id, Change::Attributes),
                // A file that is made empty again has a new time too.
                Object::Times(id) if stores => (id, Change::Content),
                Object::Content(id) if stores || class == SyscallClass::Open && truncates(at, decoded) => {
                    (id, Change::Content)
                }
                _ => continue,
            };
            let times = self.of(id, time);
            times.changed = now;
            if change == Change::Content {
                times.modified = now;
            }
            if class == SyscallClass::Attributes
                && let Some([accessed, modified]) = given(at, decoded.system.name)?
            {
                set(&mut times.accessed, accessed, now);
                set(&mut times.modified, modified, now);
            }
        }
        if matches!(class, SyscallClass::Stat | SyscallClass::Lstat) {
            self.replace(at, decoded.system.name, tree, time)?;
        }
        Ok(())
    }

    /// Replaces the times in the reply of a call that returns attributes of a watched file.
    fn replace(&mut self, at: &AtCall<'_>, name: &str, tree: &WatchedTree, time: &Time) -> io::Result<()> {
        let place = match name {
            "stat" | "lstat" | "fstat" => at.entry.arguments[1],
            "newfstatat" => at.entry.arguments[2],
            "statx" => {
                let place = at.entry.arguments[4];
                let mut bytes = [0; STATX_BYTES];
                at.memory.read(place, &mut bytes)?;
                if let Some(id) = tree.identity_of(arguments::statx_number(&bytes)) {
                    arguments::set_statx_times(&mut bytes, self.of(id, time));
                    at.memory.write(place, &bytes)?;
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let mut bytes = [0; STAT_BYTES];
        at.memory.read(place, &mut bytes)?;
        if let Some(id) = tree.identity_of(arguments::stat_number(&bytes)) {
            arguments::set_stat_times(&mut bytes, self.of(id, time));
            at.memory.write(place, &bytes)?;
        }
        Ok(())
    }
}

fn truncates(at: &AtCall<'_>, decoded: &Decoded) -> bool {
    let flags = match decoded.system.name {
        "open" => at.entry.arguments[1],
        "openat" => at.entry.arguments[2],
        "creat" => return true,
        _ => return false,
    };
    flags as i32 & crate::sys::bits::TRUNCATE != 0
}

/// A time that a program gives to a file.
enum Given {
    Time(Duration),
    Now,
    Unchanged,
}

fn set(time: &mut Duration, given: Given, now: Duration) {
    match given {
        Given::Time(given) => *time = given,
        Given::Now => *time = now,
        Given::Unchanged => {}
    }
}

/// The access and modification time that a call sets; `None` if it sets none.
fn given(at: &AtCall<'_>, name: &str) -> io::Result<Option<[Given; 2]>> {
    let (place, unit_ns) = match name {
        "utimensat" => (at.entry.arguments[2], 1),
        "utimes" => (at.entry.arguments[1], 1_000),
        "futimesat" => (at.entry.arguments[2], 1_000),
        "utime" => (at.entry.arguments[1], 0),
        _ => return Ok(None),
    };
    if place == 0 {
        return Ok(Some([Given::Now, Given::Now]));
    }
    let mut bytes = [0; 32];
    // `struct utimbuf` has seconds only.
    let length = if unit_ns == 0 { 16 } else { 32 };
    at.memory.read(place, &mut bytes[..length])?;
    let word = |at: usize| i64::from_ne_bytes(std::array::from_fn(|byte| bytes[8 * at + byte]));
    let time = |seconds: i64, rest: i64| {
        let rest = u64::try_from(rest).unwrap_or(0).saturating_mul(unit_ns);
        // What lies before 1970 is old as well.
        Given::Time(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).saturating_add(Duration::from_nanos(rest)))
    };
    let pair = |first: usize| match word(first + 1) {
        NOW if unit_ns == 1 => Given::Now,
        OMIT if unit_ns == 1 => Given::Unchanged,
        rest => time(word(first), rest),
    };
    Ok(Some(if unit_ns == 0 {
        [time(word(0), 0), time(word(1), 0)]
    } else {
        [pair(0), pair(2)]
    }))
}
