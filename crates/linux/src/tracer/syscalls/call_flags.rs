//! What the flags of a call decide about its footprint.
//!
//! Arguments that cannot be read are an error: the kernel refuses such a call, and the tracer does not guess. Knows no object.

use std::io;

use super::decode::Decoded;
use super::interpreter::AtCall;
use crate::sys::syscalls::SyscallClass;
use crate::sys::{bits, waits};

/// Flags that decide what is touched.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) creates: bool,
    pub(super) exclusively: bool,
    pub(super) truncates: bool,
    /// `O_TMPFILE`.
    pub(super) unnamed: bool,
    /// `O_PATH`.
    pub(super) names_only: bool,
    /// Opening a pipe waits for its other end.
    pub(super) waits: bool,
    /// `AT_REMOVEDIR`.
    pub(super) of_directory: bool,
    /// `RENAME_EXCHANGE`.
    pub(super) exchanges: bool,
    /// `RENAME_NOREPLACE`.
    pub(super) keeps: bool,
    /// It makes the name of a socket.
    pub(super) binds: bool,
    /// It asks about a lock and takes none.
    pub(super) asks: bool,
    /// An fcntl command that is not tracked: leases, directory notifications.
    pub(super) odd: bool,
    /// It releases a lock and takes none.
    pub(super) gives_back: bool,
    /// It takes a lock that excludes all others.
    pub(super) exclusive: bool,
    pub(super) follows: bool,
    /// The new size, if that is an argument.
    pub(super) size: Option<u64>,
    pub(super) attributes: NewAttributes,
    /// It only reads the attributes.
    pub(super) reads_attributes: bool,
    /// It only asks how much can be read.
    pub(super) counts_input: bool,
    /// It only asks about a socket, or reads of an interface what no contender changes.
    pub(super) asks_socket: bool,
}

/// Which attributes a call sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NewAttributes {
    /// Times.
    Times,
    /// The bits of chmod(2).
    Mode(u32),
    /// Owner and group; the highest number leaves one as it is.
    Owner { user: u32, group: u32 },
    /// Extended attributes.
    #[default]
    Others,
}

/// Reads them from the call at which a task is stopped.
pub(super) fn flags(at: &AtCall<'_>, decoded: &Decoded) -> io::Result<Flags> {
    let argument = |position: usize| at.entry.arguments[position] as i32;
    let word = |position: usize| at.entry.arguments[position];
    let mut flags = Flags {
        follows: true,
        ..Flags::default()
    };
    let name = decoded.system.name;
    match decoded.class {
        SyscallClass::Open => {
            let value = match name {
                "open" => argument(1),
                "openat" => argument(2),
                "creat" => bits::CREATE | bits::TRUNCATE,
                _ => open_how(at)?,
            };
            flags.unnamed = value & bits::UNNAMED == bits::UNNAMED;
            flags.creates = value & bits::CREATE != 0 && !flags.unnamed;
            flags.exclusively = flags.creates && value & bits::EXCLUSIVE != 0;
            flags.truncates = value & bits::TRUNCATE != 0;
            flags.names_only = value & bits::NAMES_ONLY != 0;
            flags.follows = !flags.exclusively && value & bits::NO_FOLLOW == 0;
            // With both ends it does not wait.
            flags.waits = value & bits::WITHOUT_BLOCKING == 0 && value & bits::ACCESS_MODE != bits::BOTH;
        }
        SyscallClass::Stat | SyscallClass::Attributes | SyscallClass::LookUp => {
            let at_flags = match name {
                "newfstatat" | "fchmodat2" | "utimensat" | "faccessat2" => argument(3),
                "statx" => argument(2),
                "fchownat" => argument(4),
                "lchown" | "lsetxattr" | "lremovexattr" => bits::SYMLINK_NO_FOLLOW,
                _ => 0,
            };
            flags.follows = at_flags & bits::SYMLINK_NO_FOLLOW == 0;
            flags.attributes = attributes(name, |position| argument(position).cast_unsigned());
        }
        SyscallClass::Truncate => {
            flags.size = matches!(name, "truncate" | "ftruncate").then(|| word(1));
        }
        SyscallClass::Rename => {
            let value = if name == "renameat2" { argument(4) } else { 0 };
            flags.keeps = value & 1 != 0;
            flags.exchanges = value & 2 != 0;
            flags.follows = false;
        }
        SyscallClass::Unlink => {
            flags.of_directory = name == "unlinkat" && argument(2) & bits::REMOVE_DIRECTORY != 0;
            flags.follows = false;
        }
        SyscallClass::Link => flags.follows = name == "linkat" && argument(4) & bits::SYMLINK_FOLLOW != 0,
        SyscallClass::Lstat | SyscallClass::ReadLink | SyscallClass::RemoveDirectory | SyscallClass::Make => {
            flags.follows = false;
        }
        SyscallClass::Socket => {
            flags.binds = name == "bind";
            flags.follows = !flags.binds;
        }
        SyscallClass::Fcntl => {
            flags.asks = bits::ASKING.contains(&argument(1));
            flags.odd = !flags.asks && !bits::LOCKING.contains(&argument(1));
            if !flags.odd {
                let record = record(at)?;
                flags.gives_back = !flags.asks && waits::gives_back(&record);
            }
        }
        SyscallClass::Flock => {
            flags.gives_back = argument(1) & bits::UNLOCK != 0;
            flags.exclusive = argument(1) & bits::ALONE != 0;
        }
        SyscallClass::Other if name == "ioctl" => {
            flags.reads_attributes = bits::READS_ATTRIBUTES.contains(&word(1));
            flags.counts_input = word(1) == bits::COUNTS_INPUT;
            flags.asks_socket = bits::ASKS_SOCKET.contains(&(word(1) as u32));
        }
        _ => {}
    }
    Ok(flags)
}

/// The first word of `struct open_how`.
fn open_how(at: &AtCall<'_>) -> io::Result<i32> {
    let mut word = [0; 8];
    at.memory.read(at.entry.arguments[2], &mut word)?;
    Ok(u64::from_ne_bytes(word) as i32)
}

/// The record lock that fcntl(2) is about.
pub(super) fn record(at: &AtCall<'_>) -> io::Result<waits::Record> {
    let mut bytes = [0; waits::RECORD_BYTES];
    at.memory.read(at.entry.arguments[2], &mut bytes)?;
    Ok(waits::record(&bytes))
}

fn attributes(name: &str, argument: impl Fn(usize) -> u32) -> NewAttributes {
    let owner = |user, group| NewAttributes::Owner {
        user: argument(user),
        group: argument(group),
    };
    match name {
        "utimensat" | "utime" | "utimes" | "futimesat" => NewAttributes::Times,
        "chmod" | "fchmod" => NewAttributes::Mode(argument(1) & 0o7777),
        "fchmodat" | "fchmodat2" => NewAttributes::Mode(argument(2) & 0o7777),
        "chown" | "lchown" | "fchown" => owner(1, 2),
        "fchownat" => owner(2, 3),
        _ => NewAttributes::Others,
    }
}
