//! Private mount and PID namespaces: mounts and processes in them end with their first process.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use onewinner_core::fs::Errno;

use super::convert;

/// The rights of the namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Those of root: every file system can be mounted.
    Root,
    /// Those of a user namespace: a file system on a block device cannot be mounted.
    User,
}

/// Why namespaces could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// The kernel refused.
    #[error(
        "failed to make a mount namespace: {} ({errno}); run as root, or let users make namespaces \
         (user.max_user_namespaces, kernel.unprivileged_userns_clone, or --privileged for a container)", errno.text()
    )]
    Refused {
        /// Why.
        #[source]
        errno: Errno,
    },
    /// The user could not be mapped.
    #[error("failed to become root in a user namespace: {0}; run as root")]
    Unmapped(#[source] io::Error),
    /// Mounts would be visible outside the namespace.
    #[error("failed to make mounts private: {} ({errno}); run as root", errno.text())]
    Public {
        /// Why.
        #[source]
        errno: Errno,
    },
}

/// Moves this process, which must have a single thread, to a private mount namespace, and its future children to a PID
/// namespace: [unshare(2)](https://man7.org/linux/man-pages/man2/unshare.2.html).
///
/// The first child is the first process there. When it ends, the kernel kills all others.
///
/// # Errors
///
/// When the kernel refuses; a normal user needs user namespaces.
pub fn enter() -> Result<Rights, NamespaceError> {
    let rights = enter_as(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID, |_| 0)?;
    make_private().map_err(|errno| NamespaceError::Public { errno })?;
    Ok(rights)
}

/// Moves this process to new namespaces. A normal user gets a user namespace too, in which users and groups have the numbers
/// that `mapped` returns for their own.
pub(super) fn enter_as(ours: CloneFlags, mapped: impl Fn(u32) -> u32) -> Result<Rights, NamespaceError> {
    match unshare(ours) {
        Ok(()) => Ok(Rights::Root),
        Err(nix::errno::Errno::EPERM) => {
            // Read before: afterwards this process has no mapped user.
            let (user, group) = (geteuid().as_raw(), getegid().as_raw());
            unshare(ours | CloneFlags::CLONE_NEWUSER).map_err(|errno| NamespaceError::Refused {
                errno: convert::errno(errno),
            })?;
            // A normal user may map a group only after giving up setgroups(2); user_namespaces(7).
            let maps = [
                ("setgroups", "deny".to_owned()),
                ("uid_map", format!("{} {user} 1", mapped(user))),
                ("gid_map", format!("{} {group} 1", mapped(group))),
            ];
            for (file, text) in maps {
                fs::write(Path::new("/proc/self").join(file), text).map_err(NamespaceError::Unmapped)?;
            }
            Ok(Rights::User)
        }
        Err(errno) => Err(NamespaceError::Refused {
            errno: convert::errno(errno),
        }),
    }
}

/// Keeps the mounts of this mount namespace in it. Otherwise a system that shares its mounts, as systemd does, would show them.
///
/// # Errors
///
/// When the kernel refuses.
pub fn make_private() -> Result<(), Errno> {
    plain(None, Path::new("/"), None, MsFlags::MS_PRIVATE | MsFlags::MS_REC, None)
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

/// Mounts a file system without a device, for example `tmpfs` or `overlay`: [mount(2)](https://man7.org/linux/man-pages/man2/mount.2.html).
///
/// # Errors
///
/// When the kernel refuses.
pub fn mount_new(kind: &str, target: &Path, options: &str) -> Result<(), Errno> {
    plain(Some(kind), target, Some(kind), MsFlags::empty(), Some(options))
}

/// Mounts a directory in a second place.
///
/// # Errors
///
/// When the kernel refuses.
pub fn bind(source: &Path, target: &Path) -> Result<(), Errno> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>).map_err(convert::errno)
}

/// Makes one mount read-only, and no mount below it:
/// [mount_setattr(2)](https://man7.org/linux/man-pages/man2/mount_setattr.2.html). Devices and named pipes there can still be written.
///
/// # Errors
///
/// When the kernel refuses, for example because a file there is open for writing, or is older than Linux 5.12.
pub fn make_read_only(target: &Path) -> Result<(), Errno> {
    let path = CString::new(target.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path and the structure live until the call returns, and the size is that of the structure.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            0,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    nix::errno::Errno::result(done).map(drop).map_err(convert::errno)
}

/// Shows the processes of the PID namespace in `/proc`.
///
/// # Errors
///
/// When the kernel refuses, for example in a container that hides parts of `/proc`.
pub fn show_processes() -> Result<(), Errno> {
    plain(Some("proc"), Path::new("/proc"), Some("proc"), MsFlags::empty(), None)
}

/// Removes a mount immediately, even if it is in use. Processes that wait for a hung FUSE file system get an error:
/// `MNT_FORCE` aborts its connection,
/// [umount2(2)](https://man7.org/linux/man-pages/man2/umount2.2.html).
///
/// # Errors
///
/// When nothing is mounted there.
pub fn unmount(target: &Path) -> Result<(), Errno> {
    let forced = umount2(target, MntFlags::MNT_DETACH | MntFlags::MNT_FORCE);
    // Only root may force it.
    forced
        .or_else(|_| umount2(target, MntFlags::MNT_DETACH))
        .map_err(convert::errno)
}
