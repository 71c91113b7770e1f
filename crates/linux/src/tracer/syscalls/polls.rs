//! Whether a wait for descriptors is for one that other contenders can reach: the moment at which it is ready cannot be seen.
//!
//! Descriptors in an epoll instance were examined when they were added. Makes no call.

use super::descriptor_links;
use super::interpreter::AtCall;
use super::path_walk::End;
use super::programs::Programs;
use super::watched_tree::{InodeKind, Side};

/// The most descriptors of one wait that are examined.
const MOST_DESCRIPTORS: usize = 1024;
/// The size of `struct pollfd`, in bytes.
const POLLED_BYTES: usize = 8;

impl Programs {
    /// Whether poll, select or one of their kind waits for a socket or a pipe that others can reach.
    pub(super) fn polls_shared(&self, at: &AtCall<'_>, name: &str) -> bool {
        if !self.sockets.has_shared() && !self.pipes && !self.tree.numbers.is_watcher(at.process) {
            return false;
        }
        let descriptors = match name {
            "poll" | "ppoll" => polled(at),
            "select" | "pselect6" => selected(at),
            _ => Some(Vec::new()),
        };
        // Where they cannot be read, the kernel refuses the call.
        descriptors
            .unwrap_or_default()
            .into_iter()
            .any(|fd| self.is_reached(at, fd))
    }

    fn is_reached(&self, at: &AtCall<'_>, fd: i32) -> bool {
        match self.tree.descriptor(at.task, fd) {
            End::Socket(socket) => self.sockets.is_shared(socket),
            End::Object(there) => there.kind == InodeKind::Pipe && there.side == Side::Watched,
            End::Figures(_) | End::Hidden(_) => true,
            End::Own => self.tree.numbers.is_watcher(at.process) && descriptor_links::is_pidfd(at.task, fd),
            _ => false,
        }
    }
}

/// The descriptors of poll(2).
fn polled(at: &AtCall<'_>) -> Option<Vec<i32>> {
    let count = usize::try_from(at.entry.arguments[1]).ok()?.min(MOST_DESCRIPTORS);
    let mut bytes = vec![0; count * POLLED_BYTES];
    if count > 0 {
        at.memory.read(at.entry.arguments[0], &mut bytes).ok()?;
    }
    let entries = bytes.chunks_exact(POLLED_BYTES);
    Some(
        entries
            .map(|entry| i32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]))
            .collect(),
    )
}

/// The descriptors of select(2): a bit each in three sets.
fn selected(at: &AtCall<'_>) -> Option<Vec<i32>> {
    let count = usize::try_from(at.entry.arguments[0]).ok()?.min(MOST_DESCRIPTORS);
    let mut descriptors = Vec::new();
    for set in &at.entry.arguments[1..4] {
        if *set == 0 || count == 0 {
            continue;
        }
        // The kernel reads whole words: `fs/select.c`, `get_fd_set`.
        let mut bytes = vec![0; count.div_ceil(64) * 8];
        at.memory.read(*set, &mut bytes).ok()?;
        let is_set = |fd: &usize| bytes[fd / 8] & (1 << (fd % 8)) != 0;
        descriptors.extend((0..count).filter(is_set).filter_map(|fd| i32::try_from(fd).ok()));
    }
    Some(descriptors)
}
