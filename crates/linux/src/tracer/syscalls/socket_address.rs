//! The address of a socket in the memory of a stopped task. Knows no call.

use std::io;

use crate::sys::bits;
use crate::sys::trace::Memory;

/// The size of `struct sockaddr_storage`, in bytes.
const LONGEST_BYTES: usize = 128;

/// The address of a socket: `struct sockaddr` of [socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// A path in the file system.
    Path,
    /// A port that the kernel chooses, or an abstract name that it chooses.
    Chosen,
    /// None: the socket is to be disconnected.
    Nothing,
    /// Any other.
    Other,
}

/// An address that was read.
pub(super) struct ReadAddress {
    pub(super) address: Address,
    /// Its path, if it is one.
    pub(super) path: Option<Vec<u8>>,
    /// As it is shown otherwise.
    pub(super) shown: String,
}

/// Reads `struct sockaddr`: a family, and what that makes of the rest.
///
/// # Errors
///
/// When nothing is mapped there.
pub(super) fn read(memory: &Memory, place: u64, length: u64) -> io::Result<ReadAddress> {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(LONGEST_BYTES);
    let mut bytes = vec![0; if place == 0 { 0 } else { length }];
    if !bytes.is_empty() {
        let read = memory.read(place, &mut bytes)?;
        bytes.truncate(read);
    }
    Ok(of(&bytes))
}

fn of(bytes: &[u8]) -> ReadAddress {
    let Some((family, rest)) = bytes.split_first_chunk::<2>() else {
        return other(Address::Nothing, "NULL");
    };
    let port = rest.first_chunk::<2>().map_or(0, |port| u16::from_be_bytes(*port));
    match u16::from_ne_bytes(*family) {
        bits::UNSPECIFIED => other(Address::Nothing, "AF_UNSPEC"),
        bits::UNIX => of_unix(rest),
        bits::INTERNET if port == 0 => other(Address::Chosen, "port 0"),
        bits::INTERNET => other(Address::Other, format!("port {port}")),
        bits::INTERNET_6 if port == 0 => other(Address::Chosen, "port 0 of IPv6"),
        bits::INTERNET_6 => other(Address::Other, format!("port {port} of IPv6")),
        family => other(Address::Other, format!("family {family}")),
    }
}

/// A path, or an abstract name: [unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html).
fn of_unix(name: &[u8]) -> ReadAddress {
    match name.split_first() {
        None => other(Address::Chosen, "AF_UNIX"),
        Some((0, name)) => other(Address::Other, format!("@{}", String::from_utf8_lossy(name))),
        Some(_) => {
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            ReadAddress {
                address: Address::Path,
                path: Some(name[..end].to_vec()),
                shown: String::new(),
            }
        }
    }
}

fn other(address: Address, shown: impl Into<String>) -> ReadAddress {
    ReadAddress {
        address,
        path: None,
        shown: shown.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(family: u16, rest: &[u8]) -> ReadAddress {
        of(&[&family.to_ne_bytes(), rest].concat())
    }

    #[test]
    fn an_address_is_a_path_a_port_or_left_to_the_kernel() {
        for (family, rest, expected) in [
            (bits::UNIX, &b"/run/lock\0junk"[..], Address::Path),
            (bits::UNIX, b"\0name", Address::Other),
            (bits::UNIX, b"", Address::Chosen),
            (bits::INTERNET, &[0, 0, 127, 0, 0, 1], Address::Chosen),
            (bits::INTERNET, &[1, 0, 127, 0, 0, 1], Address::Other),
            (bits::INTERNET_6, &[0, 0], Address::Chosen),
            (bits::UNSPECIFIED, b"", Address::Nothing),
            (999, b"", Address::Other),
        ] {
            assert_eq!(address(family, rest).address, expected, "{family} {rest:?}");
        }
        assert_eq!(of(b"").address, Address::Nothing);
        assert_eq!(address(bits::UNIX, b"/run/lock\0junk").path.unwrap(), b"/run/lock");
    }
}
