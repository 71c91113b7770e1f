//! Whether several directories are mounts of one store: what is made by way of one shows by way of each other.
//!
//! The one answer for all backends, mounts and measurements. It waits, because caches of names and attributes last a second.
//! Whether the kernel's locks are shared too is another question.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long what was made by one way may take to show by another.
pub const LATEST: Duration = Duration::from_secs(3);
/// The time between two looks.
const POLL: Duration = Duration::from_millis(10);

/// Two directories that have nothing to do with each other: in each of them a contender would win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShared {
    /// The directory in which something was made.
    pub one: PathBuf,
    /// The directory in which it does not show.
    pub other: PathBuf,
}

/// Waits until something shows, at most [`LATEST`]. Returns whether it does.
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

/// The run directory by way of each of `directories`, in the first of which it was made.
///
/// # Errors
///
/// When it does not show by way of one of them.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_directory_is_found_by_each_way_even_if_it_shows_late() {
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
                // Not before the other thread is about to look.
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
