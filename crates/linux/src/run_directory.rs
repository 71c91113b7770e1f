//! A directory of our own for the length of one run, and the removal of those that killed runs left behind.
//!
//! Its name says of which boot and process it is, from the first moment on, and the run holds an flock on it for life; the
//! kernel gives that back however the run dies. Both are looked at: the name alone misleads where process numbers
//! are not shared, in a container, and the flock alone where it does not reach the other mount, which is so on the very file
//! systems that are worth testing. Deliberately knows nothing of rounds.
//!
//! A file system may hang, and takes along whoever calls it: so it is asked first by a process that can be left behind, when
//! a run begins and before it is cleared up. What hangs between that and the call itself still does harm. No file is kept
//! open, but the directory alone: to close a file may hang too, and who is killed then does not go.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::sys;
use crate::sys::probe::answers;
use crate::sys::task_state::is_gone;

/// Every run directory begins so.
pub const PREFIX: &str = "onewinner-";
/// How long a file system may take to answer.
pub const ANSWER: Duration = Duration::from_secs(10);
/// How long file systems of user space may keep files hidden in their directory that were removed while they were open.
const HIDDEN: Duration = Duration::from_secs(2);
/// How often it is tried again.
const HIDDEN_POLL: Duration = Duration::from_millis(10);
/// How often a new directory may be swept away between its creation and its flock before we give up.
const MOST_ATTEMPTS: u32 = 10;

/// Why there is no run directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunDirectoryError {
    /// The parent is absent.
    #[error("failed to create a run directory in {parent:?}: there is no such directory; create it, or name another")]
    Missing {
        /// Where it should have been.
        parent: PathBuf,
    },
    /// The parent is a file.
    #[error("failed to create a run directory in {parent:?}: it is not a directory; name one")]
    NotADirectory {
        /// Where it should have been.
        parent: PathBuf,
    },
    /// The parent may not be written to.
    #[error(
        "failed to create a run directory in {parent:?}: {source}; make it writable for this user, or name another"
    )]
    NotWritable {
        /// Where it should have been.
        parent: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// The file system is full.
    #[error("failed to create a run directory in {parent:?}: {source}; make room, or name a directory elsewhere")]
    Full {
        /// Where it should have been.
        parent: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// It does not answer.
    #[error(
        "failed to create a run directory in {parent:?}: nothing came back within {} s, so that its file system hangs; look at \
         its server or daemon, or name another directory", ANSWER.as_secs()
    )]
    Hung {
        /// Where it should have been.
        parent: PathBuf,
    },
    /// Anything else.
    #[error("failed to create a run directory in {parent:?}: {source}; name another directory")]
    Other {
        /// Where it should have been.
        parent: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// It was there, and its file system does not answer any more.
    #[error(
        "failed to remove the run directory {path:?}: nothing came back within {} s, so that its file system hangs; the next \
         run in its parent removes it", ANSWER.as_secs()
    )]
    Left {
        /// Where it is.
        path: PathBuf,
    },
    /// It could not be removed at the end.
    #[error("failed to remove the run directory {path:?}: {source}; remove it by hand")]
    Remains {
        /// Where it is.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
}

impl RunDirectoryError {
    /// Whether it tells of the file system, and not of what was asked for.
    pub fn is_no_misuse(&self) -> bool {
        matches!(self, Self::Hung { .. } | Self::Left { .. } | Self::Remains { .. })
    }

    fn creating(parent: &Path) -> impl Fn(io::Error) -> Self {
        let parent = parent.to_owned();
        move |source| {
            let parent = parent.clone();
            match source.kind() {
                io::ErrorKind::NotFound => Self::Missing { parent },
                io::ErrorKind::NotADirectory => Self::NotADirectory { parent },
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Self::NotWritable { parent, source }
                }
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { parent, source },
                _ => Self::Other { parent, source },
            }
        }
    }
}

/// The directory of this run. [`close`](Self::close) removes it; so does dropping it, without a word if that fails.
#[derive(Debug)]
pub struct RunDirectory {
    directory: RemovedOnDrop,
    owner: File,
}

/// A directory that its drop removes, unless that would hang.
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

    /// The drop leaves the directory alone from now on.
    fn forget(&mut self) {
        self.is_forgotten = true;
    }
}

impl Drop for RemovedOnDrop {
    fn drop(&mut self) {
        if !self.is_forgotten && is_answering(&self.path).unwrap_or(false) {
            let _remains = fs::remove_dir_all(&self.path);
        }
    }
}

impl RunDirectory {
    /// A new one in `parent`; also removes those that killed runs of this user left there, and tells how many.
    ///
    /// # Errors
    ///
    /// When `parent` takes no directory. What cannot be swept is no error: it is somebody else's, or the next run's.
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
        Err(failed(io::Error::other("others remove each new directory at once")))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.directory.path
    }

    /// Removes it with all that is in it.
    ///
    /// # Errors
    ///
    /// When something in it cannot be removed.
    pub fn close(self) -> Result<(), RunDirectoryError> {
        self.close_by(&[])
    }

    /// The same, where it is found by other ways too, which may see files that its own does not.
    ///
    /// # Errors
    ///
    /// When something in it cannot be removed.
    pub fn close_by(mut self, others: &[PathBuf]) -> Result<(), RunDirectoryError> {
        let path = self.path().to_owned();
        let mut owner = Some(self.owner);
        // One that nobody can be sent to is taken to answer.
        let hangs = |way: &PathBuf| matches!(is_answering(way), Ok(false));
        if hangs(&path) || others.iter().any(hangs) {
            self.directory.forget();
            return Err(RunDirectoryError::Left { path });
        }
        let deadline = Instant::now() + HIDDEN;
        while let Err(source) = fs::remove_dir_all(&path) {
            // Removed by another way, whatever this one still sees.
            let is_gone = || !others.is_empty() && others.iter().all(|other| !other.exists());
            if source.kind() == io::ErrorKind::NotFound || is_gone() {
                break;
            }
            if !is_of_the_moment(&source) || Instant::now() > deadline {
                return Err(RunDirectoryError::Remains { path, source });
            }
            // Some file systems keep what is open.
            drop(owner.take());
            // What cannot be removed by that way either is told in the end.
            others.iter().for_each(|other| drop(fs::remove_dir_all(other)));
            std::thread::sleep(HIDDEN_POLL);
        }
        // It is gone already.
        self.directory.forget();
        Ok(())
    }
}

/// Whether a directory may be removed a little later: something is hidden in it, or was changed by way of another mount.
pub(super) fn is_of_the_moment(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::StaleNetworkFileHandle
    )
}

/// Whether the file system of a directory answers. What is left in it if not has the name of a run directory of ours.
///
/// # Errors
///
/// When nobody can be sent to ask.
pub fn is_answering(directory: &Path) -> io::Result<bool> {
    let name = format!("{PREFIX}{}-{}-look", boot()?, std::process::id());
    answers(directory, &name, ANSWER)
}

/// The first digits of the number that the kernel draws at each boot.
fn boot() -> io::Result<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(id.chars().take_while(char::is_ascii_hexdigit).collect())
}

/// Takes the flock of the directory; `NotFound` when it is being swept, or was. A file system without flock still gets a
/// run.
fn own(directory: &Path) -> io::Result<File> {
    let owner = File::open(directory)?;
    match owner.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::NotFound.into()),
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    // Whoever swept the directory had the flock before us: what we have locked may have no name any more.
    if fs::metadata(directory)?.ino() != owner.metadata()?.ino() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(owner)
}

/// Removes the directories of runs that are dead for sure.
fn sweep(parent: &Path, boot: &str) -> usize {
    let Ok(entries) = fs::read_dir(parent) else {
        return 0; // A directory that may be written but not listed.
    };
    entries
        .flatten()
        .filter(|entry| is_of_the_dead(&entry.file_name().to_string_lossy(), boot))
        .filter(|entry| remove_unlocked(&entry.path()).is_ok())
        .count()
}

/// Whether this is the name of a run directory of this boot whose process is gone.
fn is_of_the_dead(name: &str, boot: &str) -> bool {
    let process = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_prefix(boot))
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(process, _)| process.parse::<i32>().ok());
    process.is_some_and(is_gone)
}

/// Removes a run directory of this user whose flock is free, and keeps the flock while it does.
fn remove_unlocked(directory: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(directory)?;
    if !metadata.is_dir() || metadata.uid() != sys::effective_user() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let owner = File::open(directory)?;
    owner.try_lock()?;
    fs::remove_dir_all(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pid that no process has: above the largest that the kernel gives (`PID_MAX_LIMIT`, 2^22).
    const DEAD: u32 = 99_999_999;

    fn leave(parent: &Path, name: &str) -> PathBuf {
        let path = parent.join(name);
        fs::create_dir_all(path.join("round-1/hub")).unwrap();
        path
    }

    #[test]
    fn a_run_directory_goes_when_it_is_closed_or_dropped() {
        let parent = tempfile::tempdir().unwrap();
        let (run, swept) = RunDirectory::create(parent.path()).unwrap();
        fs::write(run.path().join("left"), "").unwrap();
        assert_eq!(swept, 0);
        run.close().unwrap();
        drop(RunDirectory::create(parent.path()).unwrap());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_runs_that_are_dead_for_sure_are_swept() {
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
    fn a_directory_that_takes_no_run_says_what_to_do() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        let text = |path: &Path| RunDirectory::create(path).expect_err("no directory").to_string();
        assert!(text(&parent.path().join("absent")).contains("no such directory; create it"));
        assert!(text(&file).contains("not a directory; name one"));
        // Nobody makes directories in sysfs, root neither.
        assert!(
            text(Path::new("/sys")).contains("make it writable"),
            "{}",
            text(Path::new("/sys"))
        );
    }

    #[test]
    fn each_error_of_the_kernel_has_its_advice() {
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
