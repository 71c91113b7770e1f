//! Named pipes between processes that did not fork each other:
//! [fifo(7)](https://man7.org/linux/man-pages/man7/fifo.7.html).

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

/// Opens both of its ends, so that opening either end does not block. Reading returns `WouldBlock` when the pipe is empty.
///
/// While this file is open, readers of the pipe do not see its end.
///
/// # Errors
///
/// When the pipe does not exist.
pub fn open(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
}
