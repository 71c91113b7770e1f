//! Which paths beside the watched directories contenders share, and whether calls on them can become steps.
//!
//! A path that one contender uses alone costs no step. When a second one uses it too, and either changes it, the path is
//! watched from then on, with all below it, and the search begins anew. Only where contenders write to private layers: elsewhere
//! a change would reach the machine, and the next execution. Knows no call.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The most paths that are watched beside the directories: a program whose shared names differ each time is given up.
const MOST_SHARED: usize = 64;
/// The most files below a path that becomes watched: all of them are examined before each execution.
const MOST_FILES: usize = 256;

/// What lies beside the watched directories, and what of it is watched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sharing {
    /// The places with private layers.
    pub(crate) layers: Vec<PathBuf>,
    /// What is mounted in these places without a layer.
    pub(crate) open_mounts: Vec<PathBuf>,
    /// The paths that are watched.
    pub(crate) shared: BTreeSet<PathBuf>,
    /// Whether a search may begin anew to watch another path.
    pub(crate) grows: bool,
    /// Where the program has its lock, if that is a place of its own.
    pub(crate) lock_at: Option<PathBuf>,
    /// Paths that were shared, and are not watched yet.
    found: BTreeSet<PathBuf>,
    /// Paths outside the layers that a contender was about to change.
    refused: BTreeSet<PathBuf>,
}

impl Sharing {
    /// Two contenders use this path, and one of them changes it. Returns whether it will be watched.
    pub(crate) fn finds(&mut self, path: &Path) -> bool {
        let room = self.shared.len() + self.found.len() < MOST_SHARED;
        let is_new = !self.shared.contains(path);
        let found = self.grows && room && is_new && self.is_private(path) && has_few_files(path);
        if found {
            self.found.insert(path.to_owned());
        }
        found
    }

    /// Whether contenders see private layers over the places where programs write.
    pub(crate) fn has_layers(&self) -> bool {
        !self.layers.is_empty()
    }

    /// The paths that another search has to watch.
    pub(crate) fn found(&self) -> Vec<PathBuf> {
        self.found.iter().cloned().collect()
    }

    /// Whether what is written there stays in a private layer.
    pub(crate) fn is_private(&self, path: &Path) -> bool {
        let below = |places: &[PathBuf]| places.iter().any(|place| path != place && path.starts_with(place));
        below(&self.layers) && !self.open_mounts.iter().any(|mount| path.starts_with(mount))
    }

    /// A contender is about to change this path.
    pub(crate) fn changes(&mut self, path: &Path) {
        if !self.layers.is_empty() && !self.is_private(path) && !path.starts_with("/proc") && !path.starts_with("/dev")
        {
            self.refused.insert(path.to_owned());
        }
    }

    /// What contenders could not change.
    pub(crate) fn note(&self) -> Option<String> {
        let first = self.refused.first()?;
        let more = match self.refused.len() {
            1 => String::new(),
            many => format!(" and {} more", many - 1),
        };
        Some(format!(
            "read-only for contenders, but a program tries to change it: {}{more}",
            first.display()
        ))
    }

    /// Whether a path beside the watched directories is shown as part of the lock: it is in the directory of the lock.
    pub(crate) fn is_of_the_lock(&self, path: &Path) -> bool {
        let directory = self.lock_at.as_deref().and_then(Path::parent);
        directory.is_some_and(|directory| path.starts_with(directory))
    }
}

/// Whether all that is below a path can be examined before each execution.
fn has_few_files(path: &Path) -> bool {
    fn count(path: &Path, left: &mut usize) -> bool {
        let Some(less) = left.checked_sub(1) else { return false };
        *left = less;
        match fs::symlink_metadata(path) {
            Ok(there) if there.is_dir() => {
                fs::read_dir(path).is_ok_and(|entries| entries.flatten().all(|entry| count(&entry.path(), left)))
            }
            _ => true,
        }
    }
    count(path, &mut MOST_FILES.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sharing() -> Sharing {
        Sharing {
            layers: vec!["/tmp".into(), "/run".into()],
            open_mounts: vec!["/run/user/1000".into()],
            grows: true,
            ..Sharing::default()
        }
    }

    #[test]
    fn a_path_is_watched_only_where_writes_stay_private() {
        for (path, watched) in [
            ("/tmp/absent", true),
            ("/tmp", false),
            ("/run/user/1000/lock", false),
            ("/srv/lock", false),
        ] {
            let mut sharing = sharing();
            assert_eq!(sharing.finds(Path::new(path)), watched, "{path}");
            assert_eq!(sharing.found().len(), usize::from(watched), "{path}");
        }
        let mut fixed = Sharing {
            grows: false,
            ..sharing()
        };
        assert!(!fixed.finds(Path::new("/tmp/absent")));
    }

    #[test]
    fn a_program_that_shares_ever_new_paths_is_given_up() {
        let mut sharing = sharing();
        let mut found = (0..=MOST_SHARED).map(|number| sharing.finds(&Path::new("/tmp").join(number.to_string())));
        assert!(found.by_ref().take(MOST_SHARED).all(|found| found));
        assert_eq!(found.next(), Some(false));
    }

    #[test]
    fn a_change_outside_the_layers_is_noted() {
        let mut sharing = sharing();
        sharing.changes(Path::new("/tmp/a"));
        assert_eq!(sharing.note(), None);
        sharing.changes(Path::new("/srv/a"));
        sharing.changes(Path::new("/srv/b"));
        assert!(sharing.note().is_some_and(|note| note.ends_with("/srv/a and 1 more")));
    }
}
