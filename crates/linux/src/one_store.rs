//! Whether several directories are mounts of one store: a file made through one shows through each other.
//!
//! All backends, mounts and measurements use it. It waits, because mounts cache names and attributes for about a second. It
//! does not check whether the mounts share the kernel's locks.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::run_directory::{RunDirectory, RunDirectoryError};

/// How long a file made through one mount may take to show through another.
pub const LATEST: Duration = Duration::from_secs(3);
/// The time between two checks.
const POLL: Duration = Duration::from_millis(10);

/// Two unrelated directories: a contender would win in each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShared {
    /// The directory in which something was made.
    pub one: PathBuf,
    /// The directory that does not show it.
    pub other: PathBuf,
}

/// Waits until `look` returns true, at most [`LATEST`]. Returns whether it did.
pub fn shows(mut look: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + LATEST;
    loop {
        if look() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(POLL);
    }
}

/// The path of the run directory through each of `directories`; it was made in the first one.
///
/// # Errors
///
/// When it does not show through one of them.
///
/// # Panics
///
/// When the path of the run directory has no last name.
pub fn by_each_way(run: &Path, directories: &[PathBuf]) -> Result<Vec<PathBuf>, NotShared> {
    let name = run.file_name().expect("a run has a directory of its own");
    let mut roots = vec![run.to_owned()];
    for other in directories.iter().skip(1) {
        let root = other.join(name);
        if !shows(|| root.is_dir()) {
            let (one, other) = (directories[0].clone(), other.clone());
            return Err(NotShared { one, other });
        }
        roots.push(root);
    }
    Ok(roots)
}

/// A new run directory in the first of `directories`, or in the directory for temporary files; its path through each of them; and how
/// many directories of killed runs were removed.
///
/// # Errors
///
/// When it cannot be made, or does not show through one of them.
pub fn new_run<E>(directories: &[PathBuf]) -> Result<(RunDirectory, Vec<PathBuf>, usize), E>
where
    E: From<RunDirectoryError> + From<NotShared>,
{
    let parent = directories.first().cloned().unwrap_or_else(std::env::temp_dir);
    let (run, swept) = RunDirectory::create(&parent)?;
    let roots = by_each_way(run.path(), directories)?;
    Ok((run, roots, swept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_directory_is_found_through_each_mount_even_if_it_shows_late() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let ways = [one.path().to_owned(), other.path().to_owned()];
        let run = one.path().join("run");
        std::fs::create_dir(&run).unwrap();
        let found = by_each_way(&run, &ways).unwrap_err();
        let [one, other] = ways.clone();
        assert_eq!(found, NotShared { one, other });
        let late = ways[1].join("run");
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let maker = std::thread::spawn({
            let late = late.clone();
            move || {
                // Only when the other thread is about to look.
                receiver.recv().unwrap();
                std::thread::sleep(5 * POLL);
                std::fs::create_dir(late).unwrap();
            }
        });
        sender.send(()).unwrap();
        assert_eq!(by_each_way(&run, &ways), Ok(vec![run, late]));
        maker.join().unwrap();
    }
}
