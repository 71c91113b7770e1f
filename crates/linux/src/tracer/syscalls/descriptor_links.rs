//! What the link of a descriptor in `/proc` says of it, where it leads to no file. Makes no call, and knows no task.

use std::fs;
use std::path::{Path, PathBuf};

/// Whether a descriptor leads to no file. Its inode may be one for all: that of each eventfd and pidfd, that of a namespace,
/// that of a pipe which was inherited (`fs/anon_inodes.c`, `fs/nsfs.c`, `fs/pidfs.c`).
pub(super) fn has_no_file(task: i32, fd: i32) -> bool {
    link(task, fd).is_some_and(|path| !path.is_absolute())
}

/// Whether a descriptor stands for a process: [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html).
pub(super) fn is_pidfd(task: i32, fd: i32) -> bool {
    link(task, fd).is_some_and(|path| path == Path::new("anon_inode:[pidfd]"))
}

/// Where the link of a descriptor leads; `None` for a closed one.
pub(super) fn link(task: i32, fd: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{task}/fd/{fd}")).ok()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn a_pipe_has_no_file_and_a_closed_descriptor_is_no_pipe() {
        let me = std::process::id().cast_signed();
        let (pipe, _other) = std::io::pipe().unwrap();
        let file = tempfile::tempfile().unwrap();
        assert!(has_no_file(me, pipe.as_raw_fd()));
        assert!(!has_no_file(me, file.as_raw_fd()));
        assert!(!has_no_file(me, 1_000_000));
        assert!(!is_pidfd(me, pipe.as_raw_fd()));
    }
}
