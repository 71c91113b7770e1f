//! The loopback interface of a new network namespace, which is down at first:
//! [netdevice(7)](https://man7.org/linux/man-pages/man7/netdevice.7.html).

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

/// Starts the loopback interface of this network namespace.
///
/// # Errors
///
/// When the kernel refuses.
pub fn up() -> io::Result<()> {
    // Any socket of the namespace will do.
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    // SAFETY: every bit pattern of zeros is a value of this C struct.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, letter) in request.ifr_name.iter_mut().zip(b"lo") {
        *place = letter.cast_signed() as libc::c_char;
    }
    // SAFETY: the kernel reads the name, which ends with a zero, and writes the flags to memory that is ours.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as _, &raw mut request) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled the flags in, for it did not fail.
    unsafe { request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short };
    // SAFETY: the kernel only reads the request.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw mut request) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
