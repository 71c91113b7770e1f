//! The system calls that stop a traced program and are understood: number, name, arguments, and what each does.
//!
//! `filter.rs` lists the calls that pass. A call that is in neither list stops the program too, and only its number is known.
//! Numbers are those of this architecture: a program with another calling convention is not followed. Knows nothing of locks,
//! nor which objects a call touches.

/// A call that stops the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemCall {
    /// Its number.
    pub number: u64,
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub class: SyscallClass,
    /// Its arguments; those that are not listed do not matter.
    pub arguments: &'static [Argument],
}

/// What a call does to the objects that its arguments name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallClass {
    /// Opens a file, and perhaps creates it.
    Open,
    /// Returns the attributes of a file.
    Stat,
    /// Returns the attributes of a name, without following a symbolic link.
    Lstat,
    /// Only looks names up, following symbolic links.
    LookUp,
    /// Only looks names up, without following a symbolic link.
    ReadLink,
    /// Reads content.
    Read,
    /// Writes content.
    Write,
    /// Reads one content and writes another.
    Copy,
    /// Changes the size.
    Truncate,
    /// Returns the size, or the position of data.
    Seek,
    /// Lists a directory.
    List,
    /// Makes a hard link.
    Link,
    /// Moves a name.
    Rename,
    /// Removes a name; with `AT_REMOVEDIR` that of a directory.
    Unlink,
    /// Removes a directory.
    RemoveDirectory,
    /// Creates a directory, a symbolic link, a pipe, or another special file.
    Make,
    /// Changes mode, owner, times or extended attributes.
    Attributes,
    /// Waits for the disk.
    Sync,
    /// Acquires or releases the lock of a description.
    Flock,
    /// Acquires, releases or queries a record lock.
    Fcntl,
    /// Closes descriptors.
    Close,
    /// Sends a signal, or checks whether a process exists.
    Kill,
    /// Reads or changes how a process is run.
    Ask,
    /// Makes, arms or reads a timer.
    Timer,
    /// Maps a file into memory.
    Map,
    /// Uses a socket.
    Socket,
    /// Waits for descriptors later: which ones.
    Watch,
    /// Returns the working directory.
    WorkingDirectory,
    /// Changes what the process shows of itself: its group, session, user, priority, limits.
    Itself,
    /// Changes other properties of the process, or makes something that may reach others.
    Control,
    /// Returns figures of the machine or of the process, or makes something of its own that the kernel gives a time.
    Machine,
    /// Starts a process or a thread.
    Spawn,
    /// Executes a program.
    Execute,
    /// Sleeps for a time, or waits for something with a time limit.
    Sleep,
    /// Ends the process, or a thread.
    Exit,
    /// Anything else, which is not supported on watched objects.
    Other,
    /// Reaches other contenders in a way that is not controlled.
    Uncontrolled,
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The descriptor of a directory to which the next path is relative; `AT_FDCWD` is the working directory.
    Directory,
    /// A path.
    Path,
    /// The target of a symbolic link, which is not looked up.
    Text,
    /// A descriptor that is queried or read.
    Descriptor,
    /// A descriptor that is written.
    Sink,
    /// An `int`.
    Number,
    /// A length or a place in a file: a `size_t` or an `off_t`.
    Length,
    /// Bits without names.
    Bits,
    /// `O_*`.
    OpenFlags,
    /// `struct open_how` of `openat2`.
    OpenHow,
    /// Permission bits.
    Mode,
    /// `AT_*`.
    AtFlags,
    /// `RENAME_*`.
    RenameFlags,
    /// Bytes; the next argument is their number.
    Bytes,
    /// `struct iovec`; the next argument is their number.
    Vectors,
    /// `LOCK_*`.
    FlockOperation,
    /// `F_*`.
    LockCommand,
    /// `struct flock`.
    RecordLock,
    /// A process or thread.
    Process,
    /// A signal.
    Signal,
    /// `struct sockaddr`; the next argument is its length.
    Address,
    /// `struct msghdr`, or several of `struct mmsghdr`: the address of the first one.
    Message,
    /// An address to which the kernel writes, or something that does not matter.
    Hidden,
}

use Argument::{
    Address, AtFlags, Bits, Bytes, Descriptor, Directory, FlockOperation, Hidden, Length, LockCommand, Message, Mode,
    Number, OpenFlags, OpenHow, Path, Process, RecordLock, RenameFlags, Signal, Sink, Text, Vectors,
};

const fn call(
    number: libc::c_long,
    name: &'static str,
    class: SyscallClass,
    arguments: &'static [Argument],
) -> SystemCall {
    let number = number as u64;
    SystemCall {
        number,
        name,
        class,
        arguments,
    }
}

/// The calls that stop a program, on every architecture.
#[rustfmt::skip] // One line for each call.
const STOPPED: &[SystemCall] = &[
    call(libc::SYS_openat, "openat", SyscallClass::Open, &[Directory, Path, OpenFlags, Mode]),
    call(libc::SYS_openat2, "openat2", SyscallClass::Open, &[Directory, Path, OpenHow]),
    call(libc::SYS_newfstatat, "newfstatat", SyscallClass::Stat, &[Directory, Path, Hidden, AtFlags]),
    call(libc::SYS_statx, "statx", SyscallClass::Stat, &[Directory, Path, AtFlags]),
    call(libc::SYS_fstat, "fstat", SyscallClass::Stat, &[Descriptor]),
    call(libc::SYS_getxattr, "getxattr", SyscallClass::Stat, &[Path, Text]),
    call(libc::SYS_lgetxattr, "lgetxattr", SyscallClass::Lstat, &[Path, Text]),
    call(libc::SYS_fgetxattr, "fgetxattr", SyscallClass::Stat, &[Descriptor, Text]),
    call(libc::SYS_listxattr, "listxattr", SyscallClass::Stat, &[Path]),
    call(libc::SYS_llistxattr, "llistxattr", SyscallClass::Lstat, &[Path]),
    call(libc::SYS_flistxattr, "flistxattr", SyscallClass::Stat, &[Descriptor]),
    call(libc::SYS_faccessat, "faccessat", SyscallClass::LookUp, &[Directory, Path, Number]),
    call(libc::SYS_faccessat2, "faccessat2", SyscallClass::LookUp, &[Directory, Path, Number, AtFlags]),
    call(libc::SYS_statfs, "statfs", SyscallClass::LookUp, &[Path]),
    call(libc::SYS_fstatfs, "fstatfs", SyscallClass::LookUp, &[Descriptor]),
    call(libc::SYS_getcwd, "getcwd", SyscallClass::WorkingDirectory, &[]),
    call(libc::SYS_chdir, "chdir", SyscallClass::LookUp, &[Path]),
    call(libc::SYS_readlinkat, "readlinkat", SyscallClass::ReadLink, &[Directory, Path]),
    call(libc::SYS_read, "read", SyscallClass::Read, &[Descriptor, Hidden, Length]),
    call(libc::SYS_pread64, "pread64", SyscallClass::Read, &[Descriptor, Hidden, Length, Length]),
    call(libc::SYS_readv, "readv", SyscallClass::Read, &[Descriptor, Hidden, Number]),
    call(libc::SYS_preadv, "preadv", SyscallClass::Read, &[Descriptor, Hidden, Number, Length]),
    call(libc::SYS_preadv2, "preadv2", SyscallClass::Read, &[Descriptor, Hidden, Number, Length]),
    call(libc::SYS_write, "write", SyscallClass::Write, &[Sink, Bytes, Length]),
    call(libc::SYS_pwrite64, "pwrite64", SyscallClass::Write, &[Sink, Bytes, Length, Length]),
    call(libc::SYS_writev, "writev", SyscallClass::Write, &[Sink, Vectors, Number]),
    call(libc::SYS_pwritev, "pwritev", SyscallClass::Write, &[Sink, Vectors, Number, Length]),
    call(libc::SYS_pwritev2, "pwritev2", SyscallClass::Write, &[Sink, Vectors, Number, Length]),
    call(libc::SYS_sendfile, "sendfile", SyscallClass::Copy, &[Sink, Descriptor, Hidden, Length]),
    call(libc::SYS_copy_file_range, "copy_file_range", SyscallClass::Copy, &[Descriptor, Hidden, Sink, Hidden, Length]),
    call(libc::SYS_splice, "splice", SyscallClass::Copy, &[Descriptor, Hidden, Sink, Hidden, Length]),
    call(libc::SYS_truncate, "truncate", SyscallClass::Truncate, &[Path, Length]),
    call(libc::SYS_ftruncate, "ftruncate", SyscallClass::Truncate, &[Sink, Length]),
    call(libc::SYS_fallocate, "fallocate", SyscallClass::Truncate, &[Sink, Bits, Length, Length]),
    call(libc::SYS_lseek, "lseek", SyscallClass::Seek, &[Descriptor, Length, Number]),
    call(libc::SYS_getdents64, "getdents64", SyscallClass::List, &[Descriptor]),
    call(libc::SYS_linkat, "linkat", SyscallClass::Link, &[Directory, Path, Directory, Path, AtFlags]),
    call(libc::SYS_renameat2, "renameat2", SyscallClass::Rename, &[Directory, Path, Directory, Path, RenameFlags]),
    call(libc::SYS_unlinkat, "unlinkat", SyscallClass::Unlink, &[Directory, Path, AtFlags]),
    call(libc::SYS_mkdirat, "mkdirat", SyscallClass::Make, &[Directory, Path, Mode]),
    call(libc::SYS_mknodat, "mknodat", SyscallClass::Make, &[Directory, Path, Mode]),
    call(libc::SYS_symlinkat, "symlinkat", SyscallClass::Make, &[Text, Directory, Path]),
    call(libc::SYS_fchmod, "fchmod", SyscallClass::Attributes, &[Sink, Mode]),
    call(libc::SYS_fchmodat, "fchmodat", SyscallClass::Attributes, &[Directory, Path, Mode]),
    call(FCHMODAT2, "fchmodat2", SyscallClass::Attributes, &[Directory, Path, Mode, AtFlags]),
    call(libc::SYS_fchown, "fchown", SyscallClass::Attributes, &[Sink, Number, Number]),
    call(libc::SYS_fchownat, "fchownat", SyscallClass::Attributes, &[Directory, Path, Number, Number, AtFlags]),
    call(libc::SYS_utimensat, "utimensat", SyscallClass::Attributes, &[Directory, Path, Hidden, AtFlags]),
    call(libc::SYS_setxattr, "setxattr", SyscallClass::Attributes, &[Path, Text]),
    call(libc::SYS_fsetxattr, "fsetxattr", SyscallClass::Attributes, &[Sink, Text]),
    call(libc::SYS_lsetxattr, "lsetxattr", SyscallClass::Attributes, &[Path, Text]),
    call(libc::SYS_removexattr, "removexattr", SyscallClass::Attributes, &[Path, Text]),
    call(libc::SYS_lremovexattr, "lremovexattr", SyscallClass::Attributes, &[Path, Text]),
    call(libc::SYS_fremovexattr, "fremovexattr", SyscallClass::Attributes, &[Sink, Text]),
    call(libc::SYS_fsync, "fsync", SyscallClass::Sync, &[Descriptor]),
    call(libc::SYS_fdatasync, "fdatasync", SyscallClass::Sync, &[Descriptor]),
    call(libc::SYS_flock, "flock", SyscallClass::Flock, &[Descriptor, FlockOperation]),
    call(libc::SYS_fcntl, "fcntl", SyscallClass::Fcntl, &[Descriptor, LockCommand, RecordLock]),
    call(libc::SYS_close, "close", SyscallClass::Close, &[Number]),
    call(libc::SYS_close_range, "close_range", SyscallClass::Close, &[Number, Number, Bits]),
    call(libc::SYS_dup3, "dup3", SyscallClass::Close, &[Number, Number, OpenFlags]),
    call(libc::SYS_kill, "kill", SyscallClass::Kill, &[Process, Signal]),
    call(libc::SYS_tkill, "tkill", SyscallClass::Kill, &[Process, Signal]),
    call(libc::SYS_tgkill, "tgkill", SyscallClass::Kill, &[Process, Process, Signal]),
    call(libc::SYS_pidfd_open, "pidfd_open", SyscallClass::Kill, &[Process]),
    call(libc::SYS_sched_getaffinity, "sched_getaffinity", SyscallClass::Ask, &[Process]),
    call(libc::SYS_sched_setaffinity, "sched_setaffinity", SyscallClass::Itself, &[Process]),
    call(libc::SYS_sched_getparam, "sched_getparam", SyscallClass::Ask, &[Process]),
    call(libc::SYS_sched_setparam, "sched_setparam", SyscallClass::Itself, &[Process]),
    call(libc::SYS_sched_getscheduler, "sched_getscheduler", SyscallClass::Ask, &[Process]),
    call(libc::SYS_sched_setscheduler, "sched_setscheduler", SyscallClass::Itself, &[Process]),
    call(libc::SYS_sched_rr_get_interval, "sched_rr_get_interval", SyscallClass::Ask, &[Process]),
    call(libc::SYS_sched_getattr, "sched_getattr", SyscallClass::Ask, &[Process]),
    call(libc::SYS_sched_setattr, "sched_setattr", SyscallClass::Itself, &[Process]),
    call(libc::SYS_getpgid, "getpgid", SyscallClass::Ask, &[Process]),
    call(libc::SYS_setpgid, "setpgid", SyscallClass::Itself, &[Process]),
    call(libc::SYS_getsid, "getsid", SyscallClass::Ask, &[Process]),
    call(libc::SYS_prlimit64, "prlimit64", SyscallClass::Ask, &[Process, Number, Bits]),
    call(libc::SYS_get_robust_list, "get_robust_list", SyscallClass::Ask, &[Process]),
    call(libc::SYS_getpriority, "getpriority", SyscallClass::Ask, &[Number, Process]),
    call(libc::SYS_setpriority, "setpriority", SyscallClass::Itself, &[Number, Process]),
    call(libc::SYS_setitimer, "setitimer", SyscallClass::Timer, &[Number]),
    call(libc::SYS_getitimer, "getitimer", SyscallClass::Timer, &[Number]),
    call(libc::SYS_timer_create, "timer_create", SyscallClass::Timer, &[Number]),
    call(libc::SYS_timer_gettime, "timer_gettime", SyscallClass::Timer, &[Number]),
    call(libc::SYS_timer_getoverrun, "timer_getoverrun", SyscallClass::Timer, &[Number]),
    call(libc::SYS_timer_delete, "timer_delete", SyscallClass::Timer, &[Number]),
    call(libc::SYS_timer_settime, "timer_settime", SyscallClass::Timer, &[Number]),
    call(libc::SYS_timerfd_settime, "timerfd_settime", SyscallClass::Timer, &[Number]),
    call(libc::SYS_timerfd_gettime, "timerfd_gettime", SyscallClass::Timer, &[Number]),
    call(libc::SYS_mmap, "mmap", SyscallClass::Map, &[Hidden, Number, Bits, Bits, Descriptor]),
    call(libc::SYS_setsid, "setsid", SyscallClass::Itself, &[]),
    call(libc::SYS_setuid, "setuid", SyscallClass::Itself, &[Number]),
    call(libc::SYS_setgid, "setgid", SyscallClass::Itself, &[Number]),
    call(libc::SYS_setreuid, "setreuid", SyscallClass::Itself, &[Number, Number]),
    call(libc::SYS_setregid, "setregid", SyscallClass::Itself, &[Number, Number]),
    call(libc::SYS_setresuid, "setresuid", SyscallClass::Itself, &[Number, Number, Number]),
    call(libc::SYS_setresgid, "setresgid", SyscallClass::Itself, &[Number, Number, Number]),
    call(libc::SYS_setgroups, "setgroups", SyscallClass::Itself, &[Number]),
    call(libc::SYS_setrlimit, "setrlimit", SyscallClass::Itself, &[Number]),
    call(libc::SYS_capset, "capset", SyscallClass::Itself, &[]),
    call(libc::SYS_capget, "capget", SyscallClass::Control, &[Hidden]),
    call(libc::SYS_prctl, "prctl", SyscallClass::Control, &[Number, Number]),
    call(libc::SYS_sysinfo, "sysinfo", SyscallClass::Machine, &[Hidden]),
    call(libc::SYS_getrusage, "getrusage", SyscallClass::Machine, &[Number]),
    call(libc::SYS_wait4, "wait4", SyscallClass::Machine, &[Number]),
    call(libc::SYS_waitid, "waitid", SyscallClass::Machine, &[Number]),
    call(libc::SYS_memfd_create, "memfd_create", SyscallClass::Machine, &[Hidden]),
    call(libc::SYS_pipe2, "pipe2", SyscallClass::Machine, &[Hidden]),
    call(libc::SYS_socketpair, "socketpair", SyscallClass::Machine, &[Number]),
    call(libc::SYS_epoll_ctl, "epoll_ctl", SyscallClass::Watch, &[Number, Number, Number]),
    call(libc::SYS_inotify_init1, "inotify_init1", SyscallClass::Control, &[Bits]),
    call(libc::SYS_socket, "socket", SyscallClass::Control, &[Number, Number, Number]),
    call(libc::SYS_listen, "listen", SyscallClass::Socket, &[Number, Number]),
    call(libc::SYS_accept, "accept", SyscallClass::Socket, &[Number]),
    call(libc::SYS_accept4, "accept4", SyscallClass::Socket, &[Number, Hidden, Hidden, Bits]),
    call(libc::SYS_getsockname, "getsockname", SyscallClass::Socket, &[Number]),
    call(libc::SYS_getpeername, "getpeername", SyscallClass::Socket, &[Number]),
    call(libc::SYS_getsockopt, "getsockopt", SyscallClass::Socket, &[Number, Number, Number]),
    call(libc::SYS_setsockopt, "setsockopt", SyscallClass::Socket, &[Number, Number, Number]),
    call(libc::SYS_shutdown, "shutdown", SyscallClass::Socket, &[Number, Number]),
    call(libc::SYS_sendto, "sendto", SyscallClass::Socket, &[Number, Bytes, Number, Bits, Address, Number]),
    call(libc::SYS_sendmsg, "sendmsg", SyscallClass::Socket, &[Number, Message, Bits]),
    call(libc::SYS_sendmmsg, "sendmmsg", SyscallClass::Socket, &[Number, Message, Number, Bits]),
    call(libc::SYS_recvfrom, "recvfrom", SyscallClass::Socket, &[Number, Hidden, Number, Bits]),
    call(libc::SYS_recvmsg, "recvmsg", SyscallClass::Socket, &[Number, Hidden, Bits]),
    call(libc::SYS_recvmmsg, "recvmmsg", SyscallClass::Socket, &[Number, Hidden, Number, Bits]),
    call(libc::SYS_bind, "bind", SyscallClass::Socket, &[Number, Address, Number]),
    call(libc::SYS_connect, "connect", SyscallClass::Socket, &[Number, Address, Number]),
    call(libc::SYS_clone, "clone", SyscallClass::Spawn, &[Bits]),
    call(libc::SYS_clone3, "clone3", SyscallClass::Spawn, &[Hidden]),
    call(libc::SYS_execve, "execve", SyscallClass::Execute, &[Path]),
    call(libc::SYS_execveat, "execveat", SyscallClass::Execute, &[Directory, Path, Hidden, Hidden, AtFlags]),
    call(libc::SYS_nanosleep, "nanosleep", SyscallClass::Sleep, &[Hidden]),
    call(libc::SYS_clock_nanosleep, "clock_nanosleep", SyscallClass::Sleep, &[Number, Number, Hidden]),
    call(libc::SYS_ppoll, "ppoll", SyscallClass::Sleep, &[Hidden, Number, Hidden]),
    call(libc::SYS_pselect6, "pselect6", SyscallClass::Sleep, &[Number, Hidden, Hidden, Hidden, Hidden]),
    call(libc::SYS_epoll_pwait, "epoll_pwait", SyscallClass::Sleep, &[Number, Hidden, Number, Number]),
    call(libc::SYS_epoll_pwait2, "epoll_pwait2", SyscallClass::Sleep, &[Number, Hidden, Number, Hidden]),
    call(libc::SYS_rt_sigtimedwait, "rt_sigtimedwait", SyscallClass::Sleep, &[Hidden, Hidden, Hidden]),
    call(libc::SYS_futex, "futex", SyscallClass::Sleep, &[Hidden, Number, Number, Hidden]),
    call(libc::SYS_futex_waitv, "futex_waitv", SyscallClass::Sleep, &[Hidden, Number, Number, Hidden]),
    call(libc::SYS_exit, "exit", SyscallClass::Exit, &[Number]),
    call(libc::SYS_exit_group, "exit_group", SyscallClass::Exit, &[Number]),
    call(libc::SYS_ioctl, "ioctl", SyscallClass::Other, &[Descriptor, Bits]),
    call(libc::SYS_inotify_add_watch, "inotify_add_watch", SyscallClass::Other, &[Number, Path, Bits]),
    call(libc::SYS_name_to_handle_at, "name_to_handle_at", SyscallClass::Other, &[Directory, Path]),
    call(libc::SYS_semget, "semget", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_semop, "semop", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_semtimedop, "semtimedop", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_semctl, "semctl", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_shmget, "shmget", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_shmat, "shmat", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_shmdt, "shmdt", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_shmctl, "shmctl", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_msgget, "msgget", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_msgsnd, "msgsnd", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_msgrcv, "msgrcv", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_msgctl, "msgctl", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_mq_open, "mq_open", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_mq_unlink, "mq_unlink", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_mq_timedsend, "mq_timedsend", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_mq_timedreceive, "mq_timedreceive", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_mq_notify, "mq_notify", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_mq_getsetattr, "mq_getsetattr", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_rt_sigqueueinfo, "rt_sigqueueinfo", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_pidfd_send_signal, "pidfd_send_signal", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_pidfd_getfd, "pidfd_getfd", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_ptrace, "ptrace", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_process_vm_readv, "process_vm_readv", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_process_vm_writev, "process_vm_writev", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_kcmp, "kcmp", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_unshare, "unshare", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_setns, "setns", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_mount, "mount", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_umount2, "umount2", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_pivot_root, "pivot_root", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_chroot, "chroot", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_seccomp, "seccomp", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_bpf, "bpf", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_perf_event_open, "perf_event_open", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_userfaultfd, "userfaultfd", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_add_key, "add_key", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_request_key, "request_key", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_keyctl, "keyctl", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_tee, "tee", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_vmsplice, "vmsplice", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_fanotify_init, "fanotify_init", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_fanotify_mark, "fanotify_mark", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_open_by_handle_at, "open_by_handle_at", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_io_setup, "io_setup", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_io_submit, "io_submit", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_sethostname, "sethostname", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_setdomainname, "setdomainname", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_clock_settime, "clock_settime", SyscallClass::Uncontrolled, &[]),
    call(libc::SYS_settimeofday, "settimeofday", SyscallClass::Uncontrolled, &[]),
];

/// Calls that only x86-64 has: newer architectures dropped them.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip] // One line for each call.
const OLDER: &[SystemCall] = &[
    call(libc::SYS_open, "open", SyscallClass::Open, &[Path, OpenFlags, Mode]),
    call(libc::SYS_creat, "creat", SyscallClass::Open, &[Path, Mode]),
    call(libc::SYS_stat, "stat", SyscallClass::Stat, &[Path]),
    call(libc::SYS_lstat, "lstat", SyscallClass::Lstat, &[Path]),
    call(libc::SYS_access, "access", SyscallClass::LookUp, &[Path, Number]),
    call(libc::SYS_readlink, "readlink", SyscallClass::ReadLink, &[Path]),
    call(libc::SYS_getdents, "getdents", SyscallClass::List, &[Descriptor]),
    call(libc::SYS_link, "link", SyscallClass::Link, &[Path, Path]),
    call(libc::SYS_rename, "rename", SyscallClass::Rename, &[Path, Path]),
    call(libc::SYS_renameat, "renameat", SyscallClass::Rename, &[Directory, Path, Directory, Path]),
    call(libc::SYS_unlink, "unlink", SyscallClass::Unlink, &[Path]),
    call(libc::SYS_rmdir, "rmdir", SyscallClass::RemoveDirectory, &[Path]),
    call(libc::SYS_mkdir, "mkdir", SyscallClass::Make, &[Path, Mode]),
    call(libc::SYS_mknod, "mknod", SyscallClass::Make, &[Path, Mode]),
    call(libc::SYS_symlink, "symlink", SyscallClass::Make, &[Text, Path]),
    call(libc::SYS_chmod, "chmod", SyscallClass::Attributes, &[Path, Mode]),
    call(libc::SYS_chown, "chown", SyscallClass::Attributes, &[Path, Number, Number]),
    call(libc::SYS_lchown, "lchown", SyscallClass::Attributes, &[Path, Number, Number]),
    call(libc::SYS_utime, "utime", SyscallClass::Attributes, &[Path]),
    call(libc::SYS_utimes, "utimes", SyscallClass::Attributes, &[Path]),
    call(libc::SYS_futimesat, "futimesat", SyscallClass::Attributes, &[Directory, Path]),
    call(libc::SYS_dup2, "dup2", SyscallClass::Close, &[Number, Number]),
    call(libc::SYS_poll, "poll", SyscallClass::Sleep, &[Hidden, Number, Number]),
    call(libc::SYS_select, "select", SyscallClass::Sleep, &[Number, Hidden, Hidden, Hidden, Hidden]),
    call(libc::SYS_epoll_wait, "epoll_wait", SyscallClass::Sleep, &[Number, Hidden, Number, Number]),
    call(libc::SYS_inotify_init, "inotify_init", SyscallClass::Control, &[]),
    call(libc::SYS_pipe, "pipe", SyscallClass::Machine, &[Hidden]),
    call(libc::SYS_alarm, "alarm", SyscallClass::Timer, &[Number]),
    call(libc::SYS_fork, "fork", SyscallClass::Spawn, &[]),
    call(libc::SYS_vfork, "vfork", SyscallClass::Spawn, &[]),
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[SystemCall] = &[];

/// The libc crate does not have it on every architecture; numbers from 424 on are the same on all
/// (`scripts/syscall.tbl`).
const FCHMODAT2: libc::c_long = 452;

/// The entry of the call with this number; `None` for a call that is not in the table.
pub fn of(number: u64) -> Option<&'static SystemCall> {
    STOPPED.iter().chain(OLDER).find(|call| call.number == number)
}

/// All calls of the table.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static SystemCall> {
    STOPPED.iter().chain(OLDER)
}
