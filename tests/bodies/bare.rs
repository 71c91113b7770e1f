//! The system calls of each primitive, written out by hand: the layers are held against them, for sameness and for cost.
//!
//! Shared by `examples/acquire.rs` and `benches/acquire.rs`. Does not depend on `Fs` or `LockPrimitive`. Paths are C
//! strings, so that not even the terminating zero is added here.

use std::ffi::CStr;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, open};
use nix::sys::stat::{Mode, stat};
use nix::unistd::{UnlinkatFlags, close, mkdir, symlinkat, unlink, unlinkat, write};

/// One lock without any layer.
pub(crate) struct Bare {
    /// The primitive whose calls these are.
    pub(crate) name: &'static str,
    /// Takes the lock, or `EEXIST`.
    pub(crate) acquire: fn(&CStr) -> nix::Result<()>,
    /// Gives it back.
    pub(crate) release: fn(&CStr) -> nix::Result<()>,
}

/// Those whose release needs nothing but the name.
pub(crate) const ALL: &[Bare] = &[
    Bare {
        name: "stat-then-write",
        acquire: stat_then_write,
        release: unlink,
    },
    Bare {
        name: "create-new",
        acquire: create_new,
        release: unlink,
    },
    Bare {
        name: "mkdir",
        acquire: |lock| mkdir(lock, DIRECTORY_MODE),
        release: |lock| unlinkat(AT_FDCWD, lock, UnlinkatFlags::RemoveDir),
    },
    Bare {
        name: "symlink",
        acquire: |lock| symlinkat(c"P0", AT_FDCWD, lock),
        release: unlink,
    },
];

/// The calls of the primitive of that name.
pub(crate) fn by_name(name: &str) -> Option<&'static Bare> {
    ALL.iter().find(|bare| bare.name == name)
}

const MODE: Mode = Mode::from_bits_truncate(0o644);
const DIRECTORY_MODE: Mode = Mode::from_bits_truncate(0o755);

fn stat_then_write(lock: &CStr) -> nix::Result<()> {
    match stat(lock) {
        Ok(_) => return Err(Errno::EEXIST),
        Err(Errno::ENOENT) => {}
        Err(errno) => return Err(errno),
    }
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_CLOEXEC;
    let descriptor = open(lock, flags, MODE)?;
    write(&descriptor, b"locked\n")?;
    close(descriptor)
}

fn create_new(lock: &CStr) -> nix::Result<()> {
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
    close(open(lock, flags, MODE)?)
}
