//! Figures of the machine and of a process that calls return. Some count what others do, and some measure real time: so all stay
//! as they were when the run began, but the time since the start of the machine and the CPU time, which are virtual.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::interpreter::AtCall;

/// The size of `struct sysinfo` on 64-bit machines, in bytes: `include/uapi/linux/sysinfo.h`.
const BYTES: usize = 112;

/// The size of `struct rusage` on 64-bit machines, in bytes: [getrusage(2)](https://man7.org/linux/man-pages/man2/getrusage.2.html).
const USAGE_BYTES: usize = 144;

/// The size of `struct statfs` on 64-bit machines, in bytes, and where it has the sizes in blocks and files:
/// `include/uapi/asm-generic/statfs.h`.
const SPACE_BYTES: usize = 120;
/// All blocks; then those that are free, and those that are free for users.
const BLOCKS_AT: usize = 16;
/// All inodes; then those that are free.
const INODES_AT: usize = 40;

/// The figures when the run began.
#[derive(Debug)]
pub(crate) struct MachineFigures {
    total_bytes: u64,
    free_bytes: u64,
    /// Files with figures, when they were first read.
    texts: RefCell<BTreeMap<PathBuf, Vec<u8>>>,
}

impl MachineFigures {
    /// The figures now; zero for what cannot be read.
    pub(crate) fn now() -> Self {
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let bytes = |name: &str| {
            let line = memory.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
            Some(kibibytes * 1024)
        };
        Self {
            total_bytes: bytes("MemTotal:").unwrap_or(0),
            free_bytes: bytes("MemFree:").unwrap_or(0),
            texts: RefCell::default(),
        }
    }

    /// The text of a file with figures, when it was first read in this run.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn text(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut texts = self.texts.borrow_mut();
        if let Some(text) = texts.get(path) {
            return Ok(text.clone());
        }
        let text = fs::read(path)?;
        texts.insert(path.to_owned(), text.clone());
        Ok(text)
    }

    /// As sysinfo(2) writes them. One process, no load, no swap.
    fn bytes(&self, since_start: Duration) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let mut put = |at: usize, value: u64| bytes[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        put(0, since_start.as_secs());
        put(32, self.total_bytes);
        put(40, self.free_bytes);
        bytes[80..82].copy_from_slice(&1_u16.to_ne_bytes());
        bytes[104..108].copy_from_slice(&1_u32.to_ne_bytes());
        bytes
    }
}

/// Answers sysinfo(2) for a task.
pub(super) fn answer(at: &AtCall<'_>, figures: &MachineFigures, since_start: Duration) -> io::Result<()> {
    at.memory.write(at.entry.arguments[0], &figures.bytes(since_start))
}

/// Answers getrusage(2) for a task, which has used so much CPU time. Its children have used none.
pub(super) fn answer_usage(at: &AtCall<'_>, cpu: Duration) -> io::Result<()> {
    /// `RUSAGE_CHILDREN`.
    const OF_CHILDREN: i32 = -1;
    let mut bytes = [0; USAGE_BYTES];
    if at.entry.arguments[0] as i32 != OF_CHILDREN {
        bytes[..8].copy_from_slice(&cpu.as_secs().to_ne_bytes());
        bytes[8..16].copy_from_slice(&u64::from(cpu.subsec_micros()).to_ne_bytes());
    }
    at.memory.write(at.entry.arguments[1], &bytes)
}

/// Replaces the figures that the kernel has written for a call with this name, which has returned this: a child has used no CPU time, and half of a file
/// system is free.
///
/// # Errors
///
/// When the memory of the task cannot be read or written.
pub(super) fn correct(at: &AtCall<'_>, name: &str, returned: i64) -> io::Result<()> {
    let place = match name {
        // No child has ended.
        "wait4" if returned == 0 => 0,
        "wait4" => at.entry.arguments[3],
        "waitid" => at.entry.arguments[4],
        "statfs" | "fstatfs" => return free_half(at, at.entry.arguments[1]),
        _ => return Ok(()),
    };
    match place {
        0 => Ok(()),
        place => at.memory.write(place, &[0; USAGE_BYTES]),
    }
}

fn free_half(at: &AtCall<'_>, place: u64) -> io::Result<()> {
    let mut bytes = [0; SPACE_BYTES];
    at.memory.read(place, &mut bytes)?;
    let half = |bytes: &[u8; SPACE_BYTES], at: usize| {
        (u64::from_ne_bytes(std::array::from_fn(|byte| bytes[at + byte])) / 2).to_ne_bytes()
    };
    for (all, free) in [
        (BLOCKS_AT, BLOCKS_AT + 8),
        (BLOCKS_AT, BLOCKS_AT + 16),
        (INODES_AT, INODES_AT + 8),
    ] {
        let value = half(&bytes, all);
        bytes[free..free + 8].copy_from_slice(&value);
    }
    at.memory.write(place, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::trace::Memory;

    #[test]
    fn the_machine_has_memory_and_one_process() {
        let bytes = MachineFigures::now().bytes(Duration::from_secs(7));
        let total = u64::from_ne_bytes(bytes[32..40].try_into().unwrap());
        assert!(total > 1 << 20, "{total}");
        assert_eq!(bytes[0..8], 7_u64.to_ne_bytes());
        assert_eq!(bytes[80..82], 1_u16.to_ne_bytes());
    }

    #[test]
    fn half_of_a_file_system_is_free_whatever_others_have_written() {
        let memory = Memory::of(std::process::id().cast_signed()).unwrap();
        let mut space = [7u64; SPACE_BYTES / 8];
        (space[BLOCKS_AT / 8], space[INODES_AT / 8]) = (1_000, 50);
        let at = AtCall::of_this_process(&memory, [0, space.as_mut_ptr() as u64, 0, 0, 0, 0]);
        correct(&at, "statfs", 0).unwrap();
        let mut bytes = [0; SPACE_BYTES];
        memory.read(at.entry.arguments[1], &mut bytes).unwrap();
        let word = |at: usize| u64::from_ne_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        assert_eq!(
            (word(BLOCKS_AT), word(BLOCKS_AT + 8), word(BLOCKS_AT + 16)),
            (1_000, 500, 500)
        );
        assert_eq!(
            (word(INODES_AT), word(INODES_AT + 8), word(INODES_AT + 16)),
            (50, 25, 7)
        );
    }

    #[test]
    fn a_text_stays_as_it_was_first_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let figures = MachineFigures::now();
        fs::write(file.path(), "first").unwrap();
        assert_eq!(figures.text(file.path()).unwrap(), b"first");
        fs::write(file.path(), "second").unwrap();
        assert_eq!(figures.text(file.path()).unwrap(), b"first");
        assert!(figures.text(Path::new("/absent")).is_err());
    }
}
