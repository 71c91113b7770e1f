//! Prepares directories: checks given ones, and makes and mounts others, each in a process that can be killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cancel::{SharedCancelToken, run_cancellable};
use super::column::{Column, ColumnState};
use crate::mount::need::obstacle;
use crate::mount::verify::{Identity, VerifyError, answering, distinct, mounted, one_store};
use crate::mount::{self, Recipe};
use onewinner_linux::blame::Blame;
use onewinner_linux::sys::isolated::IsolatedError;
use onewinner_linux::sys::namespace::{Rights, mount_new, unmount};

/// The limit of checking a directory.
const LOOK_LIMIT: Duration = Duration::from_secs(15);
/// The limit of making a file system, by several programs with limits of their own.
const MAKE_LIMIT: Duration = Duration::from_secs(90);
/// Where the tmpfs for made file systems is mounted: a directory that every system has, so that none has to be made on disk.
/// The mount is visible only in our own namespace.
const GROUNDS: [&str; 4] = ["/mnt", "/media", "/srv", "/tmp"];

/// A requested directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum DirectoryRequest {
    /// Existing directories.
    Given(Vec<PathBuf>),
    /// A recipe, by its name.
    Made(String),
}

impl DirectoryRequest {
    /// Its name.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Given(ways) => {
                let ways: Vec<String> = ways.iter().map(|way| way.display().to_string()).collect();
                ways.join(",")
            }
            Self::Made(name) => name.clone(),
        }
    }

    /// The existing directories.
    pub(super) fn given(&self) -> &[PathBuf] {
        match self {
            Self::Given(ways) => ways,
            Self::Made(_) => &[],
        }
    }
}

/// A prepared directory.
pub(super) struct ReadyDirectory {
    pub(super) ways: Vec<PathBuf>,
    identities: Vec<Identity>,
    /// Whether it was made for the run and is to be removed.
    pub(super) made: bool,
}

/// The result of preparing a directory: its mounts, or the state of its column.
type Answer = Result<(Vec<PathBuf>, Vec<Identity>), ColumnState>;

/// Mounts the tmpfs below which file systems are made.
pub(super) fn mount_root() -> Result<PathBuf, String> {
    let mut failure = "there is no directory".to_owned();
    for mount_root in GROUNDS
        .map(Path::new)
        .into_iter()
        .filter(|mount_root| mount_root.is_dir())
    {
        match mount_new("tmpfs", mount_root, "size=75%,mode=0755") {
            Ok(()) => return Ok(mount_root.to_owned()),
            Err(errno) => failure = format!("{mount_root:?}: {} ({errno})", errno.text()),
        }
    }
    Err(format!("failed to mount a tmpfs to work in: {failure}"))
}

/// Prepares a requested directory. Records in `column` what it is, or why it cannot be used.
pub(super) fn prepare(
    asked: &DirectoryRequest,
    mount_root: &MountRoot,
    cancel: &SharedCancelToken,
    column: &mut Column,
) -> Option<ReadyDirectory> {
    let (limit, made) = match asked {
        DirectoryRequest::Given(ways) => {
            if let Err(error) = ways.iter().try_for_each(|way| answering(way)) {
                column.state = failed(&error);
                return None;
            }
            (LOOK_LIMIT, false)
        }
        DirectoryRequest::Made(_) => (MAKE_LIMIT, true),
    };
    let prepared: Result<Answer, IsolatedError> = run_cancellable(limit, cancel, || match asked {
        DirectoryRequest::Given(ways) => check_given(ways),
        DirectoryRequest::Made(name) => mount_root.make(name),
    });
    match prepared {
        Ok(Ok((ways, identities))) => {
            column.ways.clone_from(&ways);
            column.kinds = identities.iter().map(|identity| identity.kind.clone()).collect();
            Some(ReadyDirectory { ways, identities, made })
        }
        Ok(Err(standing)) => {
            column.state = standing;
            None
        }
        Err(error) => {
            let what = if made { "make it" } else { "check it" };
            let reason = format!("failed to {what}: {error}");
            column.state = ColumnState::Failed { reason };
            None
        }
    }
}

fn failed(error: &dyn std::error::Error) -> ColumnState {
    ColumnState::Failed {
        reason: error.to_string(),
    }
}

fn check_given(ways: &[PathBuf]) -> Answer {
    let found = distinct(ways).and_then(|identities| one_store(ways).map(|()| identities));
    match found {
        Ok(identities) => Ok((ways.to_vec(), identities)),
        Err(error) if error.blame() == Blame::User => Err(ColumnState::Misused {
            reason: error.to_string(),
        }),
        Err(error) => Err(failed(&error)),
    }
}

/// Where file systems can be made, and with which rights.
pub(super) enum MountRoot {
    /// Below this directory, with these rights.
    At(PathBuf, Rights),
    /// Nowhere, for this reason.
    Nowhere(String),
}

impl MountRoot {
    fn make(&self, name: &str) -> Answer {
        let skipped = |reason: String| Err(ColumnState::Skipped { reason });
        let recipe = mount::by_name(name).expect("the command asks for recipes that are listed");
        let (mount_root, rights) = match self {
            Self::At(mount_root, rights) => (mount_root, *rights),
            Self::Nowhere(reason) => return skipped(reason.clone()),
        };
        if let Some(reason) = obstacle(recipe, rights) {
            return skipped(reason);
        }
        let identities = |points: &[PathBuf]| points.iter().map(|point| Identity::of(point)).collect();
        let made = || -> Result<(Vec<PathBuf>, Vec<Identity>), Box<dyn std::error::Error>> {
            let place = mount_root.join(name);
            std::fs::create_dir(&place)?;
            let points = recipe.make(&place)?;
            wait_until_mounted(recipe, &points)?;
            one_store(&points)?;
            let identities: Result<Vec<_>, _> = identities(&points);
            Ok((points, identities?))
        };
        made().map_err(|error| failed(&*error))
    }
}

/// Waits until a program has mounted the file system in the background.
fn wait_until_mounted(recipe: &dyn Recipe, points: &[PathBuf]) -> Result<(), VerifyError> {
    const POLLS: u32 = 100;
    const POLL: Duration = Duration::from_millis(20);
    for _ in 1..POLLS {
        match mounted(recipe, points) {
            Err(VerifyError::NoMount { .. }) => std::thread::sleep(POLL),
            other => return other,
        }
    }
    mounted(recipe, points)
}

impl ReadyDirectory {
    /// Checks whether it still answers and is unchanged.
    pub(super) fn check(&self, cancel: &SharedCancelToken) -> Result<(), String> {
        let answer = self.ways.iter().try_for_each(|way| answering(way));
        answer.map_err(|error| error.to_string())?;
        let checked = run_cancellable(LOOK_LIMIT, cancel, || {
            let checked = self.identities.iter().try_for_each(Identity::check);
            checked.map_err(|error| error.to_string())
        });
        match checked {
            Ok(checked) => checked,
            // A cancellation says nothing about the directory.
            Err(IsolatedError::Interrupted) => Ok(()),
            Err(error) => Err(format!("failed to check it: {error}")),
        }
    }

    /// Removes what was made for the run: the next one needs the memory.
    pub(super) fn remove(&self, cancel: &SharedCancelToken) {
        if self.made {
            // What cannot be removed now is removed with the namespace.
            let _left = run_cancellable(LOOK_LIMIT, cancel, || {
                // Processes that wait for a hung file system get an error.
                for way in self.ways.iter().rev() {
                    let _gone = unmount(way);
                }
                if let Some(place) = self.ways.first().and_then(|way| way.parent()) {
                    let _gone = std::fs::remove_dir_all(place);
                }
            });
        }
    }
}
