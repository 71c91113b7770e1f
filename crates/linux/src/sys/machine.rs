//! Facts about this machine: kernel, limits, and the file system under a directory.

use std::io;
use std::path::Path;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use nix::sys::statfs::{FsType, statfs};
use nix::sys::utsname::uname;

/// The kernel's name, release and architecture: `Linux 6.18.0 x86_64`.
pub fn kernel() -> String {
    let Ok(name) = uname() else {
        return "unknown".to_owned();
    };
    let part = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    [name.sysname(), name.release(), name.machine()].map(part).join(" ")
}

/// The number of processes that this user may have; `None` for no limit.
///
/// # Errors
///
/// When the kernel refuses.
pub fn process_limit() -> io::Result<Option<u64>> {
    let (soft, _) = getrlimit(Resource::RLIMIT_NPROC)?;
    Ok((soft != RLIM_INFINITY).then_some(soft))
}

/// The file system under a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// The name of its type, or its number if the name is not known here.
    pub kind: String,
    /// The bytes that this user may still write.
    pub free_bytes: u64,
}

/// Looks at the file system under a directory: [statfs(2)](https://man7.org/linux/man-pages/man2/statfs.2.html).
///
/// # Errors
///
/// When the directory does not exist or cannot be reached.
pub fn file_system(directory: &Path) -> io::Result<FileSystem> {
    let statistics = statfs(directory)?;
    Ok(FileSystem {
        kind: kind(statistics.filesystem_type()),
        free_bytes: statistics
            .blocks_available()
            .saturating_mul(statistics.block_size().unsigned_abs()),
    })
}

/// The numbers are those of `include/uapi/linux/magic.h` and, for xfs and bcachefs, of their own headers.
fn kind(number: FsType) -> String {
    let name = match number.0 {
        0xef53 => "ext2/ext3/ext4",
        0x0102_1994 => "tmpfs",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x794c_7630 => "overlayfs",
        0x6969 => "nfs",
        0x6573_5546 => "fuse",
        0x0102_1997 => "9p",
        0xff53_4d42 | 0xfe53_4d42 => "smb",
        0x2fc1_2fc1 => "zfs",
        0xca45_1a4e => "bcachefs",
        0x8584_58f6 => "ramfs",
        0x4d44 => "vfat",
        0x00c3_6400 => "ceph",
        0x2011_bab0 => "exfat",
        0xf2f5_2010 => "f2fs",
        other => return format!("type {other:#x}"),
    };
    name.to_owned()
}
