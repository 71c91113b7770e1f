//! File systems made for a run, in a mount namespace that ends with it.
//!
//! A recipe is one small file here and one line in [`ALL`] (catalogue.rs). A mount is verified before it is used: that it is
//! mounted, that it has the right type, and that all its mount points show one store. Knows no lock.

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
/// The matrix checks that all [`programs`](Self::programs) exist, and then calls [`make`](Self::make) once, in a process that
/// may be killed, with the rights to mount and an empty directory on a tmpfs.
///
/// Duties of an implementer:
///
/// 1. Everything that it makes is in the directory, or is a mount or process that ends with the namespace.
/// 2. Every mount point that it returns is a separate, empty and writable directory.
/// 3. Several mount points show one store: a file made in one shows in the others.
///
/// It must not wait without a limit: it runs programs with [`program::run`].
pub trait Recipe: Sync {
    /// The name on the command line.
    fn name(&self) -> &'static str;

    /// The type that statfs(2) has to return, as [`onewinner_linux::sys::machine::file_system`] names it.
    fn kind(&self) -> &'static str;

    /// The programs that it runs.
    fn programs(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a user namespace cannot mount it.
    fn needs_root(&self) -> bool {
        false
    }

    /// Makes and mounts it below `place`. Returns the mount points.
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
        /// Its path.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The kernel refused the mount.
    #[error("failed to mount {kind}: {} ({errno}); it may need root, or a module of the kernel", errno.text())]
    Mount {
        /// The type of file system.
        kind: &'static str,
        /// The kernel's error.
        #[source]
        errno: Errno,
    },
    /// A program failed.
    #[error(transparent)]
    Program(#[from] program::ProgramError),
}

impl MakeError {
    /// Returns a function for `map_err`: a mount of this type was refused.
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
