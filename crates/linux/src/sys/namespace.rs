//! Mount and PID namespaces of our own: what is mounted and started in them goes when their first process does.
//!
//! Deliberately knows nothing of what is mounted or started.

use std::fs;
use std::io;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use onewinner_core::fs::Errno;

use super::convert;

/// Whose rights the namespaces have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Those of root: anything can be mounted.
    Root,
    /// Those of a user namespace: what needs a block device cannot be mounted.
    User,
}

/// Why there are no namespaces.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// The kernel refused.
    #[error(
        "failed to make a mount namespace of our own: {} ({errno}); run as root, or let users make namespaces \
         (user.max_user_namespaces, kernel.unprivileged_userns_clone, or --privileged for a container)", errno.text()
    )]
    Refused {
        /// Why.
        #[source]
        errno: Errno,
    },
    /// The user of the namespace could not be named.
    #[error("failed to be root in a user namespace of our own: {0}; run as root")]
    Unmapped(#[source] io::Error),
    /// Mounts would have been seen outside.
    #[error("failed to keep mounts from being seen outside: {} ({errno}); run as root", errno.text())]
    Public {
        /// Why.
        #[source]
        errno: Errno,
    },
}

/// Moves this process, which must have a single thread, to a mount namespace of its own, from which nothing is seen outside,
/// and its children to come to a PID namespace: [unshare(2)](https://man7.org/linux/man-pages/man2/unshare.2.html).
///
/// The first child is the first process there; when it ends, the kernel kills all others.
///
/// # Errors
///
/// When the kernel refuses; a normal user needs user namespaces.
pub fn enter() -> Result<Rights, NamespaceError> {
    let ours = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID;
    let rights = match unshare(ours) {
        Ok(()) => Rights::Root,
        Err(nix::errno::Errno::EPERM) => {
            // Asked before: afterwards this process is nobody.
            let (user, group) = (geteuid(), getegid());
            unshare(ours | CloneFlags::CLONE_NEWUSER).map_err(|errno| NamespaceError::Refused {
                errno: convert::errno(errno),
            })?;
            // A normal user may map a group only after giving up setgroups(2); user_namespaces(7).
            let maps = [
                ("setgroups", "deny".to_owned()),
                ("uid_map", format!("0 {user} 1")),
                ("gid_map", format!("0 {group} 1")),
            ];
            for (file, text) in maps {
                fs::write(Path::new("/proc/self").join(file), text).map_err(NamespaceError::Unmapped)?;
            }
            Rights::User
        }
        Err(errno) => {
            return Err(NamespaceError::Refused {
                errno: convert::errno(errno),
            });
        }
    };
    // Or a system that shares its mounts, as systemd does, would take over ours.
    plain(None, Path::new("/"), None, MsFlags::MS_PRIVATE | MsFlags::MS_REC, None)
        .map_err(|errno| NamespaceError::Public { errno })?;
    Ok(rights)
}

fn plain(
    source: Option<&str>,
    target: &Path,
    kind: Option<&str>,
    flags: MsFlags,
    options: Option<&str>,
) -> Result<(), Errno> {
    mount(source, target, kind, flags, options).map_err(convert::errno)
}

/// Mounts a file system without a device, as `tmpfs` or `overlay`: [mount(2)](https://man7.org/linux/man-pages/man2/mount.2.html).
///
/// # Errors
///
/// When the kernel refuses.
pub fn mount_new(kind: &str, target: &Path, options: &str) -> Result<(), Errno> {
    plain(Some(kind), target, Some(kind), MsFlags::empty(), Some(options))
}

/// Shows a directory in another place too.
///
/// # Errors
///
/// When the kernel refuses.
pub fn bind(source: &Path, target: &Path) -> Result<(), Errno> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>).map_err(convert::errno)
}

/// Shows the processes of the PID namespace in `/proc`.
///
/// # Errors
///
/// When the kernel refuses, as in a container that hides parts of `/proc`.
pub fn show_processes() -> Result<(), Errno> {
    plain(Some("proc"), Path::new("/proc"), Some("proc"), MsFlags::empty(), None)
}

/// Takes a mount away from its place, at once, however much it is in use. Whoever waits for a file system of user space that
/// does not answer is let go with an error: `MNT_FORCE` aborts its connection,
/// [umount2(2)](https://man7.org/linux/man-pages/man2/umount2.2.html).
///
/// # Errors
///
/// When there is none.
pub fn unmount(target: &Path) -> Result<(), Errno> {
    let forced = umount2(target, MntFlags::MNT_DETACH | MntFlags::MNT_FORCE);
    // Only root may force it.
    forced
        .or_else(|_| umount2(target, MntFlags::MNT_DETACH))
        .map_err(convert::errno)
}
