//! Sockets and messages that reach others without an address: requests to the kernel by netlink, raw packets, and messages that
//! carry descriptors.
//!
//! A descriptor in a message is open although no process has it, and so are its locks. Makes no call.

use super::decode::Decoded;
use super::interpreter::{AtCall, Decision};
use super::process_calls::uncontrolled;
use super::programs::Programs;
use crate::sys::bits;
use crate::sys::descriptors;

/// Why a request by netlink is out of control.
pub(super) const REQUESTS_BY_NETLINK: &str = "makes a request by netlink that is more than a question for addresses";

/// The size of `struct msghdr`, in bytes: [recvmsg(2)](https://man7.org/linux/man-pages/man2/recvmsg.2.html).
const MESSAGE_BYTES: usize = 56;
/// The size of `struct mmsghdr`, in bytes.
const ONE_OF_MANY_BYTES: u64 = 64;
/// The most messages of one call that are examined; the kernel sends no more (`UIO_MAXIOV`).
const MOST_MESSAGES: u64 = 1024;
/// How much of what is sent beside a message is examined, in bytes.
const MOST_CONTROL_BYTES: u64 = 4096;
/// The size of `struct cmsghdr`, in bytes: [cmsg(3)](https://man7.org/linux/man-pages/man3/cmsg.3.html).
const CONTROL_BYTES: usize = 16;

impl Programs {
    /// A socket of a family, or of a type, that passes by no filter.
    pub(super) fn makes_socket(&mut self, at: &AtCall<'_>, name: &str) -> Decision {
        let [family, kind, protocol, ..] = at.entry.arguments.map(|argument| argument as i32);
        let kind = kind & bits::SOCKET_TYPE as i32;
        if family == bits::NETLINK && protocol == bits::NETLINK_ROUTE {
            self.sockets.uses_netlink = true;
            return Decision::Harmless;
        }
        if bits::USUAL_FAMILIES.contains(&family) && bits::USUAL_TYPES.contains(&kind) {
            return Decision::Harmless;
        }
        uncontrolled(at, name, "makes a socket for raw packets, or of an unusual family")
    }

    /// Why a call on a socket reaches others, whatever the address of the socket.
    pub(super) fn reaches_beyond(&self, at: &AtCall<'_>, name: &str, fd: i32) -> Option<&'static str> {
        let sends = matches!(name, "sendto" | "sendmsg" | "sendmmsg");
        if sends && self.is_netlink(at, fd) && !only_asks(at, name) {
            return Some(REQUESTS_BY_NETLINK);
        }
        let carries = match name {
            "sendmsg" => carries_descriptors(at, at.entry.arguments[1]),
            "sendmmsg" => {
                let count = (at.entry.arguments[2] & u64::from(u32::MAX)).min(MOST_MESSAGES);
                let place = |position: u64| at.entry.arguments[1].wrapping_add(position * ONE_OF_MANY_BYTES);
                (0..count).any(|position| carries_descriptors(at, place(position)))
            }
            _ => false,
        };
        carries.then_some("sends a descriptor in a message, and with it perhaps a lock")
    }

    /// Whether a call on content writes to a netlink socket.
    pub(super) fn writes_to_netlink(&self, at: &AtCall<'_>, decoded: &Decoded) -> bool {
        decoded.written.iter().any(|fd| self.is_netlink(at, *fd))
    }

    fn is_netlink(&self, at: &AtCall<'_>, fd: i32) -> bool {
        let family = || descriptors::socket_family(at.group, fd);
        // What is no socket has no family, and one that cannot be examined may be one.
        self.sockets.uses_netlink
            && family().map_or_else(
                |error| error.raw_os_error() != Some(bits::NO_SOCKET),
                |family| family == bits::NETLINK,
            )
    }
}

/// Whether a message to the kernel is one question for addresses or routes, and nothing else: `struct nlmsghdr` of
/// [netlink(7)](https://man7.org/linux/man-pages/man7/netlink.7.html).
fn only_asks(at: &AtCall<'_>, name: &str) -> bool {
    if name != "sendto" {
        return false;
    }
    let [_, place, length, ..] = at.entry.arguments;
    let mut header = [0; 6];
    if !matches!(at.memory.read(place, &mut header), Ok(6)) {
        return true; // The kernel refuses it.
    }
    let [a, b, c, d, e, f] = header;
    let first = u64::from(u32::from_ne_bytes([a, b, c, d])).next_multiple_of(4);
    length <= first && bits::ASKS_NETLINK.contains(&u16::from_ne_bytes([e, f]))
}

/// Whether a message, whose `struct msghdr` is there, carries descriptors. What cannot be read, the kernel refuses.
fn carries_descriptors(at: &AtCall<'_>, place: u64) -> bool {
    let mut message = [0; MESSAGE_BYTES];
    if !matches!(at.memory.read(place, &mut message), Ok(MESSAGE_BYTES)) {
        return false;
    }
    let word = |place: usize| u64::from_ne_bytes(std::array::from_fn(|byte| message[place + byte]));
    let (place, length) = (word(32), word(40));
    if place == 0 || length == 0 {
        return false;
    }
    if length > MOST_CONTROL_BYTES {
        return true;
    }
    let mut control = vec![0; usize::try_from(length).unwrap_or_default()];
    match at.memory.read(place, &mut control) {
        Ok(read) if read == control.len() => has_descriptors(&control),
        _ => false,
    }
}

fn has_descriptors(mut control: &[u8]) -> bool {
    while control.len() >= CONTROL_BYTES {
        let length = usize::from_ne_bytes(std::array::from_fn(|byte| control[byte]));
        let number = |place: usize| i32::from_ne_bytes(std::array::from_fn(|byte| control[place + byte]));
        if (number(8), number(12)) == bits::DESCRIPTORS_SENT {
            return true;
        }
        let next = length.checked_next_multiple_of(8).unwrap_or(usize::MAX);
        if length < CONTROL_BYTES || next > control.len() {
            return false;
        }
        control = &control[next..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(kind: (i32, i32)) -> Vec<u8> {
        let header = [
            20_usize.to_ne_bytes().as_slice(),
            &kind.0.to_ne_bytes(),
            &kind.1.to_ne_bytes(),
        ]
        .concat();
        [header.as_slice(), &[0; 8]].concat()
    }

    #[test]
    fn a_descriptor_in_a_message_is_found_behind_other_parts() {
        let other = control((bits::DESCRIPTORS_SENT.0, 2));
        let sent = control(bits::DESCRIPTORS_SENT);
        assert!(has_descriptors(&sent));
        assert!(has_descriptors(&[other.clone(), sent].concat()));
        assert!(!has_descriptors(&other));
        assert!(!has_descriptors(&[0; 16]));
        assert!(!has_descriptors(b"short"));
    }
}
