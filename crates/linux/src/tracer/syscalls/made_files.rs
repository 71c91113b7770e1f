//! Reads of files and devices with random contents, or with the time: the tracer makes the contents, the same in each execution.
//!
//! Makes no call.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::decode::Decoded;
use super::entropy;
use super::interpreter::{AtCall, Decision};
use super::path_walk::End;
use super::programs::Programs;
use super::watched_tree::InodeKind;
use crate::sys::{bits, descriptors};

/// A file or device whose contents the tracer makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MadeFile {
    /// `/dev/random` or `/dev/urandom` (`Documentation/admin-guide/devices.txt`).
    Device,
    /// A new UUID for each read: [proc_sys_kernel(5)](https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html).
    Uuid,
    /// The UUID of the start of the machine.
    BootId,
    /// The time since the start of the machine: [proc_uptime(5)](https://man7.org/linux/man-pages/man5/proc_uptime.5.html).
    Uptime,
}

impl MadeFile {
    /// Which one an open descriptor leads to.
    pub(super) fn of(end: &End) -> Option<Self> {
        let End::Object(there) = end else { return None };
        let devices = [bits::RANDOM_DEVICE, bits::URANDOM_DEVICE].map(InodeKind::Device);
        if devices.contains(&there.kind) {
            return Some(Self::Device);
        }
        if there.path == Path::new("/proc/uptime") {
            return Some(Self::Uptime);
        }
        match there.path.strip_prefix("/proc/sys/kernel/random").ok()? {
            name if name == Path::new("uuid") => Some(Self::Uuid),
            name if name == Path::new("boot_id") => Some(Self::BootId),
            _ => None,
        }
    }
}

impl Programs {
    /// A read of such a file. One into several buffers is out of control.
    pub(super) fn read_made_file(&mut self, at: &AtCall<'_>, name: &str, file: MadeFile) -> Decision {
        let [fd, place, wanted, offset, ..] = at.entry.arguments;
        let refused =
            |what: &str| Decision::Uncontrolled(format!("{} {what} with {name}, which is not controlled", at.process));
        if !matches!(name, "read" | "pread64") {
            return refused("reads what the tracer makes");
        }
        let text = match file {
            MadeFile::Device => {
                return match self.entropy.fill(at, place, wanted) {
                    Ok(bytes) => Decision::Answered(bytes),
                    Err(error) => refused(&format!("reads random bytes to nowhere ({error})")),
                };
            }
            MadeFile::Uuid => self.entropy.uuid(at),
            MadeFile::BootId => entropy::boot_id(),
            MadeFile::Uptime => uptime(self.time.since_start(at)),
        };
        let from = match name {
            "read" => descriptors::offset(at.task, fd as i32),
            _ => Ok(offset),
        };
        match from {
            // The kernel makes the read, which moves the offset. Its text has the same length.
            Ok(from) => {
                let line = format!("{text}\n").into_bytes();
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(line.len());
                Decision::Reads(line[from..].to_vec())
            }
            Err(error) => refused(&format!("reads it from an unknown place ({error})")),
        }
    }

    /// Whether a call copies the contents of such a file to another place.
    pub(super) fn copies_made_file(&self, at: &AtCall<'_>, decoded: &Decoded) -> bool {
        let mut sources = decoded.read.iter().map(|fd| self.tree.descriptor(at.task, *fd));
        sources.any(|end| MadeFile::of(&end).is_some())
    }
}

/// The two figures of `/proc/uptime`, in as many bytes as the kernel uses for them. The second is the time that processors were
/// idle.
fn uptime(since_start: Duration) -> String {
    let shown = format!("{}.{:02}", since_start.as_secs(), since_start.subsec_millis() / 10);
    let real = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let idle = real.trim_end().len().saturating_sub(shown.len() + " .00".len()).max(1);
    format!("{shown} {:01$}.00", 0, idle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uptime_is_as_long_as_that_of_the_kernel() {
        let real = fs::read_to_string("/proc/uptime").unwrap();
        let shown = uptime(Duration::from_millis(1_000_010));
        assert!(shown.starts_with("1000.01 0"), "{shown}");
        assert!(shown.len() >= real.trim_end().len(), "{shown} {real}");
    }
}
