//! Whether the file system of a directory answers. A separate process asks, because a file system can hang for ever, and a
//! process that waits for it cannot be killed.
//!
//! Unlike a [`Worker`], this process may be forked from a threaded one: it makes only system calls. Errors of the directory are
//! not reported: the caller will meet them.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use nix::unistd::{ForkResult, fork};

use super::process::Worker;
use super::supervisor::{NEVER, Supervisor, Unfinished, Watch};

/// The limit of waiting for the killed process, which usually ends immediately.
const KILL_WAIT: Duration = Duration::from_secs(1);

/// Whether the file system of `directory` answers within `limit`, also with an error, when a directory called `name` is made
/// and removed in it. If not, that directory may appear later.
///
/// # Errors
///
/// When the kernel has no process left.
pub fn answers(directory: &Path, name: &str, limit: Duration) -> io::Result<bool> {
    let Ok(path) = CString::new(directory.join(name).into_os_string().into_vec()) else {
        return Ok(true); // No path contains a NUL: the caller will get an error.
    };
    // SAFETY: the child makes async-signal-safe calls alone, whatever other threads hold, and ends by _exit(2): fork(2).
    let probe = match unsafe { fork() }? {
        ForkResult::Parent { child } => Worker::of(child),
        ForkResult::Child => ask(&path),
    };
    let mut supervisor = Supervisor::default();
    supervisor.add(probe);
    if supervisor.wait_for_all(&Watch::new(limit, NEVER)) != Err(Unfinished::TimedOut) {
        return Ok(true);
    }
    // If a call holds it in the kernel, it is left to `init`.
    supervisor.kill_all_within(KILL_WAIT);
    Ok(false)
}

/// Runs the child.
fn ask(path: &CString) -> ! {
    const DIRECTORY_MODE: libc::mode_t = 0o700;
    // SAFETY: a system call with plain numbers. Without its parent the process has no purpose.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    // A process that hangs would keep pipes open whose end others wait for.
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

    /// File systems that hang are tested in `tests/command/matrix/`.
    #[test]
    fn a_directory_answers_also_with_an_error_and_nothing_is_left() {
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
