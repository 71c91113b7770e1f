//! Converts types of the model to those of the kernel, and back: error numbers, flags, modes, attributes.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno as KernelErrno;
use nix::fcntl::{FlockArg, OFlag};
use nix::sys::stat::{FileStat, Mode as KernelMode, SFlag};
use onewinner_core::fs::{AccessMode, Create, Errno, FileKind, Flock, Mode, OLD_S, OpenFlags, RecordLock, Stat};

/// An error number of the kernel.
pub fn errno(number: KernelErrno) -> Errno {
    Errno::from_raw(number as i32)
}

/// The flags of `open`, with `O_CLOEXEC`.
pub fn open_flags(flags: OpenFlags) -> OFlag {
    let mut kernel = match flags.access {
        AccessMode::Read => OFlag::O_RDONLY,
        AccessMode::Write => OFlag::O_WRONLY,
        AccessMode::ReadWrite => OFlag::O_RDWR,
    };
    kernel |= match flags.create {
        Create::Never => OFlag::empty(),
        Create::IfAbsent => OFlag::O_CREAT,
        Create::Exclusively => OFlag::O_CREAT | OFlag::O_EXCL,
    };
    kernel.set(OFlag::O_TRUNC, flags.truncate);
    kernel.set(OFlag::O_APPEND, flags.append);
    kernel | OFlag::O_CLOEXEC
}

/// Permission bits.
pub fn mode(mode: Mode) -> KernelMode {
    KernelMode::from_bits_truncate(u32::from(mode.0))
}

/// The operation of `flock`.
pub fn flock(operation: Flock) -> FlockArg {
    match operation {
        Flock::TryExclusive => FlockArg::LockExclusiveNonblock,
        Flock::Exclusive => FlockArg::LockExclusive,
        Flock::TryShared => FlockArg::LockSharedNonblock,
        Flock::Shared => FlockArg::LockShared,
        Flock::Unlock => FlockArg::Unlock,
    }
}

/// The argument of `F_SETLK` and `F_OFD_SETLK`, for the whole file.
pub fn record_lock(operation: RecordLock) -> libc::flock {
    let kind = match operation {
        RecordLock::TryExclusive => libc::F_WRLCK,
        RecordLock::TryShared => libc::F_RDLCK,
        RecordLock::Unlock => libc::F_UNLCK,
    };
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

/// The attributes that `stat` returns.
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        clippy::useless_conversion,
        reason = "link counts have 32 bits on other architectures"
    )
)]
pub fn stat(returned: FileStat) -> Stat {
    let size = returned.st_size.unsigned_abs();
    attributes(
        returned.st_mode,
        size,
        returned.st_nlink.into(),
        returned.st_ino,
        returned.st_mtime,
    )
}

/// The attributes of an inode, whatever structure the kernel returned. `changed` is its last change, in seconds since 1970.
///
/// Size and link count of a directory become 0 and 1, because file systems disagree on them.
pub fn attributes(mode: u32, size: u64, links: u64, inode: u64, changed: i64) -> Stat {
    let (kind, size, links) = match SFlag::from_bits_truncate(mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => (FileKind::File, size, links),
        SFlag::S_IFDIR => (FileKind::Directory, 0, 1),
        _ => (FileKind::Other, size, links),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    let old = kind == FileKind::File && now.saturating_sub(changed) > OLD_S.cast_signed();
    Stat::new(kind, size, links, inode, old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_numbers_are_those_of_the_kernel() {
        for &number in Errno::NAMED {
            assert_eq!(format!("{:?}", KernelErrno::from_raw(number.raw())), number.to_string());
        }
    }
}
