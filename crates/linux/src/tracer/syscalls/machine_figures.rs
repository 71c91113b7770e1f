//! Figures of the machine that sysinfo(2) returns. One of them counts processes, and so shows when others start and end: so all
//! stay as they were when the run began, but the time since the start of the machine: that is virtual. Asks nobody later.

use std::fs;
use std::io;
use std::time::Duration;

use super::interpreter::AtCall;

/// The size of `struct sysinfo` on 64-bit machines, in bytes: `include/uapi/linux/sysinfo.h`.
const BYTES: usize = 112;

/// The figures when the run began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MachineFigures {
    total_bytes: u64,
    free_bytes: u64,
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
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_memory_and_one_process() {
        let bytes = MachineFigures::now().bytes(Duration::from_secs(7));
        let total = u64::from_ne_bytes(bytes[32..40].try_into().unwrap());
        assert!(total > 1 << 20, "{total}");
        assert_eq!(bytes[0..8], 7_u64.to_ne_bytes());
        assert_eq!(bytes[80..82], 1_u16.to_ne_bytes());
    }
}
