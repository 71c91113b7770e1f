//! File systems made for a run, in a mount namespace that goes with it.
//!
//! A recipe is one small file here and one line in [`ALL`] (catalogue.rs). What is mounted is looked at before it counts: that it is a mount,
//! of the type that it should be, and that all ways to it lead to one store. Deliberately knows no lock.

mod bind;
mod bindfs;
mod bindfs_forwarding;
mod btrfs;
mod catalogue;
mod disorderfs;
mod encfs;
mod exfat_fuse;
mod ext;
mod fuse2fs;
mod fuse_overlayfs;
mod gocryptfs;
mod image;
mod mergerfs;
pub mod need;
mod ntfs_3g;
mod overlay;
pub mod program;
mod ramfs;
mod rclone;
mod sshfs;
mod tmpfs;
mod unionfs;
pub mod verify;
mod ways;
mod xfs;

use std::io;
use std::path::{Path, PathBuf};

use onewinner_core::fs::Errno;

pub use catalogue::{ALL, by_name};

/// How to make and mount a file system.
///
/// The matrix looks whether all [`programs`](Self::programs) are there, and then calls [`make`](Self::make) once, in a
/// process that may be killed, with the rights to mount and an empty directory on a tmpfs.
///
/// Duties of an implementer:
///
/// 1. Everything that it makes is in the directory, or a mount or process that goes with the namespace.
/// 2. Every mount point that it returns is an empty directory of its own, which is writable.
/// 3. Several mount points are ways to one store: what is made in one is there in the others.
///
/// It must not wait without a limit: programs are run by [`program::run`].
pub trait Recipe: Sync {
    /// The name on the command line.
    fn name(&self) -> &'static str;

    /// The type that statfs(2) is to tell, as [`onewinner_linux::sys::machine::file_system`] names it.
    fn kind(&self) -> &'static str;

    /// The programs that it runs.
    fn programs(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a user namespace cannot mount it.
    fn needs_root(&self) -> bool {
        false
    }

    /// Makes and mounts it below `place`; returns the mount points.
    ///
    /// # Errors
    ///
    /// When a program or the kernel refuses.
    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError>;
}

/// Why a file system could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// A file or directory could not be made.
    #[error("failed to make {path:?}: {source}; make room in memory")]
    Prepare {
        /// Which.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// The kernel does not mount it.
    #[error("failed to mount {kind}: {} ({errno}); it may need root, or a module of the kernel", errno.text())]
    Mount {
        /// What kind of file system.
        kind: &'static str,
        /// What the kernel says.
        #[source]
        errno: Errno,
    },
    /// A program failed.
    #[error(transparent)]
    Program(#[from] program::ProgramError),
}

impl MakeError {
    /// For `map_err`: a mount of this kind was refused.
    fn mounting(kind: &'static str) -> impl FnOnce(Errno) -> Self {
        move |errno| Self::Mount { kind, errno }
    }
}

/// Makes a directory below `place`.
fn directory(place: &Path, name: &str) -> Result<PathBuf, MakeError> {
    let path = place.join(name);
    match std::fs::create_dir(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(MakeError::Prepare { path, source }),
    }
}
