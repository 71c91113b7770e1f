//! Private mounts for a test, in a mount namespace that ends with its thread; among them file systems that hang.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::harness::{Capability, ignore};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

/// Runs a test in a thread with a mount namespace of its own, and an empty directory; says so where there can be none.
pub(crate) fn apart(test: impl FnOnce(&Path) + Send) {
    let place = tempfile::tempdir().expect("the test has the rights");
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let private = || mount_at(None, Path::new("/"), None, MsFlags::MS_PRIVATE | MsFlags::MS_REC, "");
            match unshare(CloneFlags::CLONE_NEWNS)
                .map_err(|errno| errno.to_string())
                .and_then(|()| private())
            {
                Ok(()) => test(place.path()),
                Err(reason) => ignore(Capability::Namespaces, reason),
            }
        });
        // Whatever it says was said there.
        if let Err(payload) = thread.join() {
            std::panic::resume_unwind(payload);
        }
    });
}

fn mount_at(
    source: Option<&str>,
    target: &Path,
    kind: Option<&str>,
    flags: MsFlags,
    options: &str,
) -> Result<(), String> {
    mount(source, target, kind, flags, Some(options)).map_err(|errno| errno.to_string())
}

/// A directory below `place`.
pub(crate) fn folder(place: &Path, name: &str) -> PathBuf {
    let path = place.join(name);
    fs::create_dir(&path).expect("the test has the rights");
    path
}

/// A new tmpfs with these options.
pub(crate) fn tmpfs(place: &Path, name: &str, options: &str) -> PathBuf {
    let point = folder(place, name);
    mount_at(Some("tmpfs"), &point, Some("tmpfs"), MsFlags::empty(), options).expect("the test has the rights");
    point
}

/// Removes a mount, even if it is in use.
pub(crate) fn unmount(point: &Path) {
    umount2(point, MntFlags::MNT_DETACH).expect("the test has the rights");
}

/// Makes a file system read-only.
pub(crate) fn seal(point: &Path) {
    mount_at(None, point, None, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, "").expect("the test has the rights");
}

/// A FUSE file system that answers only the first requests: a process that calls it cannot even be killed.
pub(crate) struct Mute {
    point: PathBuf,
    server: Option<std::thread::JoinHandle<()>>,
    _device: Arc<File>,
}

impl Mute {
    /// Mounts one, or returns why not.
    pub(crate) fn at(point: PathBuf) -> Result<Self, String> {
        let device = File::options().read(true).write(true).open("/dev/fuse");
        let device = Arc::new(device.map_err(|error| format!("/dev/fuse: {error}"))?);
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
        mount_at(Some("mute"), &point, Some("fuse"), MsFlags::empty(), &options)?;
        let server = Some(std::thread::spawn({
            let device = Arc::clone(&device);
            move || serve(&device)
        }));
        let _device = device;
        Ok(Self { point, server, _device })
    }
}

impl Drop for Mute {
    /// Aborts the connection: processes that wait get an error.
    fn drop(&mut self) {
        let ended = umount2(&self.point, MntFlags::MNT_FORCE | MntFlags::MNT_DETACH);
        if let (Ok(()), Some(server)) = (ended, self.server.take()) {
            let _joined = server.join();
        }
    }
}

/// Answers the first request, and requests for attributes of the root and the file system: `include/uapi/linux/fuse.h`.
fn serve(mut device: &File) {
    const INIT: u32 = 26;
    const GETATTR: u32 = 3;
    const STATFS: u32 = 17;
    let mut buffer = vec![0; 1 << 20];
    // The end of the connection is an error.
    while let Ok(read) = device.read(&mut buffer) {
        let request = &buffer[..read];
        let word = |at: usize| u32::from_ne_bytes(request[at..at + 4].try_into().expect("four bytes"));
        let body: Vec<u32> = match word(4) {
            // Version 7.31, and the smallest values of everything else.
            INIT => [&[7, 31, 65_536, 0, 0, 65_536, 1][..], &[0; 9]].concat(),
            // Valid for a second; inode 1, a world-writable directory.
            GETATTR => [&[1, 0, 0, 0, 1, 0][..], &[0; 13], &[0o40_777, 2, 0, 0, 0, 4_096, 0]].concat(),
            STATFS => [&[0; 10][..], &[4_096, 255, 4_096], &[0; 7]].concat(),
            _ => continue,
        };
        let length = 16 + 4 * u32::try_from(body.len()).expect("it is short");
        let mut answer = [length.to_ne_bytes(), [0; 4]].concat();
        answer.extend(&request[8..16]);
        answer.extend(body.iter().flat_map(|word| word.to_ne_bytes()));
        if device.write(&answer).is_err() {
            return;
        }
    }
}

/// An ext4 on a loop device, which can be frozen: a process that writes then waits for the thaw, and cannot be killed.
pub(crate) struct Ice {
    pub(crate) point: PathBuf,
}

impl Ice {
    /// Makes one, or returns why not.
    pub(crate) fn below(place: &Path) -> Result<Self, String> {
        let (disk, point) = (place.join("disk"), folder(place, "ice"));
        File::create(&disk)
            .and_then(|file| file.set_len(16 << 20))
            .expect("the test has the rights");
        runs("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), disk.as_path()])?;
        runs(
            "mount",
            &["-o".as_ref(), "loop".as_ref(), disk.as_path(), point.as_path()],
        )?;
        let ice = Self { point };
        // Checks whether freezing is possible at all.
        ice.freeze()?;
        ice.thaw();
        Ok(ice)
    }

    pub(crate) fn freeze(&self) -> Result<(), String> {
        runs("fsfreeze", &["-f".as_ref(), self.point.as_path()])
    }

    pub(crate) fn thaw(&self) {
        // It may not be frozen.
        let _thawed = runs("fsfreeze", &["-u".as_ref(), self.point.as_path()]);
    }
}

impl Drop for Ice {
    /// Thaws it in any case: a frozen file system outlives every process.
    fn drop(&mut self) {
        self.thaw();
        let _gone = umount2(&self.point, MntFlags::MNT_DETACH);
    }
}

/// Runs a program, or returns why it could not.
pub(crate) fn runs(program: &str, arguments: &[&Path]) -> Result<(), String> {
    let mut command = Command::new(program);
    // A user's shell may not have them.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    let ran = command.args(arguments).stdin(Stdio::null()).output();
    match ran {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{program}: {error}")),
    }
}
