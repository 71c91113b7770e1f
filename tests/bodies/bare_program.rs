//! Makes the calls of `scripts.rs`, one after another, with nothing in between.
//!
//! Does not depend on `Fs` or `LockPrimitive`.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, FlockArg, OFlag, RenameFlags, fcntl, open, readlink};
use nix::sys::signal::kill;
use nix::sys::stat::{Mode, fstat, stat};
use nix::unistd::{Pid, UnlinkatFlags, close, linkat, mkdir, read, symlinkat, unlink, unlinkat, write};

use super::scripts::Left;

/// What makes the calls of scripts for one lock.
pub(crate) struct Program<'a> {
    lock: &'a Path,
    /// Asked for before, because it would be a call of its own.
    own: Pid,
    descriptors: Vec<OwnedFd>,
}

impl<'a> Program<'a> {
    pub(crate) fn new(lock: &'a Path) -> Self {
        Self {
            lock,
            own: Pid::this(),
            descriptors: Vec::with_capacity(4),
        }
    }

    /// Makes all calls of a script.
    ///
    /// # Panics
    ///
    /// When a call answers otherwise than the script says.
    pub(crate) fn run(&mut self, script: &str) {
        for call in script.split("; ") {
            let (words, wanted) = call.split_once(" = ").unwrap_or((call, ""));
            let answer = self.call(words);
            let is_wanted = match (&answer, wanted) {
                (Ok(()), "") => true,
                (Err(Errno::ENOTEMPTY | Errno::EEXIST), "full") => true,
                (Err(errno), wanted) => format!("{errno:?}") == wanted,
                (Ok(()), _) => false,
            };
            assert!(is_wanted, "{call}: {answer:?}, {wanted:?} was wanted; in {script}");
        }
        assert!(self.descriptors.is_empty(), "descriptors are left open by {script}");
    }

    fn call(&mut self, words: &str) -> nix::Result<()> {
        const OWN_RECORD: &str = "P0";
        let (deed, arguments) = words.split_once(' ').unwrap_or((words, ""));
        let mut names = arguments.split(' ').map(|name| self.path(name));
        let mut name = || names.next().expect("the call names a file");
        match deed {
            "create" => self.open(&name(), OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL),
            "overwrite" => self.open(&name(), OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC),
            "make" => self.open(&name(), OFlag::O_WRONLY | OFlag::O_CREAT),
            "open" => self.open(&name(), OFlag::O_RDWR | OFlag::O_CREAT),
            "view" => self.open(&name(), OFlag::O_RDONLY),
            "close" => close(self.descriptors.pop().expect("something is open")),
            "write" => write(self.last(), arguments.as_bytes()).map(drop),
            "read" => read(self.last(), &mut [0; 16]).map(drop),
            "stat" => stat(&name()).map(drop),
            "fstat" => fstat(self.last()).map(drop),
            "link" => linkat(AT_FDCWD, &name(), AT_FDCWD, &name(), AtFlags::empty()),
            "rename" => nix::fcntl::renameat(AT_FDCWD, &name(), AT_FDCWD, &name()),
            "rename-new" => {
                let new = RenameFlags::RENAME_NOREPLACE;
                nix::fcntl::renameat2(AT_FDCWD, &name(), AT_FDCWD, &name(), new)
            }
            "unlink" => unlink(&name()),
            "mkdir" => mkdir(&name(), Mode::from_bits_truncate(0o755)),
            "rmdir" => unlinkat(AT_FDCWD, &name(), UnlinkatFlags::RemoveDir),
            "symlink" => symlinkat(OWN_RECORD, AT_FDCWD, &name()),
            "readlink" => readlink(&name()).map(drop),
            "flock" => self.flock(FlockArg::LockExclusiveNonblock),
            "flock-waiting" => self.flock(FlockArg::LockExclusive),
            "unlock" => self.flock(FlockArg::Unlock),
            "record-lock" => fcntl(self.last(), FcntlArg::F_SETLK(&WHOLE)).map(drop),
            "ofd-lock" => fcntl(self.last(), FcntlArg::F_OFD_SETLK(&WHOLE)).map(drop),
            "kill" if arguments == "own" => kill(self.own, None),
            // Larger than the largest number that the kernel gives.
            "kill" => match kill(Pid::from_raw(i32::MAX), None) {
                Err(Errno::ESRCH) => Ok(()),
                other => panic!("a process that cannot be there: {other:?}"),
            },
            _ => panic!("no such call: {words}"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let beside = |what: &str| {
            let mut path = self.lock.as_os_str().to_owned();
            path.push(what);
            PathBuf::from(path)
        };
        match name {
            "L" => self.lock.to_owned(),
            "M" => beside(".mutex"),
            "T" => beside(".P0"),
            "X" => beside(".P0.stale"),
            "L/owner" => self.lock.join("owner"),
            "T/owner" => beside(".P0").join("owner"),
            _ => PathBuf::new(),
        }
    }

    fn open(&mut self, path: &Path, flags: OFlag) -> nix::Result<()> {
        let descriptor = open(path, flags | OFlag::O_CLOEXEC, Mode::from_bits_truncate(0o644))?;
        self.descriptors.push(descriptor);
        Ok(())
    }

    fn last(&self) -> &OwnedFd {
        self.descriptors.last().expect("something is open")
    }

    #[expect(deprecated, reason = "its successor is a guard that unlocks when it is dropped")]
    fn flock(&self, operation: FlockArg) -> nix::Result<()> {
        nix::fcntl::flock(self.last().as_raw_fd(), operation)
    }
}

/// The whole file, for one alone.
const WHOLE: libc::flock = libc::flock {
    l_type: libc::F_WRLCK as libc::c_short,
    l_whence: libc::SEEK_SET as libc::c_short,
    l_start: 0,
    l_len: 0,
    l_pid: 0,
};

/// Leaves the stale lock that a script breaks.
pub(crate) fn leave(left: Left, lock: &Path, of_a_holder: impl FnOnce()) -> io::Result<()> {
    match left {
        Left::Lock => of_a_holder(),
        Left::EmptyFile => drop(File::create_new(lock)?),
        Left::EmptyDirectory => std::fs::create_dir(lock)?,
    }
    Ok(())
}
