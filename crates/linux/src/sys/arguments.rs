//! Converts arguments of stopped calls to values of `Fs`: flags, operations, and structures in memory.
//!
//! Each function returns `None` for what no method of `Fs` does. Knows nothing of tracing.

use std::io;
use std::mem::offset_of;
use std::time::Duration;

use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::FileStat;

use super::trace::{Entry, Memory};
use super::waits::{RECORD_BYTES, record};
use crate::sys::convert::{self, attributes};
use onewinner_core::fs::{AccessMode, Create, Flock, OpenFlags, RecordLock, Stat};

/// The flags of `open`.
pub fn open_flags(bits: i32) -> Option<OpenFlags> {
    let creates = [Create::Never, Create::IfAbsent, Create::Exclusively];
    let accesses = [AccessMode::Read, AccessMode::Write, AccessMode::ReadWrite];
    let large = OFlag::O_LARGEFILE.bits();
    let mut all = accesses.iter().flat_map(|access| {
        creates.iter().flat_map(move |create| {
            [(false, false), (false, true), (true, false), (true, true)].map(|(truncate, append)| OpenFlags {
                access: *access,
                create: *create,
                truncate,
                append,
            })
        })
    });
    all.find(|flags| convert::open_flags(*flags).bits() | large == bits | large)
}

/// The operation of `flock`.
pub fn flock(bits: i32) -> Option<Flock> {
    Some(match bits {
        libc::LOCK_EX => Flock::Exclusive,
        libc::LOCK_SH => Flock::Shared,
        libc::LOCK_UN => Flock::Unlock,
        bits if bits == libc::LOCK_EX | libc::LOCK_NB => Flock::TryExclusive,
        bits if bits == libc::LOCK_SH | libc::LOCK_NB => Flock::TryShared,
        _ => return None,
    })
}

/// The owner of a record lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOwner {
    /// The process: `F_SETLK`.
    Process,
    /// The open file description: `F_OFD_SETLK`.
    Description,
}

/// The owner for a command of `fcntl` that sets a record lock without waiting.
pub fn record_owner(command: i32) -> Option<RecordOwner> {
    match command {
        libc::F_SETLK => Some(RecordOwner::Process),
        libc::F_OFD_SETLK => Some(RecordOwner::Description),
        _ => None,
    }
}

/// The operation of such an `fcntl`, if it is on the whole file.
pub fn record_lock(bytes: &[u8; RECORD_BYTES]) -> Option<RecordLock> {
    let asked = record(bytes);
    if (i32::from(asked.l_whence), asked.l_start, asked.l_len) != (libc::SEEK_SET, 0, 0) {
        return None;
    }
    match i32::from(asked.l_type) {
        libc::F_WRLCK => Some(RecordLock::TryExclusive),
        libc::F_RDLCK => Some(RecordLock::TryShared),
        libc::F_UNLCK => Some(RecordLock::Unlock),
        _ => None,
    }
}

/// Whether `newfstatat` reads the descriptor itself: C libraries implement `fstat` like this.
pub fn is_of_the_descriptor(bits: i32) -> bool {
    AtFlags::from_bits_retain(bits).contains(AtFlags::AT_EMPTY_PATH)
}

/// Whether `unlinkat` removes a directory.
pub fn is_of_a_directory(bits: i32) -> bool {
    bits & libc::AT_REMOVEDIR != 0
}

/// What `renameat2` does with an existing target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// It replaces the target.
    Anything,
    /// It fails: `RENAME_NOREPLACE`.
    Nothing,
}

/// The flags of `renameat2`.
pub fn replaces(bits: u32) -> Option<Replaces> {
    match bits {
        0 => Some(Replaces::Anything),
        libc::RENAME_NOREPLACE => Some(Replaces::Nothing),
        _ => None,
    }
}

/// The length of the two times that `utimensat` reads.
pub const TIMES_BYTES: usize = 2 * size_of::<libc::timespec>();

/// Whether these are the times that [`Fs::expire`](onewinner_core::fs::Fs::expire) sets.
pub fn is_long_ago(times: &[u8; TIMES_BYTES]) -> bool {
    times.iter().all(|byte| *byte == 0)
}

/// The length of the structure that `newfstatat` writes.
pub const STAT_BYTES: usize = size_of::<FileStat>();

/// The attributes that `newfstatat` has written.
pub fn stat_of(bytes: &[u8; STAT_BYTES]) -> Stat {
    let mode = number(bytes, offset_of!(FileStat, st_mode), 4) as u32;
    let links = offset_of!(FileStat, st_nlink);
    let links = number(bytes, links, if cfg!(target_arch = "x86_64") { 8 } else { 4 });
    let size = number(bytes, offset_of!(FileStat, st_size), 8);
    let inode = number(bytes, offset_of!(FileStat, st_ino), 8);
    let changed = number(bytes, offset_of!(FileStat, st_mtime), 8).cast_signed();
    attributes(mode, size, links, inode, changed)
}

/// The times of a file, since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileTimes {
    /// `st_atime`.
    pub accessed: Duration,
    /// `st_mtime`.
    pub modified: Duration,
    /// `st_ctime`.
    pub changed: Duration,
    /// `stx_btime`.
    pub born: Duration,
}

impl FileTimes {
    /// All of them are this one.
    pub fn all(time: Duration) -> Self {
        Self {
            accessed: time,
            modified: time,
            changed: time,
            born: time,
        }
    }
}

/// The numbers of the device and of the inode in what `newfstatat` has written, all of it.
pub fn stat_number(bytes: &[u8]) -> (u64, u64) {
    let word = |offset| number(bytes, offset, 8);
    (word(offset_of!(FileStat, st_dev)), word(offset_of!(FileStat, st_ino)))
}

/// Removes the numbers of the device and of the inode from what `newfstatat` has written.
pub fn hide_stat_number(bytes: &mut [u8; STAT_BYTES]) {
    for place in [offset_of!(FileStat, st_dev), offset_of!(FileStat, st_ino)] {
        bytes[place..][..8].fill(0);
    }
}

/// The length of the structure that `statx` writes.
pub const STATX_BYTES: usize = size_of::<libc::statx>();

/// The numbers of the device and of the inode in what `statx` has written, all of it.
pub fn statx_number(bytes: &[u8]) -> (u64, u64) {
    let half = |offset| number(bytes, offset, 4) as u32;
    let device = libc::makedev(
        half(offset_of!(libc::statx, stx_dev_major)),
        half(offset_of!(libc::statx, stx_dev_minor)),
    );
    (device, number(bytes, offset_of!(libc::statx, stx_ino), 8))
}

/// Removes the numbers of the device and of the inode from what `statx` has written.
pub fn hide_statx_number(bytes: &mut [u8; STATX_BYTES]) {
    bytes[offset_of!(libc::statx, stx_ino)..][..8].fill(0);
    for place in [
        offset_of!(libc::statx, stx_dev_major),
        offset_of!(libc::statx, stx_dev_minor),
    ] {
        bytes[place..][..4].fill(0);
    }
}

/// Where seconds and nanoseconds of the times are in `struct stat`: of the access, of the modification, of the change.
const STAT_TIMES: [[usize; 2]; 3] = [
    [offset_of!(FileStat, st_atime), offset_of!(FileStat, st_atime_nsec)],
    [offset_of!(FileStat, st_mtime), offset_of!(FileStat, st_mtime_nsec)],
    [offset_of!(FileStat, st_ctime), offset_of!(FileStat, st_ctime_nsec)],
];

/// The same in `struct statx`, and the time of the creation. Nanoseconds follow the seconds, in four bytes.
const STATX_TIMES: [usize; 4] = [
    offset_of!(libc::statx, stx_atime),
    offset_of!(libc::statx, stx_mtime),
    offset_of!(libc::statx, stx_ctime),
    offset_of!(libc::statx, stx_btime),
];

/// The structure that a call has written with the attributes of an inode.
#[derive(Clone, Debug)]
pub struct InodeReply {
    place: u64,
    bytes: Vec<u8>,
    /// Whether it is a `struct statx`.
    extended: bool,
    descriptor: Option<i32>,
}

/// What such a structure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InodeShown {
    /// The numbers of the device and of the inode.
    pub number: (u64, u64),
    /// Its times; what is not shown is 1970.
    pub times: FileTimes,
    /// Whether it is a file, a directory or a link: what a file system stores.
    pub is_stored: bool,
}

impl InodeReply {
    /// Reads what a call with this name has written; `None` if it writes no such structure.
    ///
    /// # Errors
    ///
    /// When the memory of the task cannot be read.
    pub fn of(memory: &Memory, entry: &Entry, name: &str) -> io::Result<Option<Self>> {
        let [first, second, third, fourth, fifth, _] = entry.arguments;
        let of_descriptor = |flags: u64| is_of_the_descriptor(flags as i32) && is_empty(memory, second);
        let (place, descriptor) = match name {
            "stat" | "lstat" => (second, None),
            "fstat" => (second, Some(first)),
            "newfstatat" => (third, of_descriptor(fourth).then_some(first)),
            "statx" => (fifth, of_descriptor(third).then_some(first)),
            _ => return Ok(None),
        };
        let extended = name == "statx";
        let mut bytes = vec![0; if extended { STATX_BYTES } else { STAT_BYTES }];
        memory.read(place, &mut bytes)?;
        Ok(Some(Self {
            place,
            bytes,
            extended,
            descriptor: descriptor.map(|fd| fd as i32),
        }))
    }

    /// The descriptor that was asked about, if not a path.
    pub fn descriptor(&self) -> Option<i32> {
        self.descriptor
    }

    /// What it shows.
    pub fn shown(&self) -> InodeShown {
        let bytes = &self.bytes;
        let time = |seconds: usize, rest: usize, length: usize| {
            // Before 1970 there is no time: it is old.
            let seconds = u64::try_from(number(bytes, seconds, 8).cast_signed()).unwrap_or(0);
            Duration::from_secs(seconds).saturating_add(Duration::from_nanos(number(bytes, rest, length)))
        };
        let times = if self.extended {
            STATX_TIMES.map(|place| time(place, place + 8, 4))
        } else {
            let [accessed, modified, changed] = STAT_TIMES.map(|[seconds, rest]| time(seconds, rest, 8));
            [accessed, modified, changed, Duration::ZERO]
        };
        let (inode, mode) = if self.extended {
            (statx_number(bytes), number(bytes, offset_of!(libc::statx, stx_mode), 2))
        } else {
            (stat_number(bytes), number(bytes, offset_of!(FileStat, st_mode), 4))
        };
        let stored = [libc::S_IFREG, libc::S_IFDIR, libc::S_IFLNK];
        let [accessed, modified, changed, born] = times;
        InodeShown {
            number: inode,
            times: FileTimes {
                accessed,
                modified,
                changed,
                born,
            },
            is_stored: stored.contains(&(mode as u32 & libc::S_IFMT)),
        }
    }

    /// Replaces the times.
    pub fn set_times(&mut self, times: &FileTimes) {
        let all = [times.accessed, times.modified, times.changed, times.born];
        if self.extended {
            for (time, place) in all.into_iter().zip(STATX_TIMES) {
                self.put(place, &time.as_secs().to_le_bytes());
                self.put(place + 8, &time.subsec_nanos().to_le_bytes());
            }
        } else {
            for (time, [seconds, rest]) in all.into_iter().zip(STAT_TIMES) {
                self.put(seconds, &time.as_secs().to_le_bytes());
                self.put(rest, &u64::from(time.subsec_nanos()).to_le_bytes());
            }
        }
    }

    /// Replaces the number of links.
    pub fn set_links(&mut self, links: u32) {
        if self.extended {
            self.put(offset_of!(libc::statx, stx_nlink), &links.to_ne_bytes());
        } else {
            // A word on some processors, and half of one on others.
            let links = libc::nlink_t::from(links);
            self.put(offset_of!(FileStat, st_nlink), &links.to_ne_bytes());
        }
    }

    fn put(&mut self, place: usize, value: &[u8]) {
        self.bytes[place..][..value.len()].copy_from_slice(value);
    }

    /// Writes it back.
    ///
    /// # Errors
    ///
    /// When the memory of the task cannot be written.
    pub fn write(&self, memory: &Memory) -> io::Result<()> {
        memory.write(self.place, &self.bytes)
    }
}

/// Whether there is an empty path, or none.
fn is_empty(memory: &Memory, place: u64) -> bool {
    place == 0 || memory.string(place, 1).is_ok_and(|path| path.is_empty())
}

/// A number of a structure. Both architectures put the low byte first.
fn number(bytes: &[u8], offset: usize, length: usize) -> u64 {
    let mut word = [0; 8];
    word[..length].copy_from_slice(&bytes[offset..][..length]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::trace::NO_CALL;

    #[test]
    fn flags_and_operations_are_read_as_they_are_written() {
        for flags in [
            OpenFlags::READ,
            OpenFlags::OVERWRITE,
            OpenFlags::CREATE_NEW,
            OpenFlags::APPEND,
        ] {
            assert_eq!(open_flags(convert::open_flags(flags).bits()), Some(flags));
        }
        assert_eq!(open_flags(libc::O_RDONLY | libc::O_DIRECTORY), None);
        assert_eq!(flock(libc::LOCK_EX | libc::LOCK_NB), Some(Flock::TryExclusive));
        assert_eq!(record_owner(libc::F_SETLKW), None);
        assert_eq!(record_owner(libc::F_OFD_SETLK), Some(RecordOwner::Description));
        assert_eq!(replaces(libc::RENAME_EXCHANGE), None);
        assert_eq!(replaces(libc::RENAME_NOREPLACE), Some(Replaces::Nothing));
    }

    #[test]
    fn times_are_replaced_where_the_kernel_has_written_them() {
        let time = |seconds| Duration::new(seconds, 5);
        let times = FileTimes {
            accessed: time(1),
            modified: time(2),
            changed: time(3),
            born: time(4),
        };
        let memory = Memory::of(std::process::id().cast_signed()).unwrap();
        for (name, length, at, born) in [
            ("stat", STAT_BYTES, 1, Duration::ZERO),
            ("newfstatat", STAT_BYTES, 2, Duration::ZERO),
            ("statx", STATX_BYTES, 4, time(4)),
        ] {
            let bytes = vec![0u8; length];
            let mut entry = NO_CALL;
            entry.arguments[at] = bytes.as_ptr() as u64;
            let mut reply = InodeReply::of(&memory, &entry, name).unwrap().unwrap();
            reply.set_times(&times);
            reply.write(&memory).unwrap();
            let again = InodeReply::of(&memory, &entry, name).unwrap().unwrap();
            assert_eq!(again.shown().times, FileTimes { born, ..times }, "{name}");
        }
    }

    #[test]
    fn a_record_lock_on_a_part_of_a_file_is_not_one_of_fs() {
        let mut bytes = [0; RECORD_BYTES];
        bytes[offset_of!(libc::flock, l_type)] = libc::F_WRLCK as u8;
        assert_eq!(record_lock(&bytes), Some(RecordLock::TryExclusive));
        for part in [offset_of!(libc::flock, l_start), offset_of!(libc::flock, l_len)] {
            let mut bytes = bytes;
            bytes[part] = 1;
            assert_eq!(record_lock(&bytes), None);
        }
        let whence = offset_of!(libc::flock, l_whence);
        bytes[whence] = libc::SEEK_END as u8;
        assert_eq!(record_lock(&bytes), None);
    }
}
