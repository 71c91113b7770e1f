//! A directory of our own for the length of one run, and the removal of those that killed runs left behind.
//!
//! A run holds an flock on its directory's `owner` file for life; the kernel gives it back however the run dies. The file also
//! says which boot and process it belongs to: on the very file systems that are worth testing, an flock may not reach the
//! other mount, and a lock that seems free must not be enough to delete somebody's run. Deliberately knows nothing of
//! rounds.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::sys;

/// Every run directory begins so.
pub const PREFIX: &str = "onewinner-";
/// The file in a run directory whose flock says that the run lives.
const OWNER: &str = "owner";
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
    /// Anything else.
    #[error("failed to create a run directory in {parent:?}: {source}; name another directory")]
    Other {
        /// Where it should have been.
        parent: PathBuf,
        /// What the kernel says.
        source: io::Error,
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
    directory: TempDir,
    _owner: File,
}

impl RunDirectory {
    /// A new one in `parent`; also removes those that killed runs of this user left there, and tells how many.
    ///
    /// # Errors
    ///
    /// When `parent` takes no directory. What cannot be swept is no error: it is somebody else's, or the next run's.
    pub fn create(parent: &Path) -> Result<(Self, usize), RunDirectoryError> {
        let failed = RunDirectoryError::creating(parent);
        if !fs::metadata(parent).map_err(&failed)?.is_dir() {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        let swept = sweep(parent);
        for _ in 0..MOST_ATTEMPTS {
            let directory = tempfile::Builder::new()
                .prefix(PREFIX)
                .tempdir_in(parent)
                .map_err(&failed)?;
            match own(directory.path()) {
                Ok(owner) => {
                    let _owner = owner;
                    return Ok((Self { directory, _owner }, swept));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::Error::other("others remove each new directory at once")))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Removes it with all that is in it.
    ///
    /// # Errors
    ///
    /// When something in it cannot be removed.
    pub fn close(self) -> Result<(), RunDirectoryError> {
        let path = self.path().to_owned();
        self.directory
            .close()
            .map_err(|source| RunDirectoryError::Remains { path, source })
    }
}

/// Which boot and process this is, as the `owner` file says it.
fn signature() -> io::Result<String> {
    Ok(format!("{} {}", boot()?, std::process::id()))
}

fn boot() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Makes the owner file and takes its flock; `NotFound` when the directory is gone again.
///
/// The signature is written last: a file without one is never swept. A file system without flock still gets a run.
fn own(directory: &Path) -> io::Result<File> {
    let path = directory.join(OWNER);
    let mut owner = File::create_new(&path)?;
    match owner.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::NotFound.into()),
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    owner.write_all(signature()?.as_bytes())?;
    Ok(owner)
}

/// Removes the directories of runs that are dead for sure.
fn sweep(parent: &Path) -> usize {
    let Ok(entries) = fs::read_dir(parent) else {
        return 0; // A directory that may be written but not listed.
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter(|entry| is_dead(&entry.path()).unwrap_or(false))
        .filter(|entry| fs::remove_dir_all(entry.path()).is_ok())
        .count()
}

/// Whether the run whose directory this is was ours, on this boot, and is over.
///
/// Of two sweepers both may find it dead: then each removes what the other left.
fn is_dead(directory: &Path) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(directory)?;
    if !metadata.is_dir() || metadata.uid() != sys::effective_user() {
        return Ok(false);
    }
    let owner = File::options().read(true).write(true).open(directory.join(OWNER))?;
    if owner.try_lock().is_err() {
        return Ok(false);
    }
    let said = fs::read_to_string(directory.join(OWNER))?;
    let Some((boot_id, process)) = said.split_once(' ') else {
        return Ok(false);
    };
    Ok(boot_id == boot()? && !Path::new("/proc").join(process).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pid that no process has: above the largest that the kernel gives (`PID_MAX_LIMIT`, 2^22).
    const DEAD: u32 = 99_999_999;

    fn leave(parent: &Path, name: &str, said: &str) -> PathBuf {
        let path = parent.join(name);
        fs::create_dir_all(path.join("round-1/hub")).unwrap();
        fs::write(path.join(OWNER), said).unwrap();
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
        let boot = boot().unwrap();
        let dead = leave(parent.path(), "onewinner-dead", &format!("{boot} {DEAD}"));
        let kept = [
            leave(
                parent.path(),
                "onewinner-alive",
                &format!("{boot} {}", std::process::id()),
            ),
            leave(parent.path(), "onewinner-elsewhere", &format!("another-boot {DEAD}")),
            leave(parent.path(), "onewinner-unsigned", ""),
            leave(parent.path(), "somebody-else", &format!("{boot} {DEAD}")),
            leave(parent.path(), "onewinner-locked", &format!("{boot} {DEAD}")),
        ];
        let held = File::open(kept[4].join(OWNER)).unwrap();
        held.try_lock().unwrap();
        let (_run, swept) = RunDirectory::create(parent.path()).unwrap();
        assert_eq!((swept, dead.exists()), (1, false));
        for path in &kept {
            assert!(path.exists(), "{path:?}");
        }
        drop(held);
        let (_next, swept) = RunDirectory::create(parent.path()).unwrap();
        assert_eq!((swept, kept[4].exists()), (1, false));
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
