//! The names of flags of system calls, for messages.
//!
//! The values are those of this architecture.

/// Names of bits, in the order in which they are shown.
pub type Names = &'static [(i32, &'static str)];

/// `O_*` but for the access mode; `O_SYNC` and `O_TMPFILE` contain other flags and come before them.
pub const OPEN: Names = &[
    (libc::O_CREAT, "O_CREAT"),
    (libc::O_EXCL, "O_EXCL"),
    (libc::O_TRUNC, "O_TRUNC"),
    (libc::O_APPEND, "O_APPEND"),
    (libc::O_TMPFILE, "O_TMPFILE"),
    (libc::O_DIRECTORY, "O_DIRECTORY"),
    (libc::O_NOFOLLOW, "O_NOFOLLOW"),
    (libc::O_PATH, "O_PATH"),
    (libc::O_NONBLOCK, "O_NONBLOCK"),
    (libc::O_NOCTTY, "O_NOCTTY"),
    (libc::O_SYNC, "O_SYNC"),
    (libc::O_DSYNC, "O_DSYNC"),
    (libc::O_DIRECT, "O_DIRECT"),
    (libc::O_NOATIME, "O_NOATIME"),
    (libc::O_CLOEXEC, "O_CLOEXEC"),
];

/// The kernel's `O_LARGEFILE`, which a 64-bit libc adds and defines as 0 (`fs/open.c`, `force_o_largefile`).
#[cfg(target_arch = "x86_64")]
pub const LARGE_FILE: i32 = 0o100_000;
/// The kernel's `O_LARGEFILE`, which a 64-bit libc adds and defines as 0 (`fs/open.c`, `force_o_largefile`).
#[cfg(not(target_arch = "x86_64"))]
pub const LARGE_FILE: i32 = 0o400_000;

/// `CLONE_UNTRACED`.
pub const UNTRACED: u64 = libc::CLONE_UNTRACED as u64;
/// All of `CLONE_NEW*`.
pub const NEW_NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;
/// The device `/dev/random`: `Documentation/admin-guide/devices.txt`.
pub const RANDOM_DEVICE: u64 = libc::makedev(1, 8);
/// The device `/dev/urandom`.
pub const URANDOM_DEVICE: u64 = libc::makedev(1, 9);

/// `O_ACCMODE`.
pub const ACCESS_MODE: i32 = libc::O_ACCMODE;
/// `O_CLOEXEC`.
pub const CLOSE_ON_EXEC: i32 = libc::O_CLOEXEC;
/// `O_CREAT`.
pub const CREATE: i32 = libc::O_CREAT;
/// `O_EXCL`.
pub const EXCLUSIVE: i32 = libc::O_EXCL;
/// `O_TRUNC`.
pub const TRUNCATE: i32 = libc::O_TRUNC;
/// `O_APPEND`.
pub const APPEND: i32 = libc::O_APPEND;

/// `AT_*`, of `linkat`, `unlinkat`, `newfstatat`.
pub const AT: Names = &[
    (libc::AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"),
    (libc::AT_REMOVEDIR, "AT_REMOVEDIR"),
    (libc::AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW"),
    (libc::AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT"),
    (libc::AT_EMPTY_PATH, "AT_EMPTY_PATH"),
];

/// `AT_FDCWD`: the working directory in place of a descriptor.
pub const WORKING_DIRECTORY: i32 = libc::AT_FDCWD;
/// `AT_EMPTY_PATH`: an empty path means the descriptor itself.
pub const EMPTY_PATH: i32 = libc::AT_EMPTY_PATH;
/// `AT_REMOVEDIR`.
pub const REMOVE_DIRECTORY: i32 = libc::AT_REMOVEDIR;

/// `AT_SYMLINK_NOFOLLOW`.
pub const SYMLINK_NO_FOLLOW: i32 = libc::AT_SYMLINK_NOFOLLOW;
/// `AT_SYMLINK_FOLLOW`.
pub const SYMLINK_FOLLOW: i32 = libc::AT_SYMLINK_FOLLOW;
/// `O_NOFOLLOW`.
pub const NO_FOLLOW: i32 = libc::O_NOFOLLOW;
/// `LOCK_NB`.
pub const WITHOUT_WAITING: i32 = libc::LOCK_NB;
/// `LOCK_EX`.
pub const ALONE: i32 = libc::LOCK_EX;
/// `LOCK_UN`.
pub const UNLOCK: i32 = libc::LOCK_UN;
/// `MAP_SHARED`.
pub const MAP_SHARED: i32 = libc::MAP_SHARED;
/// `PROT_WRITE`.
pub const MAY_WRITE: i32 = libc::PROT_WRITE;
/// The commands of `fcntl` that only query locks.
pub const ASKING: &[i32] = &[libc::F_GETLK, libc::F_OFD_GETLK];
/// The commands of `fcntl` that set or release locks.
pub const LOCKING: &[i32] = &[libc::F_SETLK, libc::F_SETLKW, libc::F_OFD_SETLK, libc::F_OFD_SETLKW];

/// The command of `fcntl` that does not wait, for one that waits.
pub fn impatient(command: i32) -> Option<i32> {
    match command {
        libc::F_SETLKW => Some(libc::F_SETLK),
        libc::F_OFD_SETLKW => Some(libc::F_OFD_SETLK),
        _ => None,
    }
}

/// `RENAME_*`.
pub const RENAME: Names = &[(1, "RENAME_NOREPLACE"), (2, "RENAME_EXCHANGE"), (4, "RENAME_WHITEOUT")];

/// `LOCK_*`.
pub const FLOCK: Names = &[
    (libc::LOCK_SH, "LOCK_SH"),
    (libc::LOCK_EX, "LOCK_EX"),
    (libc::LOCK_UN, "LOCK_UN"),
    (libc::LOCK_NB, "LOCK_NB"),
];

/// The commands of `fcntl` that are about locks; here each is a value and not a bit.
pub const LOCK_COMMANDS: Names = &[
    (libc::F_GETLK, "F_GETLK"),
    (libc::F_SETLK, "F_SETLK"),
    (libc::F_SETLKW, "F_SETLKW"),
    (libc::F_OFD_GETLK, "F_OFD_GETLK"),
    (libc::F_OFD_SETLK, "F_OFD_SETLK"),
    (libc::F_OFD_SETLKW, "F_OFD_SETLKW"),
];

/// The names of all bits that are set, and the rest as a number: `LOCK_EX|LOCK_NB`; `0` for none.
pub fn shown(bits: i32, names: Names) -> String {
    let mut left = bits;
    let mut shown: Vec<String> = Vec::new();
    for (bit, name) in names {
        if left & bit == *bit {
            left &= !bit;
            shown.push((*name).to_owned());
        }
    }
    if left != 0 || shown.is_empty() {
        shown.push(if left == 0 {
            "0".to_owned()
        } else {
            format!("{left:#x}")
        });
    }
    shown.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_shown_by_name_and_the_rest_as_a_number() {
        assert_eq!(shown(libc::LOCK_EX | libc::LOCK_NB, FLOCK), "LOCK_EX|LOCK_NB");
        assert_eq!(shown(libc::O_SYNC, OPEN), "O_SYNC");
        assert_eq!(shown(libc::O_TMPFILE, OPEN), "O_TMPFILE");
        assert_eq!(shown(0, AT), "0");
        assert_eq!(shown(libc::AT_REMOVEDIR | 0x40_0000, AT), "AT_REMOVEDIR|0x400000");
    }
}
