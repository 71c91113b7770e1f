//! The directory of one run, and the removal of directories that killed runs left behind.
//!
//! Its name contains the boot and the pid of the run, and the run holds an flock on it, which the kernel releases however the
//! run dies. A directory is removed only if both say that the run is dead. The name alone misleads in a container, whose pids
//! are its own. The flock alone misleads where it does not reach another mount, as on the file systems worth testing.
//!
//! A file system may hang, and with it every process that calls it. So another process asks it first, when a run begins and
//! before it is removed. A file system that hangs after that still hangs the run. Only the directory is kept open and no
//! file: closing a file may hang too, and then the process cannot be killed.
//!
//! | file | what it holds |
//! |---|---|
//! | `error.rs` | why there is no run directory, or why it stays |
//! | `removal.rs` | removes a directory whatever rights a program has taken away in it |

mod error;
pub(crate) mod removal;

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use self::error::{ANSWER, RunDirectoryError};
use self::removal::{open_anyway, remove_tree};
use crate::sys;
use crate::sys::probe::answers;
use crate::sys::task_state::is_gone;

/// The prefix of every run directory.
pub const PREFIX: &str = "onewinner-";
/// How long a FUSE file system may keep a hidden file in the place of one that was removed while it was open.
const HIDDEN: Duration = Duration::from_secs(2);
/// The time between two attempts to remove a directory.
const HIDDEN_POLL: Duration = Duration::from_millis(10);
/// How often another run may remove a new directory before this run has its flock.
const MOST_ATTEMPTS: u32 = 10;

/// The directory of this run. [`close`](Self::close) removes it. So does dropping it, but without an error.
#[derive(Debug)]
pub struct RunDirectory {
    directory: RemovedOnDrop,
    owner: File,
}

/// A directory that is removed when this is dropped, unless that would hang.
#[derive(Debug)]
struct RemovedOnDrop {
    path: PathBuf,
    is_forgotten: bool,
}

impl RemovedOnDrop {
    fn new(path: PathBuf) -> Self {
        let is_forgotten = false;
        Self { path, is_forgotten }
    }

    /// Keeps the directory when this is dropped.
    fn forget(&mut self) {
        self.is_forgotten = true;
    }
}

impl Drop for RemovedOnDrop {
    fn drop(&mut self) {
        if !self.is_forgotten && is_answering(&self.path).unwrap_or(false) {
            let _remains = remove_tree(&self.path);
        }
    }
}

impl RunDirectory {
    /// Makes a new one in `parent`. Also removes those that killed runs of this user left there, and returns how many.
    ///
    /// # Errors
    ///
    /// When no directory can be made in `parent`. A directory of a killed run that cannot be removed is not an error.
    pub fn create(parent: &Path) -> Result<(Self, usize), RunDirectoryError> {
        let failed = RunDirectoryError::creating(parent);
        if !is_answering(parent).map_err(&failed)? {
            let parent = parent.to_owned();
            return Err(RunDirectoryError::Hung { parent });
        }
        if !fs::metadata(parent).map_err(&failed)?.is_dir() {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        let boot = boot().map_err(&failed)?;
        let swept = sweep(parent, &boot);
        let prefix = format!("{PREFIX}{boot}-{}-", std::process::id());
        for _ in 0..MOST_ATTEMPTS {
            let directory = RemovedOnDrop::new(sys::create_unique_directory(parent, &prefix).map_err(&failed)?);
            match own(&directory.path) {
                Ok(owner) => return Ok((Self { directory, owner }, swept)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::Error::other(
            "other processes remove each new directory immediately",
        )))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.directory.path
    }

    /// Removes it with its contents.
    ///
    /// # Errors
    ///
    /// When something in it cannot be removed.
    pub fn close(self) -> Result<(), RunDirectoryError> {
        self.close_by(&[])
    }

    /// Removes it with its contents, also through other mounts, which may show files that the first one does not.
    ///
    /// # Errors
    ///
    /// When something in it cannot be removed.
    pub fn close_by(mut self, others: &[PathBuf]) -> Result<(), RunDirectoryError> {
        let path = self.path().to_owned();
        let mut owner = Some(self.owner);
        // If no process can be forked to ask it, it counts as answering.
        let hangs = |way: &PathBuf| matches!(is_answering(way), Ok(false));
        if hangs(&path) || others.iter().any(hangs) {
            self.directory.forget();
            return Err(RunDirectoryError::Left { path });
        }
        let deadline = Instant::now() + HIDDEN;
        while let Err(source) = remove_tree(&path) {
            // Removed through another mount, whatever this one still shows.
            let is_gone = || !others.is_empty() && others.iter().all(|other| !other.exists());
            if source.kind() == io::ErrorKind::NotFound || is_gone() {
                break;
            }
            if !may_pass(&source) || Instant::now() > deadline {
                return Err(RunDirectoryError::Remains { path, source });
            }
            // Some file systems keep what is open.
            drop(owner.take());
            // What cannot be removed there either is reported below.
            others.iter().for_each(|other| drop(remove_tree(other)));
            std::thread::sleep(HIDDEN_POLL);
        }
        // It is removed already.
        self.directory.forget();
        Ok(())
    }
}

/// Whether a later attempt to remove a directory may succeed: a file is hidden in it, or another mount changed it.
pub(super) fn may_pass(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::StaleNetworkFileHandle
    )
}

/// Whether the file system of a directory answers. If not, a directory may be left in it, which the next question removes.
///
/// # Errors
///
/// When no process can be forked to ask.
pub fn is_answering(directory: &Path) -> io::Result<bool> {
    answers(directory, &question(&boot()?), ANSWER)
}

/// The name of the directory that is made and removed to ask. All runs of a user ask by the same name: however many are killed
/// while they ask, one directory is left, and the next run removes it.
fn question(boot: &str) -> String {
    format!("{PREFIX}{boot}-user{}-look", sys::effective_user())
}

/// The first digits of the kernel's random boot id.
fn boot() -> io::Result<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(id.chars().take_while(char::is_ascii_hexdigit).collect())
}

/// Takes the flock of the directory. `NotFound` when another run removes or has removed it. A file system without flock is
/// no obstacle.
fn own(directory: &Path) -> io::Result<File> {
    let owner = File::open(directory)?;
    match owner.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::NotFound.into()),
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    // A run that removed the directory had the flock before: the locked inode may have no name any more.
    if fs::metadata(directory)?.ino() != owner.metadata()?.ino() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(owner)
}

/// Removes the directories of runs that are certainly dead. Returns how many.
fn sweep(parent: &Path, boot: &str) -> usize {
    let Ok(entries) = fs::read_dir(parent) else {
        return 0; // The directory may be written but not listed.
    };
    entries
        .flatten()
        .filter(|entry| is_of_a_dead_run(&entry.file_name().to_string_lossy(), boot))
        .filter(|entry| remove_unlocked(&entry.path()).is_ok())
        .count()
}

/// Whether this is the name of a run directory of this boot whose process is gone.
fn is_of_a_dead_run(name: &str, boot: &str) -> bool {
    let process = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_prefix(boot))
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(process, _)| process.parse::<i32>().ok());
    process.is_some_and(is_gone)
}

/// Removes a run directory of this user whose flock is free, while holding the flock.
fn remove_unlocked(directory: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(directory)?;
    if !metadata.is_dir() || metadata.uid() != sys::effective_user() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let owner = open_anyway(directory)?;
    owner.try_lock()?;
    remove_tree(directory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A pid that no process has: above the kernel's largest (`PID_MAX_LIMIT`, 2^22).
    const DEAD: u32 = 99_999_999;

    fn leave(parent: &Path, name: &str) -> PathBuf {
        let path = parent.join(name);
        fs::create_dir_all(path.join("round-1/hub")).unwrap();
        path
    }

    #[test]
    fn a_run_directory_is_removed_when_it_is_closed_or_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let (run, swept) = RunDirectory::create(parent.path()).unwrap();
        fs::write(run.path().join("left"), "").unwrap();
        assert_eq!(swept, 0);
        run.close().unwrap();
        drop(RunDirectory::create(parent.path()).unwrap());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_directories_of_runs_that_are_certainly_dead_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let (boot, own) = (boot().unwrap(), std::process::id());
        let dead = leave(parent.path(), &format!("onewinner-{boot}-{DEAD}-a"));
        let kept = [
            format!("onewinner-{boot}-{DEAD}-locked"),
            format!("onewinner-{boot}-{own}-alive"),
            format!("onewinner-elsewhere-{DEAD}-a"),
            format!("onewinner-{boot}-x-a"),
            format!("somebody-{boot}-{DEAD}-a"),
            "onewinner".to_owned(),
        ]
        .map(|name| leave(parent.path(), &name));
        let held = File::open(&kept[0]).unwrap();
        held.try_lock().unwrap();
        let (_run, swept) = RunDirectory::create(parent.path()).unwrap();
        assert_eq!((swept, dead.exists()), (1, false));
        for path in &kept {
            assert!(path.exists(), "{path:?}");
        }
        drop(held);
        let (_next, swept) = RunDirectory::create(parent.path()).unwrap();
        assert_eq!((swept, kept[0].exists()), (1, false));
    }

    #[test]
    fn the_question_of_a_killed_run_is_removed_by_the_next_question_and_never_swept() {
        let parent = tempfile::tempdir().unwrap();
        let boot = boot().unwrap();
        let name = question(&boot);
        fs::create_dir(parent.path().join(&name)).unwrap();
        assert!(!is_of_a_dead_run(&name, &boot), "{name}");
        assert!(is_answering(parent.path()).unwrap());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_killed_run_whose_directory_its_owner_may_not_enter_is_removed_too() {
        let parent = tempfile::tempdir().unwrap();
        let dead = leave(parent.path(), &format!("onewinner-{}-{DEAD}-a", boot().unwrap()));
        fs::set_permissions(dead.join("round-1"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(&dead, fs::Permissions::from_mode(0o000)).unwrap();
        let (_run, swept) = RunDirectory::create(parent.path()).unwrap();
        assert_eq!((swept, dead.exists()), (1, false));
    }

    #[test]
    fn a_parent_that_takes_no_directory_is_an_error_with_advice() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        let text = |path: &Path| RunDirectory::create(path).expect_err("no directory").to_string();
        assert!(text(&parent.path().join("absent")).contains("no such directory; create it"));
        assert!(text(&file).contains("not a directory; name one"));
        // Not even root can make a directory in sysfs.
        assert!(
            text(Path::new("/sys")).contains("make it writable"),
            "{}",
            text(Path::new("/sys"))
        );
    }

    #[test]
    fn each_kernel_error_has_its_advice() {
        for (number, advice) in [
            (28, "make room"),
            (122, "make room"),
            (30, "writable"),
            (13, "writable"),
            (5, "name another"),
        ] {
            let error = RunDirectoryError::creating(Path::new("/d"))(io::Error::from_raw_os_error(number));
            assert!(error.to_string().contains(advice), "{error}");
        }
    }
}
