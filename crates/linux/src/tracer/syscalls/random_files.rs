//! Reads of files and devices with random contents: the tracer makes the contents, the same in each execution.
//!
//! Makes no call.

use std::path::Path;

use super::decode::Decoded;
use super::entropy;
use super::interpreter::{AtCall, Decision};
use super::path_walk::End;
use super::programs::Programs;
use super::watched_tree::InodeKind;
use crate::sys::{bits, descriptors};

/// A file or device whose contents are random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RandomFile {
    /// `/dev/random` or `/dev/urandom` (`Documentation/admin-guide/devices.txt`).
    Device,
    /// A new UUID for each read: [proc_sys_kernel(5)](https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html).
    Uuid,
    /// The UUID of the start of the machine.
    BootId,
}

impl RandomFile {
    /// Which one an open descriptor leads to.
    pub(super) fn of(end: &End) -> Option<Self> {
        let End::Object(there) = end else { return None };
        let devices = [bits::RANDOM_DEVICE, bits::URANDOM_DEVICE].map(InodeKind::Device);
        if devices.contains(&there.kind) {
            return Some(Self::Device);
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
    pub(super) fn read_random_file(&mut self, at: &AtCall<'_>, name: &str, file: RandomFile) -> Decision {
        let [fd, place, wanted, offset, ..] = at.entry.arguments;
        let refused =
            |what: &str| Decision::Uncontrolled(format!("{} {what} with {name}, which is not controlled", at.process));
        if !matches!(name, "read" | "pread64") {
            return refused("reads random bytes");
        }
        let text = match file {
            RandomFile::Device => {
                return match self.entropy.fill(at, place, wanted) {
                    Ok(bytes) => Decision::Answered(bytes),
                    Err(error) => refused(&format!("reads random bytes to nowhere ({error})")),
                };
            }
            RandomFile::Uuid => self.entropy.uuid(at),
            RandomFile::BootId => entropy::boot_id(),
        };
        let from = match name {
            "read" => descriptors::offset(at.task, fd as i32),
            _ => Ok(offset),
        };
        match from {
            // The kernel makes the read, which moves the offset. It shows a text of the same length.
            Ok(from) => {
                let line = format!("{text}\n").into_bytes();
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(line.len());
                Decision::Reads(line[from..].to_vec())
            }
            Err(error) => refused(&format!("reads a random name from an unknown place ({error})")),
        }
    }

    /// Whether a call copies the contents of such a file to another place.
    pub(super) fn copies_random_file(&self, at: &AtCall<'_>, decoded: &Decoded) -> bool {
        let mut sources = decoded.read.iter().map(|fd| self.tree.descriptor(at.task, *fd));
        sources.any(|end| RandomFile::of(&end).is_some())
    }
}
