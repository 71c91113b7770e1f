//! Sockets that other contenders can reach: those with an address that somebody can know.
//!
//! All of them are one object, the network. A pair of sockets, or one without an address, belongs to its contender. So does one
//! whose port the kernel has chosen, until the contender asks for the number: nobody can know it before. Makes no call.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::Decoded;
use super::interpreter::AtCall;
use super::path_walk::End;
use super::socket_address::Address;
use super::watched_tree::WatchedTree;
use crate::sys::bits;
use crate::sys::descriptors::{self, Readiness};
use onewinner_core::access::AccessKind;
use onewinner_core::fs::Errno;

/// What is known of the address of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// The kernel has chosen it, and the contender has not asked.
    Chosen,
    /// Others may know it.
    Shared,
}

/// The sockets of one execution, by inode number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sockets {
    addresses: BTreeMap<u64, Known>,
    /// Those that an epoll instance watches.
    watched: BTreeSet<u64>,
    /// Whether a contender has made a netlink socket.
    pub(super) uses_netlink: bool,
    /// How many inotify instances contenders have made; a user has few of these for all processes.
    pub(super) inotify_instances: u32,
}

impl Sockets {
    /// Forgets the last execution.
    pub(crate) fn clear(&mut self) {
        self.addresses.clear();
        self.watched.clear();
        self.uses_netlink = false;
        self.inotify_instances = 0;
    }

    /// Whether other contenders can reach it.
    pub(crate) fn is_shared(&self, socket: u64) -> bool {
        self.addresses.get(&socket) == Some(&Known::Shared)
    }

    /// Whether other contenders can reach any.
    pub(crate) fn has_shared(&self) -> bool {
        self.addresses.values().any(|known| *known == Known::Shared)
    }

    /// Whether epoll watches it.
    pub(crate) fn is_watched(&self, socket: u64) -> bool {
        self.watched.contains(&socket)
    }

    /// Epoll watches it from now on.
    pub(crate) fn watch(&mut self, socket: u64) {
        self.watched.insert(socket);
    }

    /// The kernel chooses its address.
    pub(crate) fn choose(&mut self, socket: u64) {
        self.addresses.entry(socket).or_insert(Known::Chosen);
    }

    /// The contender asks for its address.
    pub(crate) fn ask(&mut self, socket: u64) {
        if let Some(known) = self.addresses.get_mut(&socket) {
            *known = Known::Shared;
        }
    }

    /// What a call on the socket of its first argument does to the network; `None` for one that others cannot reach.
    pub(super) fn access(&self, at: &AtCall<'_>, decoded: &Decoded, tree: &WatchedTree) -> Option<AccessKind> {
        let End::Socket(socket) = tree.descriptor(at.task, at.entry.arguments[0] as i32) else {
            return None; // The call fails.
        };
        let shared = |kind| self.is_shared(socket).then_some(kind);
        match (decoded.system.name, decoded.address.as_ref()) {
            ("bind", Some(Address::Chosen | Address::Nothing)) | ("getsockname", _) => None,
            ("connect" | "sendto" | "sendmsg" | "sendmmsg", Some(Address::Nothing)) => shared(AccessKind::Store),
            ("bind" | "connect" | "listen" | "sendto" | "sendmsg" | "sendmmsg", _) => Some(AccessKind::Store),
            ("getsockopt" | "getpeername", _) => shared(AccessKind::Load),
            _ => shared(AccessKind::Store),
        }
    }

    /// A call on a socket was made: which sockets others can reach now.
    pub(super) fn made(
        &mut self,
        at: &AtCall<'_>,
        decoded: &Decoded,
        returned: i64,
        errno: Option<Errno>,
        tree: &WatchedTree,
    ) {
        let accepts = matches!(decoded.system.name, "accept" | "accept4");
        let begins = matches!(
            decoded.system.name,
            "bind" | "connect" | "listen" | "sendto" | "sendmsg" | "sendmmsg"
        );
        // A connection that takes a while is made all the same.
        let goes_on = decoded.system.name == "connect" && errno == Some(Errno::from_raw(bits::IN_PROGRESS));
        let fd = if accepts {
            returned as i32
        } else {
            at.entry.arguments[0] as i32
        };
        if (accepts || begins)
            && (errno.is_none() || goes_on)
            && let End::Socket(socket) = tree.descriptor(at.task, fd)
        {
            self.addresses.insert(socket, Known::Shared);
        }
    }
}

/// Whether a call on a socket or a pipe would wait now. Where it cannot be examined, the kernel decides.
pub(super) fn would_wait(at: &AtCall<'_>, name: &str) -> bool {
    let word = |position: usize| at.entry.arguments[position] as i32;
    let (readiness, flags) = match name {
        "accept" | "accept4" | "read" | "readv" | "pread64" | "preadv" | "preadv2" => (Readiness::Input, 0),
        "recvfrom" | "recvmmsg" => (Readiness::Input, word(3)),
        "recvmsg" => (Readiness::Input, word(2)),
        "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => (Readiness::Output, 0),
        "sendto" | "sendmmsg" => (Readiness::Output, word(3)),
        "sendmsg" => (Readiness::Output, word(2)),
        _ => return false,
    };
    let waits =
        flags & bits::MESSAGE_WITHOUT_WAITING == 0 && !descriptors::never_waits(at.task, word(0)).unwrap_or(true);
    waits && !descriptors::is_ready(at.group, word(0), readiness).unwrap_or(true)
}
