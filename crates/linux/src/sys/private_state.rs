//! Whether a fork copies all of the state of a process, so that neither it nor its copies can tell which is which.
//!
//! A fork shares open file descriptions and shared mappings, and drops some state:
//! [fork(2)](https://man7.org/linux/man-pages/man2/fork.2.html). Offsets of files that are only read can be set back.

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

/// The offset of an open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    descriptor: u32,
    offset: u64,
}

impl Offset {
    /// Whether it is that of the file that this process has open.
    pub fn is_unchanged(self, process: i32) -> bool {
        let there = DescriptorInfo::of(process, self.descriptor);
        there.is_ok_and(|there| there.offset == self.offset)
    }

    /// The arguments of lseek(2) that sets it.
    pub fn arguments(self) -> [u64; 6] {
        [u64::from(self.descriptor), self.offset, libc::SEEK_SET as u64, 0, 0, 0]
    }
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

/// The offsets of the files that a stopped process with a single thread has open, beside its standard streams.
///
/// # Errors
///
/// When copies of it could notice that they are copies.
pub fn offsets(process: i32) -> Result<Vec<Offset>, NotPrivate> {
    check_status(process)?;
    check_memory(process)?;
    descriptors(process)
}

/// The same of its descriptors alone, which is quick.
///
/// # Errors
///
/// When copies of it could notice by a descriptor that they are copies.
pub fn descriptors(process: i32) -> Result<Vec<Offset>, NotPrivate> {
    let unknown = |_| NotPrivate::Unknown;
    let mut offsets = Vec::new();
    for entry in fs::read_dir(format!("/proc/{process}/fd")).map_err(unknown)? {
        let path = entry.map_err(unknown)?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
        let descriptor = number.ok_or(NotPrivate::Unknown)?;
        if descriptor > 2 {
            offsets.extend(offset(process, descriptor, &path)?);
        }
    }
    Ok(offsets)
}

/// The files that a process has open beside its standard streams, by device and inode. Copies share these open file descriptions,
/// and with them the locks and the flags that are set through one of them later.
pub fn open_files(process: i32) -> BTreeSet<(u64, u64)> {
    let entries = fs::read_dir(format!("/proc/{process}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    let is_stream = |entry: &fs::DirEntry| ["0", "1", "2"].iter().any(|stream| entry.file_name() == **stream);
    let files = entries.filter(|entry| !is_stream(entry));
    let files = files.filter_map(|entry| fs::metadata(entry.path()).ok());
    files.map(|file| (file.dev(), file.ino())).collect()
}

/// Devices without state: null, zero, full, random and urandom (`Documentation/admin-guide/devices.txt`).
fn is_stateless(device: u64) -> bool {
    let minors = [3, 5, 7, 8, 9];
    libc::major(device) == 1 && minors.contains(&libc::minor(device))
}

fn offset(process: i32, descriptor: u32, link: &Path) -> Result<Option<Offset>, NotPrivate> {
    let unknown = |_| NotPrivate::Unknown;
    let there = fs::metadata(link).map_err(unknown)?;
    let target = fs::read_link(link).map_err(unknown)?;
    let kind = there.file_type();
    let has_name = target.is_absolute() && !target.starts_with("/memfd:");
    if kind.is_char_device() && is_stateless(there.rdev()) {
        return Ok(None);
    }
    // What it shows there of a process belongs to the one that opened it.
    if !has_name || target.starts_with("/proc") || !(kind.is_file() || kind.is_dir()) {
        return Err(NotPrivate::Descriptor);
    }
    let DescriptorInfo { offset, flags, locked } = DescriptorInfo::of(process, descriptor).map_err(unknown)?;
    if locked || flags & libc::O_ACCMODE != libc::O_RDONLY {
        return Err(NotPrivate::WritableFile);
    }
    Ok(Some(Offset { descriptor, offset }))
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
    // Absent where the kernel was built without checkpoints; then there are no chosen numbers either.
    if !read("timers")?.is_empty() {
        return Err(NotPrivate::Signals);
    }
    if !read(&format!("task/{process}/children"))?.trim().is_empty() {
        return Err(NotPrivate::Tasks);
    }
    Ok(())
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
