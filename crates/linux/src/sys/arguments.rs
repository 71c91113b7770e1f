//! Converts arguments of stopped calls to values of `Fs`: flags, operations, and structures in memory.
//!
//! Each function returns `None` for what no method of `Fs` does. Knows nothing of tracing.

use std::mem::offset_of;
use std::time::Duration;

use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::FileStat;

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

/// The numbers of the device and of the inode in what `newfstatat` has written.
pub fn stat_number(bytes: &[u8; STAT_BYTES]) -> (u64, u64) {
    let word = |offset| number(bytes, offset, 8);
    (word(offset_of!(FileStat, st_dev)), word(offset_of!(FileStat, st_ino)))
}

/// Removes the numbers of the device and of the inode from what `newfstatat` has written.
pub fn hide_stat_number(bytes: &mut [u8; STAT_BYTES]) {
    for place in [offset_of!(FileStat, st_dev), offset_of!(FileStat, st_ino)] {
        bytes[place..][..8].fill(0);
    }
}

/// Replaces the times in what `newfstatat` has written.
pub fn set_stat_times(bytes: &mut [u8; STAT_BYTES], times: &FileTimes) {
    for (time, seconds, rest) in [
        (
            times.accessed,
            offset_of!(FileStat, st_atime),
            offset_of!(FileStat, st_atime_nsec),
        ),
        (
            times.modified,
            offset_of!(FileStat, st_mtime),
            offset_of!(FileStat, st_mtime_nsec),
        ),
        (
            times.changed,
            offset_of!(FileStat, st_ctime),
            offset_of!(FileStat, st_ctime_nsec),
        ),
    ] {
        bytes[seconds..][..8].copy_from_slice(&time.as_secs().to_le_bytes());
        bytes[rest..][..8].copy_from_slice(&u64::from(time.subsec_nanos()).to_le_bytes());
    }
}

/// The length of the structure that `statx` writes.
pub const STATX_BYTES: usize = size_of::<libc::statx>();

/// The numbers of the device and of the inode in what `statx` has written.
pub fn statx_number(bytes: &[u8; STATX_BYTES]) -> (u64, u64) {
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

/// Replaces the times in what `statx` has written.
pub fn set_statx_times(bytes: &mut [u8; STATX_BYTES], times: &FileTimes) {
    for (time, offset) in [
        (times.accessed, offset_of!(libc::statx, stx_atime)),
        (times.modified, offset_of!(libc::statx, stx_mtime)),
        (times.changed, offset_of!(libc::statx, stx_ctime)),
        (times.born, offset_of!(libc::statx, stx_btime)),
    ] {
        bytes[offset..][..8].copy_from_slice(&time.as_secs().to_le_bytes());
        bytes[offset + 8..][..4].copy_from_slice(&time.subsec_nanos().to_le_bytes());
    }
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
        let mut stat = [0; STAT_BYTES];
        set_stat_times(&mut stat, &times);
        let second = |bytes: &[u8], offset: usize| number(bytes, offset, 8);
        assert_eq!(second(&stat, offset_of!(FileStat, st_mtime)), 2);
        assert_eq!(second(&stat, offset_of!(FileStat, st_ctime_nsec)), 5);
        let mut statx = [0; STATX_BYTES];
        set_statx_times(&mut statx, &times);
        assert_eq!(second(&statx, offset_of!(libc::statx, stx_btime)), 4);
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
