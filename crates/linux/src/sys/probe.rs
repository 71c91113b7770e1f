//! Whether a directory answers: asked by a process of its own, because a file system can hang for ever, and whoever waits for
//! it cannot be killed.
//!
//! Unlike a [`Worker`]'s, this process may come from a threaded one: it makes nothing but system calls. Deliberately tells no
//! errors of the directory: whoever works there meets them.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{ForkResult, fork};

use super::process::Worker;
use super::supervisor::{NEVER, Supervisor, Unfinished, Watch};

/// How long a killed process is waited for: one that goes does so at once.
const GOING: Duration = Duration::from_secs(1);

/// Whether the file system of `directory` answers within `limit`, well or ill, when a directory called `name` is made in it
/// and removed. If not, that may stand there later.
///
/// # Errors
///
/// When the kernel has no process left.
pub fn answers(directory: &Path, name: &str, limit: Duration) -> io::Result<bool> {
    let Ok(path) = CString::new(directory.join(name).into_os_string().into_vec()) else {
        return Ok(true); // A path with a NUL is nowhere, as whoever works there is told.
    };
    // SAFETY: the child makes async-signal-safe calls alone, whatever other threads hold, and ends by _exit(2): fork(2).
    let probe = match unsafe { fork() }? {
        ForkResult::Parent { child } => Worker::of(child),
        ForkResult::Child => ask(&path),
    };
    let mut supervisor = Supervisor::default();
    supervisor.add(probe);
    if supervisor.all(&Watch::new(limit, NEVER)) != Err(Unfinished::TimedOut) {
        return Ok(true);
    }
    // It is left to `init` if a call holds it in the kernel.
    supervisor.end_within(GOING);
    Ok(false)
}

/// The life of the child.
fn ask(path: &CString) -> ! {
    const DIRECTORY_MODE: libc::mode_t = 0o700;
    // SAFETY: a system call with plain numbers; nobody is left to ask if the parent dies.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    // A process that hangs would keep open what others wait for the end of.
    // SAFETY: a system call with plain numbers; no descriptor is used afterwards.
    unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) };
    // SAFETY: the path ends with a NUL.
    unsafe { libc::mkdir(path.as_ptr(), DIRECTORY_MODE) };
    // SAFETY: the path ends with a NUL.
    unsafe { libc::rmdir(path.as_ptr()) };
    // SAFETY: it has no precondition and does not return.
    unsafe { libc::_exit(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That one which hangs does not answer is shown in `tests/command/matrix/`, where file systems hang.
    #[test]
    fn a_directory_answers_well_or_ill_and_nothing_is_left() {
        let there = tempfile::tempdir().unwrap();
        let limit = Duration::from_secs(60);
        for directory in [
            there.path(),
            &there.path().join("absent"),
            Path::new("/proc"),
            Path::new("nul\0"),
        ] {
            assert!(answers(directory, "probe", limit).unwrap(), "{directory:?}");
        }
        assert_eq!(std::fs::read_dir(there.path()).unwrap().count(), 0);
    }
}
