//! What the kernel answered to a program, as it is shown and compared: without what differs between executions.
//!
//! Process numbers become symbols, inode numbers follow from the names that footprints use. Knows no footprint.

use super::decode::Decoded;
use super::interpreter::AtCall;
use super::watched_tree::{Number, WatchedTree};
use crate::sys::arguments;
use crate::sys::convert::attributes;
use crate::sys::syscalls::SyscallClass;
use onewinner_core::fs::call::Value;
use onewinner_core::fs::{Errno, Fd, Stat};

/// How much of a read is kept, in bytes.
const MOST_KEPT: usize = 256;

/// The error number that a call returned: the kernel keeps -4095 to -1 for them.
pub(crate) fn errno(returned: i64) -> Option<Errno> {
    let number = i32::try_from(returned.checked_neg()?).ok()?;
    (1..4096).contains(&number).then(|| Errno::from_raw(number))
}

/// The value of a call that has succeeded with `returned`.
pub(crate) fn value(at: &AtCall<'_>, decoded: &Decoded, returned: i64, tree: &WatchedTree) -> Value {
    let count = usize::try_from(returned).unwrap_or(0);
    match decoded.class {
        SyscallClass::Open => Value::Fd(Fd(u32::try_from(returned).unwrap_or(u32::MAX))),
        SyscallClass::Read if matches!(decoded.system.name, "read" | "pread64") => {
            let mut bytes = vec![0; count.min(MOST_KEPT)];
            let read = at.memory.read(at.entry.arguments[1], &mut bytes).unwrap_or(0);
            bytes.truncate(read);
            Value::Bytes(tree.canonical(&String::from_utf8_lossy(&bytes)).into_bytes())
        }
        SyscallClass::Stat | SyscallClass::Lstat => {
            stat(at, decoded.system.name, tree).map_or(Value::Done, Value::Stat)
        }
        SyscallClass::Write if matches!(decoded.system.name, "write" | "pwrite64") => {
            Value::Count(written(at, count, tree))
        }
        SyscallClass::Write | SyscallClass::Copy => Value::Count(count),
        _ => Value::Done,
    }
}

/// How much was written, with symbols instead of process numbers, which differ in length.
fn written(at: &AtCall<'_>, count: usize, tree: &WatchedTree) -> usize {
    let mut bytes = vec![0; count.min(MOST_KEPT)];
    match at.memory.read(at.entry.arguments[1], &mut bytes) {
        Ok(read) if read == count => tree.canonical(&String::from_utf8_lossy(&bytes)).len(),
        _ => count,
    }
}

/// The attributes that a call has returned.
fn stat(at: &AtCall<'_>, name: &str, tree: &WatchedTree) -> Option<Stat> {
    let buffer = match name {
        "fstat" | "stat" | "lstat" => 1,
        "newfstatat" => 2,
        "statx" => return statx(at, tree),
        _ => return None,
    };
    let mut bytes = [0; arguments::STAT_BYTES];
    at.memory.read(at.entry.arguments[buffer], &mut bytes).ok()?;
    let number = arguments::stat_number(&bytes);
    Some(named(arguments::stat_of(&bytes), number, tree))
}

/// `struct statx`, `include/uapi/linux/stat.h`.
fn statx(at: &AtCall<'_>, tree: &WatchedTree) -> Option<Stat> {
    let mut bytes = [0; arguments::STATX_BYTES];
    at.memory.read(at.entry.arguments[4], &mut bytes).ok()?;
    let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let long = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    // The time of the last change is not shown.
    let stat = attributes(word(28), long(40), u64::from(word(16)), long(32), 0);
    Some(named(stat, arguments::statx_number(&bytes), tree))
}

/// With a stable inode number, and without an age: a program reads the time itself.
fn named(stat: Stat, number: Number, tree: &WatchedTree) -> Stat {
    let mut stat = stat.with_inode(stable_number(tree, number));
    stat.old = false;
    stat
}

/// An inode number that is the same in each execution.
fn stable_number(tree: &WatchedTree, number: Number) -> u64 {
    tree.identity_of(number).map_or(0, |id| {
        let creator = id.creator.map_or(0, |process| u64::from(process.0) + 1);
        creator * 1_000_000 + u64::from(id.serial)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kernels_range_is_an_error_number() {
        for (returned, expected) in [
            (-1, Some(Errno::EPERM)),
            (-4095, Some(Errno::from_raw(4095))),
            (-4096, None),
            (0, None),
            (i64::MIN, None),
            (i64::MAX, None),
        ] {
            assert_eq!(errno(returned), expected, "{returned}");
        }
    }
}
