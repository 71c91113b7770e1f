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

/// The devices `/dev/kmsg`, with the messages of the kernel and their times, and `/dev/rtc`.
pub const KERNEL_LOG: u64 = libc::makedev(1, 11);
/// See [`KERNEL_LOG`].
pub const REAL_TIME_CLOCK: u64 = libc::makedev(10, 135);

/// The device `/dev/ptmx`, which makes a pair of terminals.
pub const TERMINAL_MASTER: u64 = libc::makedev(5, 2);

/// The limits of [getrlimit(2)](https://man7.org/linux/man-pages/man2/getrlimit.2.html) on what all processes of a user have
/// together.
pub const SHARED_LIMITS: &[i32] = &[
    libc::RLIMIT_NPROC as i32,
    libc::RLIMIT_SIGPENDING as i32,
    libc::RLIMIT_MSGQUEUE as i32,
];

/// `RLIMIT_CPU`: the kernel sends a signal after so much CPU time of its own.
pub const CPU_LIMIT: i32 = libc::RLIMIT_CPU as i32;

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

/// Whether an `fcntl` command is about locks of a description, not of a process.
pub fn of_a_description(command: i32) -> bool {
    [libc::F_OFD_GETLK, libc::F_OFD_SETLK, libc::F_OFD_SETLKW].contains(&command)
}

/// The commands of `fcntl` that make the kernel send signals: when a descriptor becomes ready, when a lease is broken, when a
/// directory changes.
pub const SIGNALLING: &[i32] = &[
    libc::F_SETFL, // Stops with `O_ASYNC` only.
    libc::F_SETOWN,
    F_SETSIG,
    F_SETOWN_EX,
    libc::F_SETLEASE,
    libc::F_NOTIFY,
];
/// `F_SETPIPE_SZ`.
pub const SET_PIPE_SIZE: i32 = libc::F_SETPIPE_SZ;
/// `F_SETOWN`.
pub const SET_OWNER: i32 = libc::F_SETOWN;
/// The commands of `fcntl` that name a lease, a directory notification, or a hint that stays with the inode.
pub const OF_THE_INODE: &[i32] = &[
    libc::F_SETLEASE,
    libc::F_GETLEASE,
    libc::F_NOTIFY,
    // F_GET_RW_HINT and F_SET_RW_HINT, `include/uapi/linux/fcntl.h`.
    1035,
    1036,
];
/// `F_SETSIG`, `include/uapi/asm-generic/fcntl.h`: the libc crate does not have it on every architecture.
pub const F_SETSIG: i32 = 10;
/// `F_SETOWN_EX`, in the same file.
pub const F_SETOWN_EX: i32 = 15;

/// `CLOSE_RANGE_CLOEXEC`: close_range(2) closes nothing yet.
pub const CLOSE_LATER: u64 = 4;
/// `O_NONBLOCK`.
pub const WITHOUT_BLOCKING: i32 = libc::O_NONBLOCK;
/// `O_RDWR`.
pub const BOTH: i32 = libc::O_RDWR;
/// `O_PATH`.
pub const NAMES_ONLY: i32 = libc::O_PATH;
/// `O_TMPFILE`.
pub const UNNAMED: i32 = libc::O_TMPFILE;
/// `PRIO_PROCESS`.
pub const OF_A_PROCESS: i32 = libc::PRIO_PROCESS as i32;
/// `EPOLL_CTL_DEL`.
pub const STOP_WATCHING: i32 = libc::EPOLL_CTL_DEL;
/// `EFAULT`.
pub const BAD_ADDRESS: i32 = libc::EFAULT;
/// `ENOTSOCK`.
pub const NO_SOCKET: i32 = libc::ENOTSOCK;
/// `EINPROGRESS`.
pub const IN_PROGRESS: i32 = libc::EINPROGRESS;
/// `MSG_DONTWAIT`.
pub const MESSAGE_WITHOUT_WAITING: i32 = libc::MSG_DONTWAIT;

/// Requests of ioctl(2): FICLONE, FICLONERANGE, `include/uapi/linux/fs.h`.
pub const CLONE_FILE: u64 = 0x4004_9409;
/// See [`CLONE_FILE`].
pub const CLONE_RANGE: u64 = 0x4020_940d;
/// Requests that only read the attributes of an inode: FS_IOC_GETFLAGS, FS_IOC_FSGETXATTR, FS_IOC_GETVERSION, FIGETBSZ.
pub const READS_ATTRIBUTES: &[u64] = &[0x8008_6601, 0x801c_581f, 0x8008_7601, 2];
/// `FIONREAD`: how much can be read.
pub const COUNTS_INPUT: u64 = 0x541b;

/// Requests of ioctl(2) on a socket that only ask: what is queued, who gets signals, and names, addresses, flags and sizes of
/// interfaces ([netdevice(7)](https://man7.org/linux/man-pages/man7/netdevice.7.html)). Contenders change none of them.
pub const ASKS_SOCKET: &[u32] = &[
    0x541b, 0x5411, // FIONREAD, SIOCOUTQ
    0x8903, 0x8904, 0x8905, // FIOGETOWN, SIOCGPGRP, SIOCATMARK
    0x8910, 0x8912, 0x8913, 0x8915, 0x8917, 0x8919, 0x891b, // SIOCGIFNAME to SIOCGIFNETMASK
    0x891d, 0x8921, 0x8927, 0x8933,
    0x8942, // SIOCGIFMETRIC, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFTXQLEN
];

/// The families and types of sockets that reach others by their address alone: `AF_UNIX`, `AF_INET`, `AF_INET6`; `SOCK_STREAM`,
/// `SOCK_DGRAM`, `SOCK_SEQPACKET`.
pub const USUAL_FAMILIES: &[i32] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];
/// See [`USUAL_FAMILIES`].
pub const USUAL_TYPES: &[i32] = &[libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_SEQPACKET];
/// The bits of the second argument of socket(2) that are no flags: `SOCK_TYPE_MASK` of `include/linux/net.h`.
pub const SOCKET_TYPE: u64 = 0xf;
/// `AF_NETLINK`.
pub const NETLINK: i32 = libc::AF_NETLINK;
/// `NETLINK_ROUTE`.
pub const NETLINK_ROUTE: i32 = libc::NETLINK_ROUTE;
/// Requests by netlink that only ask for addresses and routes: `RTM_GETADDR`, `RTM_GETROUTE`
/// ([rtnetlink(7)](https://man7.org/linux/man-pages/man7/rtnetlink.7.html)). `RTM_GETLINK` shows how much was sent.
pub const ASKS_NETLINK: &[u16] = &[libc::RTM_GETADDR, libc::RTM_GETROUTE];
/// `SOL_SOCKET` and `SCM_RIGHTS`: a message that carries descriptors.
pub const DESCRIPTORS_SENT: (i32, i32) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);

/// Whether setsockopt(2) with this level and option changes what the kernel does to other sockets: which ports are left
/// (`IP_LOCAL_PORT_RANGE`), tables of packet filters, labels of flows (`include/uapi/linux/in.h`, `in6.h`, `netfilter*`).
pub fn reaches_other_sockets(level: i32, option: i32) -> bool {
    match level {
        libc::IPPROTO_IP => option >= 51,
        libc::IPPROTO_IPV6 => [32, 64, 65].contains(&option),
        _ => false,
    }
}

/// `AF_UNSPEC`, `AF_UNIX`, `AF_INET`, `AF_INET6`.
pub const UNSPECIFIED: u16 = libc::AF_UNSPEC as u16;
/// See [`UNSPECIFIED`].
pub const UNIX: u16 = libc::AF_UNIX as u16;
/// See [`UNSPECIFIED`].
pub const INTERNET: u16 = libc::AF_INET as u16;
/// See [`UNSPECIFIED`].
pub const INTERNET_6: u16 = libc::AF_INET6 as u16;

/// `CLOCK_THREAD_CPUTIME_ID`.
pub const CPU_OF_THE_THREAD: u64 = libc::CLOCK_THREAD_CPUTIME_ID as u64;

/// Whether setsockopt(2) or getsockopt(2) with this level and option shows the time of packets on the clock of the kernel: the forms of
/// `SO_TIMESTAMP`, old and new, and `TCP_INFO`.
pub fn shows_real_time(level: i32, option: i32) -> bool {
    match level {
        libc::SOL_SOCKET => [29, 35, 37, 63, 64, 65].contains(&option),
        libc::IPPROTO_TCP => option == libc::TCP_INFO,
        _ => false,
    }
}

/// Whether setsockopt(2) with this level and option limits how long calls on a socket wait: `SO_RCVTIMEO`, `SO_SNDTIMEO`, in
/// their older and newer forms.
pub fn limits_waiting(level: i32, option: i32) -> bool {
    level == libc::SOL_SOCKET && [20, 21, 66, 67].contains(&option)
}

/// Options of prctl(2) that change nothing but the calling process, and that a fork does not copy.
pub const NOT_FORKED: [i32; 2] = [libc::PR_SET_PDEATHSIG, libc::PR_SET_CHILD_SUBREAPER];

/// `PR_SET_NAME` of prctl(2): others see the name in `/proc/PID/comm`.
pub const SET_NAME: i32 = libc::PR_SET_NAME;

/// The options of prctl(2) that change or show nothing but the calling process: `include/uapi/linux/prctl.h`.
pub const OWN_OPTIONS: &[i32] = &[
    libc::PR_GET_PDEATHSIG,
    libc::PR_GET_DUMPABLE,
    libc::PR_GET_KEEPCAPS,
    libc::PR_SET_KEEPCAPS,
    libc::PR_GET_NAME,
    libc::PR_CAPBSET_READ,
    libc::PR_CAPBSET_DROP,
    libc::PR_GET_SECUREBITS,
    libc::PR_SET_SECUREBITS,
    libc::PR_SET_TIMERSLACK,
    libc::PR_GET_TIMERSLACK,
    libc::PR_MCE_KILL_GET,
    libc::PR_GET_CHILD_SUBREAPER,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_GET_NO_NEW_PRIVS,
    libc::PR_GET_TID_ADDRESS,
    libc::PR_SET_THP_DISABLE,
    libc::PR_GET_THP_DISABLE,
    libc::PR_CAP_AMBIENT,
    // PR_GET_SPECULATION_CTRL, PR_SET_SPECULATION_CTRL; PR_SET_VMA names a mapping; PR_SET_PTRACER: it is traced already.
    52,
    53,
    0x5356_4d41,
    0x5961_6d61,
];
/// `PR_GET_TSC` and `PR_SET_TSC`, and their value `PR_TSC_ENABLE` (`include/uapi/linux/prctl.h`).
pub const GET_COUNTER_MODE: i32 = 25;
/// See [`GET_COUNTER_MODE`].
pub const SET_COUNTER_MODE: i32 = 26;
/// See [`GET_COUNTER_MODE`].
pub const COUNTER_ENABLED: i32 = 1;
/// `PR_SET_DUMPABLE`.
pub const SET_DUMPABLE: i32 = libc::PR_SET_DUMPABLE;

/// Whether an `fcntl` command sets, releases or queries locks.
pub fn is_about_locks(command: i32) -> bool {
    ASKING.contains(&command) || LOCKING.contains(&command)
}

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
