//! Named pipes, by which one process speaks to another that it did not fork:
//! [fifo(7)](https://man7.org/linux/man-pages/man7/fifo.7.html).
//!
//! Deliberately knows nothing of what is said.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

/// Makes a named pipe.
///
/// # Errors
///
/// When the name is taken, or the file system has no named pipes.
pub fn make(path: &Path) -> io::Result<()> {
    Ok(mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR)?)
}

/// Opens both of its ends, so that nobody who opens one waits. Reading does not wait: `WouldBlock` when there is nothing.
///
/// While this file is open, readers of the pipe do not come to its end.
///
/// # Errors
///
/// When it is not there.
pub fn open(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
}
