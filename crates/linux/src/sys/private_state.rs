//! Whether a fork copies all of the state of a process, so that neither it nor its copies can tell which is which.
//!
//! A fork shares open file descriptions and shared mappings, and drops some state:
//! [fork(2)](https://man7.org/linux/man-pages/man2/fork.2.html). Offsets and flags of files that are only read can be set back.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Why copies of a process could notice that they are copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum NotPrivate {
    /// Copies have other numbers.
    #[error("numbers of processes cannot be chosen here")]
    Number,
    /// It has several threads or children.
    #[error("it has several threads or processes")]
    Tasks,
    /// It has a pipe, socket, epoll, eventfd, timer, or the like.
    #[error("it has a pipe, a socket, or another descriptor that copies would share")]
    Descriptor,
    /// It has opened a file to write, or holds a lock through one.
    #[error("it has opened a file to write, or locked one")]
    WritableFile,
    /// It has made or changed files, which are gone before the next execution.
    #[error("it has made or changed a file before its first step")]
    Files,
    /// It has read or printed a line, which copies would not.
    #[error("it has read or printed a line before its first step")]
    Messages,
    /// It has memory that copies would share or lose.
    #[error("it has memory that copies would share or lose")]
    Memory,
    /// It leads a process group or session.
    #[error("it leads a process group or a session")]
    Group,
    /// It has pending signals or running timers.
    #[error("it has a timer or a pending signal")]
    Signals,
    /// It has set an attribute that a fork does not copy.
    #[error("it has set an attribute of its process that copies would lose")]
    Attributes,
    /// `/proc` does not tell.
    #[error("/proc does not tell whether copies could notice")]
    Unknown,
}

/// What the copies of a process share of an open file that is only read: its offset and its status flags. Both can be set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    descriptor: u32,
    /// The offset, if it has one.
    offset: Option<u64>,
    flags: i32,
}

/// The status flags that fcntl(2) can set: `F_SETFL`.
const SETTABLE: i32 = libc::O_APPEND | libc::O_ASYNC | libc::O_DIRECT | libc::O_NOATIME | libc::O_NONBLOCK;

impl Description {
    /// The calls that set back what a copy of this process has changed: number and arguments.
    pub fn restoring(self, process: i32) -> Vec<(u64, [u64; 6])> {
        let now = DescriptorInfo::of(process, self.descriptor).ok();
        let descriptor = u64::from(self.descriptor);
        let mut calls = Vec::new();
        if let Some(offset) = self.offset.filter(|offset| now.is_none_or(|now| now.offset != *offset)) {
            calls.push((
                libc::SYS_lseek as u64,
                [descriptor, offset, libc::SEEK_SET as u64, 0, 0, 0],
            ));
        }
        if now.is_none_or(|now| (now.flags ^ self.flags) & SETTABLE != 0) {
            let flags = u64::from((self.flags & SETTABLE).cast_unsigned());
            calls.push((
                libc::SYS_fcntl as u64,
                [descriptor, libc::F_SETFL as u64, flags, 0, 0, 0],
            ));
        }
        calls
    }
}

/// How the names of the files begin through which a contender reads and prints: input, output, error output. Each start of a
/// contender opens them anew, and a copy goes on with those of its snapshot.
pub const STREAMS: [&str; 3] = ["input-", "output-", "complaints-"];

/// Whether a descriptor leads to a standard stream of a contender, and not to what the program has opened in its place.
fn is_stream(descriptor: u32, target: &Path) -> bool {
    let name = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let place = usize::try_from(descriptor).ok().and_then(|place| STREAMS.get(place));
    place.is_some_and(|stream| name.starts_with(stream))
}

/// What `/proc/PID/fdinfo/FD` shows: [proc_pid_fdinfo(5)](https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DescriptorInfo {
    offset: u64,
    flags: i32,
    locked: bool,
}

impl DescriptorInfo {
    fn of(process: i32, descriptor: u32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/fdinfo/{descriptor}"))?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let missing = || io::Error::from(io::ErrorKind::InvalidData);
        let offset = field("pos:").and_then(|text| text.parse().ok()).ok_or_else(missing)?;
        let flags = field("flags:").and_then(|text| i32::from_str_radix(text, 8).ok());
        let flags = flags.ok_or_else(missing)?;
        let locked = field("lock:").is_some();
        Ok(Self { offset, flags, locked })
    }
}

/// The open files of a stopped process with a single thread.
///
/// # Errors
///
/// When copies of it could notice that they are copies.
pub fn descriptions(process: i32) -> Result<Vec<Description>, NotPrivate> {
    check_status(process)?;
    check_memory(process)?;
    descriptors(process)
}

/// The same of its descriptors alone, which is quick.
///
/// # Errors
///
/// When copies of it could notice by a descriptor that they are copies.
pub fn descriptors(process: i32) -> Result<Vec<Description>, NotPrivate> {
    let unknown = |_| NotPrivate::Unknown;
    let mut open = Vec::new();
    for entry in fs::read_dir(format!("/proc/{process}/fd")).map_err(unknown)? {
        let path = entry.map_err(unknown)?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        let descriptor = number.ok_or(NotPrivate::Unknown)?;
        open.push(description(process, descriptor, &path)?);
    }
    Ok(open)
}

/// The files that a process has open beside its standard streams, by device and inode. Copies share these open file descriptions,
/// and with them the locks that are set through one of them later.
pub fn open_files(process: i32) -> BTreeSet<(u64, u64)> {
    let entries = fs::read_dir(format!("/proc/{process}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    let is_stream = |entry: &fs::DirEntry| {
        let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let target = fs::read_link(entry.path());
        number
            .zip(target.ok())
            .is_some_and(|(number, target)| is_stream(number, &target))
    };
    let files = entries.filter(|entry| !is_stream(entry));
    let files = files.filter_map(|entry| fs::metadata(entry.path()).ok());
    files.map(|file| (file.dev(), file.ino())).collect()
}

/// Devices without state: null, zero, full, random and urandom (`Documentation/admin-guide/devices.txt`).
fn is_stateless(device: u64) -> bool {
    let minors = [3, 5, 7, 8, 9];
    libc::major(device) == 1 && minors.contains(&libc::minor(device))
}

fn description(process: i32, descriptor: u32, link: &Path) -> Result<Description, NotPrivate> {
    let unknown = |_| NotPrivate::Unknown;
    let there = fs::metadata(link).map_err(unknown)?;
    let target = fs::read_link(link).map_err(unknown)?;
    let info = DescriptorInfo::of(process, descriptor).map_err(unknown)?;
    let DescriptorInfo { offset, flags, locked } = info;
    let kind = there.file_type();
    let has_name = target.is_absolute() && !target.starts_with("/memfd:");
    let is_stateless = kind.is_char_device() && is_stateless(there.rdev());
    if is_stateless || is_stream(descriptor, &target) {
        let offset = None;
        return Ok(Description {
            descriptor,
            offset,
            flags,
        });
    }
    // What it shows there of a process belongs to the one that opened it.
    if !has_name || target.starts_with("/proc") || !(kind.is_file() || kind.is_dir()) {
        return Err(NotPrivate::Descriptor);
    }
    if locked || flags & libc::O_ACCMODE != libc::O_RDONLY {
        return Err(NotPrivate::WritableFile);
    }
    let offset = Some(offset);
    Ok(Description {
        descriptor,
        offset,
        flags,
    })
}

/// Its process group, signals, timers and children.
fn check_status(process: i32) -> Result<(), NotPrivate> {
    let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).map_err(|_| NotPrivate::Unknown);
    let stat = read("stat")?;
    // The second field may hold spaces and brackets; `ppid`, `pgrp` and `session` are the fields 4 to 6.
    let rest = stat.rsplit_once(')').ok_or(NotPrivate::Unknown)?.1;
    let mut numbers = rest.split_whitespace().skip(2).map(str::parse::<i32>);
    for number in [numbers.next(), numbers.next()] {
        match number {
            Some(Ok(number)) if number != process => {}
            Some(Ok(_)) => return Err(NotPrivate::Group),
            _ => return Err(NotPrivate::Unknown),
        }
    }
    let status = read("status")?;
    let pending = |line: &str| line.starts_with("SigPnd:") || line.starts_with("ShdPnd:");
    let none = |line: &str| {
        line.chars()
            .skip_while(|letter| *letter != ':')
            .skip(1)
            .all(|letter| letter == '0' || letter.is_whitespace())
    };
    let mut lines = status.lines().filter(|line| pending(line));
    if !lines.all(none) {
        return Err(NotPrivate::Signals);
    }
    // Locked memory is not locked in a copy.
    let locked = |line: &str| line.strip_prefix("VmLck:").is_some_and(|size| size.trim() != "0 kB");
    if status.lines().any(locked) {
        return Err(NotPrivate::Memory);
    }
    if resets_on_fork(process) {
        return Err(NotPrivate::Attributes);
    }
    // Absent where the kernel was built without checkpoints; then there are no chosen numbers either.
    if !read("timers")?.is_empty() {
        return Err(NotPrivate::Signals);
    }
    if !read(&format!("task/{process}/children"))?.trim().is_empty() {
        return Err(NotPrivate::Tasks);
    }
    Ok(())
}

/// Whether a copy has another priority than a process: `SCHED_RESET_ON_FORK` of
/// [sched(7)](https://man7.org/linux/man-pages/man7/sched.7.html).
fn resets_on_fork(process: i32) -> bool {
    // SAFETY: sched_getscheduler takes a number, and changes nothing.
    let policy = unsafe { libc::sched_getscheduler(process) };
    policy < 0 || policy & libc::SCHED_RESET_ON_FORK != 0
}

/// Where a thread has its list of robust mutexes, which the kernel walks when it ends, and the size of the head of the list:
/// [get_robust_list(2)](https://man7.org/linux/man-pages/man2/get_robust_list.2.html). A fork does not copy this.
///
/// # Errors
///
/// When the thread has ended, or may not be examined.
pub fn robust_list(task: i32) -> io::Result<(u64, u64)> {
    let (mut head, mut length) = (0_u64, 0_u64);
    // SAFETY: the kernel writes a pointer and a size to the two variables, which live for the whole call.
    let result = unsafe { libc::syscall(libc::SYS_get_robust_list, task, &raw mut head, &raw mut length) };
    if result == 0 {
        Ok((head, length))
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Its mappings: [proc_pid_smaps(5)](https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html). `dc` and `wf` are those that a
/// fork does not copy or wipes.
fn check_memory(process: i32) -> Result<(), NotPrivate> {
    let smaps = PathBuf::from(format!("/proc/{process}/smaps"));
    let text = fs::read_to_string(smaps).map_err(|_| NotPrivate::Unknown)?;
    let mut writable = false;
    for line in text.lines() {
        if let Some(flags) = line.strip_prefix("VmFlags:") {
            let has = |wanted: &str| flags.split_whitespace().any(|flag| flag == wanted);
            // The kernel's own pages, as the vDSO, are neither written nor copied. Others may become writable later.
            if has("wf") || (writable || has("mw")) && (has("dc") || has("sh")) {
                return Err(NotPrivate::Memory);
            }
        } else if let Some((_, rest)) = line.split_once(' ')
            && let Some(rights) = rest.get(..4)
            && rights.ends_with(['p', 's'])
        {
            writable = rights.as_bytes()[1] == b'w';
        }
    }
    Ok(())
}
